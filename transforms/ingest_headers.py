"""Headers of a bureau's file → the columns of its contract.

Here: where the header row is, which column each header means, its unit.
Not here: reading files (flows/readers.py), typing cells (ingest.py).
"""

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import groupby

from reference.contracts import Column, Contract
from reference.errors import InputProblem, listed, shown_header
from reference.text_tables import TextTables
from transforms.text import fold

MOST_PROBLEMS = 20
FILE_DATE = re.compile(r"(?<!\d)(20\d\d)[-_.年]?(0[1-9]|1[0-2])[-_.月]?(0[1-9]|[12]\d|3[01])日?(?!\d)")


@dataclass(frozen=True)
class MappedColumn:
    """One contract column as this file has it: its field number (null if absent), unit and currency."""

    column: Column
    field: int | None
    factor: int = 1
    currency: str | None = None


@dataclass(frozen=True)
class HeaderMap:
    """How one file's fields become staged columns, in contract order."""

    file: str
    width: int
    columns: tuple[MappedColumn, ...]
    unnamed: tuple[int, ...]
    file_date: date | None
    excel_serials: bool = False


def header_row(rows: Sequence[Sequence[str]], contract: Contract) -> tuple[int, int]:
    """Return the index of the row that names most columns of the contract, and how many it names."""
    known = _aliases(contract).keys() | {fold(header) for header in contract.ignored_headers}
    best, most = 0, -1
    for index, row in enumerate(rows):
        # A row names no more columns than it has cells: below a header that is known whole nothing is asked.
        if len(row) > most and (count := sum(_is_named(fold(cell), known) for cell in row)) > most:
            best, most = index, count
    return best, max(most, 0)


def _is_named(header: str, known: Set[str]) -> bool:
    """Return whether a folded header is known, as it stands or without its unit."""
    return header in known or (header.endswith(")") and _base(header) in known)


def has_required(row: Sequence[str], contract: Contract) -> bool:
    """Return whether a row of headers names every required column of the contract."""
    aliases = _aliases(contract)
    named = {aliases.get(fold(cell)) or aliases.get(_base(cell)) for cell in row}
    return all(column.name in named for column in contract.columns if column.required)


def map_headers(
    headers: Sequence[str], contract: Contract, file: str, tables: TextTables, *, excel_serials: bool = False
) -> HeaderMap:
    """Return the map of one file; InputProblem names every header that does not fit, and the remedy."""
    aliases, ignored = _aliases(contract), {fold(header) for header in contract.ignored_headers}
    found: list[tuple[str, int, str]] = []
    problems: list[str] = []
    last = max((number for number, header in enumerate(headers) if fold(header)), default=-1)
    for number, header in enumerate(headers[: last + 1]):
        name = _meaning(header, aliases, tables)
        if name:
            found.append((name, number, header))
        elif fold(header) not in ignored:
            problems.append(_unknown(header, number, contract))
    if not found:
        needed = ", ".join(column.headers[0] for column in contract.columns if column.required)
        raise InputProblem(
            f"{file}: no header row (没有表头): none of its first rows names a column of {contract.zh}; "
            f"put the headers into the first row, such as {needed}"
        )
    problems += _duplicates(found) + _missing({name for name, _, _ in found}, contract)
    if problems:
        told = [f"{file}: {problem}" for problem in problems[:MOST_PROBLEMS]]
        more = len(problems) - len(told)
        raise InputProblem("\n".join([*told, *([f"{file}: and {more:,} headers more"] if more else [])]))
    fields: dict[str, tuple[int | None, str]] = {name: (number, header) for name, number, header in found}
    absent = (None, "")
    columns = tuple(
        _mapped(c, fields.get(c.name) or fields.get(c.same_as or "", absent), tables)
        for c in contract.columns
    )
    unnamed = tuple(range(last + 1, len(headers)))
    return HeaderMap(file, len(headers), columns, unnamed, file_date(file), excel_serials)


def file_date(file: str) -> date | None:
    """Return the date a file name carries (…_20250331.csv, 2025-03-31…), null if none or impossible."""
    match = FILE_DATE.search(file.rsplit("/", 1)[-1])
    try:
        return date(*map(int, match.groups())) if match else None
    except ValueError:
        return None


@lru_cache(maxsize=1 << 10)
def parse_unit(text: str, tables: TextTables) -> tuple[int | None, str | None]:
    """Return factor and currency of a unit such as 万元, 千美元, 万(人民币); (None, None) if it is none."""
    rest = fold(text).strip("()")
    for spelling in sorted(tables.currencies, key=len, reverse=True):
        for written in (rest.removeprefix(fold(spelling)), rest.removesuffix(fold(spelling))):
            if written != rest and (factor := {"": 1, **tables.units}.get(written.strip("()"))):
                return factor, tables.currencies[spelling]
    return tables.units.get(rest), None


def _aliases(contract: Contract) -> dict[str, str]:
    return {fold(header): c.name for c in contract.columns for header in (c.name, *c.headers)}


def _base(header: str) -> str:
    return re.sub(r"\([^()]*\)$", "", fold(header))


def _suffix(header: str) -> str:
    match = re.search(r"\(([^()]*)\)$", fold(header))
    return match[1] if match else ""


def _meaning(header: str, aliases: dict[str, str], tables: TextTables) -> str | None:
    if fold(header) in aliases:
        return aliases[fold(header)]
    named_unit = parse_unit(_suffix(header), tables)[0] is not None
    return aliases.get(_base(header)) if named_unit else None


def _mapped(column: Column, found: tuple[int | None, str], tables: TextTables) -> MappedColumn:
    number, header = found
    if column.type not in ("money", "capital"):
        return MappedColumn(column, number)
    factor, currency = parse_unit(_suffix(header), tables)
    if factor is None:
        factor, currency = parse_unit(column.unit or "元", tables)
    return MappedColumn(column, number, factor or 1, currency)


def _unknown(header: str, number: int, contract: Contract) -> str:
    if not fold(header):
        return f"column {number + 1} has no header; name it, or remove the column (表头为空)"
    shown = shown_header(header.strip()[:40])
    return (
        f"unknown header '{shown}' (未知表头): rename it to one the contract accepts, or, if "
        f"the column is not needed, add it to ignored_headers in reference/contracts/{contract.source}.yml"
    )


def _duplicates(found: list[tuple[str, int, str]]) -> list[str]:
    by_name = groupby(sorted(found), key=lambda entry: entry[0])
    headers = {name: [header.strip() for _, _, header in entries] for name, entries in by_name}
    return [
        f"headers {listed(map(repr, spelled), 5)} mean the same, {name} (重复表头): keep one in the file"
        for name, spelled in headers.items()
        if len(spelled) > 1
    ]


def _missing(found: set[str], contract: Contract) -> list[str]:
    return [
        f"missing required column {column.zh} ({column.name}, 缺少必需列); "
        f"accepted headers (可用表头): {', '.join(column.headers)}"
        for column in contract.columns
        if column.required and column.name not in found
    ]
