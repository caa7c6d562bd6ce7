"""Write docs/dictionary.md, the data dictionary, from the table declarations.

Here: text made of reference/tables; `python -m warehouse.dictionary` writes it.  Not here: facts of its own.
"""

from pathlib import Path

from reference.tables import Layer, Table, TableColumn, tables_of
from warehouse.schema import DUCKDB_TYPES

DICTIONARY = Path(__file__).parents[1] / "docs" / "dictionary.md"
TITLES: dict[Layer, str] = {
    "warehouse": "Warehouse tables · 数据仓库表",
    "mart": "Marts · 数据集市视图",
    "curated": "Curated Parquet · 湖内成品表",
}
HEAD = """# Data dictionary · 数据字典

Generated from `reference/tables/*.yml` by `make dictionary`; change it there.
The warehouse is `warehouse/zoufang.duckdb` below the home folder; curated Parquet is in `lake/curated/`.
"""


def write_dictionary(path: Path = DICTIONARY) -> None:
    """Write the dictionary file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render_dictionary(), encoding="utf-8")


def render_dictionary() -> str:
    """Return the whole dictionary as Markdown."""
    sections = [f"\n## {title}\n" + "".join(map(_table, tables_of(layer))) for layer, title in TITLES.items()]
    return HEAD + "".join(sections)


def _table(table: Table) -> str:
    rows = "\n".join(map(_row, table.columns))
    head = f"\n### `{table.name}` {table.zh}\n\n{table.en}. {table.grain} Key: {', '.join(table.key)}.\n"
    return f"{head}\n| column | type | null | 含义 | meaning |\n|---|---|---|---|---|\n{rows}\n"


def _row(column: TableColumn) -> str:
    values = f" ({', '.join(column.values)})" if column.values else ""
    marks = " **masked personal data**" * column.personal + " **census secrecy**" * column.stat_restricted
    null = "no" if column.required else "yes"
    kind = DUCKDB_TYPES[column.type]
    return f"| `{column.name}` | {kind} | {null} | {column.zh} | {column.en}{values}{marks} |"


if __name__ == "__main__":
    write_dictionary()
