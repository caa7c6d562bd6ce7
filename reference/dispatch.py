"""The visit list's workbook as declared: its columns, code lists and how a township is split into sheets.

Here: `dispatch/columns.yml` and `dispatch/codes.yml` read and given types; the writer of the workbooks and
the reader of the filled ones both follow this one declaration.
Not here: frames (transforms/dispatch_rows.py), files (flows/).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from reference.yaml_file import parse_yaml

DISPATCH_DIR = Path(__file__).parent / "dispatch"
COLUMNS_FILE = DISPATCH_DIR / "columns.yml"
CODES_FILE = DISPATCH_DIR / "codes.yml"

FilledBy = Literal["system", "township"]
CellType = Literal["text", "integer", "number", "date", "code"]
CODE_END = " "
"""What ends the code in a cell of "code label"."""


@dataclass(frozen=True)
class ListColumn:
    """One column: field name, header, who fills it, type, code list, limits, width in characters, source."""

    field: str
    zh: str
    filled_by: FilledBy
    type: CellType
    width: int
    source: str = ""
    codes: str | None = None
    hidden: bool = False
    min: int | None = None
    max: int | None = None


@dataclass(frozen=True)
class CodeList:
    """One code list: its Chinese name and label by code, in the order shown."""

    name: str
    zh: str
    codes: Mapping[str, str]

    @property
    def cells(self) -> tuple[str, ...]:
        """Return what a drop-down offers: "code label", in order."""
        return tuple(f"{code}{CODE_END}{label}" for code, label in self.codes.items())


@dataclass(frozen=True)
class SplitRules:
    """How rows become sheets and workbooks: limits in rows, names of what is unknown, direct communities."""

    max_rows_per_sheet: int
    max_rows_per_officer: int
    forbidden_in_names: str
    unknown_community_zh: str
    pool_zh: str
    community_dispatch: tuple[str, ...]


@dataclass(frozen=True)
class ListLayout:
    """The whole declaration; `version` names it and its content."""

    version: str
    columns: tuple[ListColumn, ...]
    lists: Mapping[str, CodeList]
    tags: Mapping[str, str]
    split: SplitRules

    @property
    def by_header(self) -> dict[str, ListColumn]:
        """Return the columns by Chinese header, as a filled workbook is read."""
        return {column.zh: column for column in self.columns}

    def filled_by(self, who: FilledBy) -> tuple[ListColumn, ...]:
        """Return the columns one side fills in, in order."""
        return tuple(column for column in self.columns if column.filled_by == who)


@cache
def load_list_layout() -> ListLayout:
    """Return the declaration of this version of the code; ValueError if it contradicts itself."""
    return read_list_layout(COLUMNS_FILE, CODES_FILE)


def read_list_layout(columns_file: Path, codes_file: Path) -> ListLayout:
    """Read a declaration; ValueError names a field twice, an unknown code list, or an unreadable code."""
    contents = [columns_file.read_bytes(), codes_file.read_bytes()]
    declared, coded = (parse_yaml(content) for content in contents)
    columns = tuple(ListColumn(**column) for column in declared["columns"])
    lists = {name: CodeList(name, **raw) for name, raw in coded["lists"].items()}
    _check(columns, lists, columns_file)
    split: dict[str, Any] = declared["split"]
    return ListLayout(
        version=f"{declared['version']}+{hashlib.sha256(b''.join(contents)).hexdigest()[:12]}",
        columns=columns,
        lists=lists,
        tags=coded["tags"],
        split=SplitRules(**{**split, "community_dispatch": tuple(split["community_dispatch"])}),
    )


def _check(columns: tuple[ListColumn, ...], lists: Mapping[str, CodeList], where: Path) -> None:
    for key in ("field", "zh"):
        names = [getattr(column, key) for column in columns]
        if len(set(names)) < len(names):
            raise ValueError(f"{where}: a {key} is declared twice")
    unknown = {c.codes for c in columns if c.codes} - set(lists)
    bare = [c.field for c in columns if c.type == "code" and not c.codes]
    if unknown or bare:
        raise ValueError(f"{where}: code lists {sorted(unknown)} are unknown, {bare} have none")
    spaced = [code for known in lists.values() for code in known.codes if CODE_END in code]
    if spaced:
        raise ValueError(f"{where}: codes {spaced} hold a blank, so a cell could not be read back")
