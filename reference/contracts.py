"""Source contracts: which columns a bureau's file has, under which headers, types and units.

Here: the declaration of every inbox source, read from `contracts/*.yml`.
Not here: reading or typing files (transforms/ingest.py, flows/).
"""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from reference.dispatch import load_list_layout
from reference.yaml_file import read_yaml

ColumnType = Literal["text", "code", "integer", "money", "capital", "percent", "date", "open_date"]
PersonalKind = Literal["name", "phone", "note", "address", "count", "code", "phone_key", "id_key", "name_key"]
"""How personal data is staged: masked, counted, or as a keyed hash that only equals itself (…_key).

code: identity numbers of persons are taken out of the column; address: they and mobile numbers are hidden."""
Phase = Literal["register", "feedback"]

CONTRACTS_DIR = Path(__file__).parent / "contracts"


@dataclass(frozen=True)
class Column:
    """One staged column: its accepted headers, type, unit and what an empty cell means.

    `same_as`: it reads the field of that other column too, where the file has none of its own for it.
    """

    name: str
    zh: str
    type: ColumnType
    headers: tuple[str, ...]
    unit: str | None = None
    required: bool = False
    not_null: bool = False
    default: str | None = None
    personal: PersonalKind | None = None
    same_as: str | None = None
    values: dict[str, list[str]] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Contract:
    """One inbox source: its columns in order, its key, and the headers it knows but does not use."""

    source: str
    zh: str
    required: bool
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    ignored_headers: frozenset[str]
    phase: Phase = "register"

    @property
    def keyed(self) -> tuple[Column, ...]:
        """Return the columns that are staged as keyed hashes."""
        return tuple(c for c in self.columns if c.personal and c.personal.endswith("_key"))

    def column(self, name: str) -> Column:
        """Return the column of that name; KeyError if the contract has none."""
        return {c.name: c for c in self.columns}[name]


def _column(raw: dict[str, Any]) -> Column:
    listed = raw.pop("codes", None)
    if listed:
        known = load_list_layout().lists[listed].codes
        # Forms write "11 正常经营-有融资需求", people the label alone.
        raw["values"] = {code: [label, f"{code} {label}"] for code, label in known.items()}
    return Column(**{**raw, "headers": tuple(raw.get("headers", ()))})


def read_contract(path: Path) -> Contract:
    """Read one contract file."""
    raw = read_yaml(path)
    return Contract(
        source=raw["source"],
        zh=raw["zh"],
        required=raw["required"],
        grain=raw["grain"],
        key=tuple(raw["key"]),
        columns=tuple(_column(c) for c in raw["columns"]),
        ignored_headers=frozenset(raw["ignored_headers"]),
        phase=raw.get("phase", "register"),
    )


def load_contracts() -> dict[str, Contract]:
    """Return the contracts of what a batch is made of, by source name, in a stable order."""
    return {source: c for source, c in all_contracts().items() if c.phase == "register"}


def feedback_contracts() -> dict[str, Contract]:
    """Return the contracts of what comes back after a list was published, in a stable order."""
    return {source: c for source, c in all_contracts().items() if c.phase == "feedback"}


@cache
def all_contracts() -> dict[str, Contract]:
    """Return every declared contract by source name, in a stable order."""
    contracts = (read_contract(path) for path in sorted(CONTRACTS_DIR.glob("*.yml")))
    return {contract.source: contract for contract in contracts}
