"""Every curated table, warehouse table and mart, declared once, with its meaning in both languages.

Here: `tables/*.yml` read and given types; the DDL, comments, gates and docs/dictionary.md all follow from it.
Not here: SQL (warehouse/), data (flows/).
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import polars as pl

from reference.yaml_file import read_yaml

ColumnType = Literal["text", "integer", "number", "money", "boolean", "date", "timestamp"]
Layer = Literal["curated", "warehouse", "mart"]

TABLES_DIR = Path(__file__).parent / "tables"

POLARS_TYPES: dict[ColumnType, Any] = {
    "text": pl.String(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "money": pl.Decimal(18, 2),
    "boolean": pl.Boolean(),
    "date": pl.Date(),
    "timestamp": pl.Datetime("us"),
}


@dataclass(frozen=True)
class TableColumn:
    """One column: its type and meaning; `required` is never null, `personal` is masked personal data.

    A figure that is worked out of others states its `formula` and its `unit` ("1" for a share).
    """

    name: str
    type: ColumnType
    zh: str
    en: str
    required: bool = False
    values: tuple[str, ...] = ()
    personal: bool = False
    stat_restricted: bool = False
    unit: str = ""
    formula: str = ""

    @property
    def comment(self) -> str:
        """Return the text a BI tool shows: Chinese, then English, then how it is worked out."""
        worked_out = f" [{self.formula}; unit {self.unit}]" if self.formula else ""
        return f"{self.zh} · {self.en}{worked_out}"


@dataclass(frozen=True)
class Table:
    """One table or mart: grain, key, columns in order; `enforce_key` asks for a PRIMARY KEY."""

    name: str
    layer: Layer
    zh: str
    en: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[TableColumn, ...]
    enforce_key: bool = False

    @property
    def comment(self) -> str:
        """Return the text a BI tool shows: Chinese, English, grain."""
        return f"{self.zh} · {self.en}. {self.grain}"

    @property
    def column_names(self) -> tuple[str, ...]:
        """Return the column names in declared order."""
        return tuple(column.name for column in self.columns)

    @property
    def polars_schema(self) -> pl.Schema:
        """Return the declared columns as a Polars schema, in order."""
        return pl.Schema({column.name: POLARS_TYPES[column.type] for column in self.columns})


@cache
def load_tables() -> dict[str, Table]:
    """Return every declared table by name: curated first, then warehouse, then marts, each by name."""
    layers = get_args(Layer)
    tables = [read_table(path) for path in sorted(TABLES_DIR.glob("*.yml"))]
    return {table.name: table for table in sorted(tables, key=lambda t: (layers.index(t.layer), t.name))}


def tables_of(layer: Layer) -> tuple[Table, ...]:
    """Return the tables of one layer, by name."""
    return tuple(table for table in load_tables().values() if table.layer == layer)


def read_table(path: Path) -> Table:
    """Read one declaration; ValueError if it contradicts itself."""
    raw = read_yaml(path)
    columns = tuple(TableColumn(**{**c, "values": tuple(c.get("values", ()))}) for c in raw.pop("columns"))
    table = Table(**{**raw, "key": tuple(raw["key"]), "columns": columns})
    names = table.column_names
    twice = len(set(names)) < len(names)
    unknown_types = [column.name for column in columns if column.type not in POLARS_TYPES]
    if table.name != path.stem or twice or not set(table.key) <= set(names) or unknown_types:
        raise ValueError(f"{path}: name, key or columns of the declaration do not agree {unknown_types}")
    return table
