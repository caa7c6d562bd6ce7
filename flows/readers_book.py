"""Excel workbooks: is it one, is it small enough, and the cells of a sheet as text.

A sheet is parsed whole (no library here reads .xlsx row by row), so its size is bounded before that, and the
parsing happens in a process apart (book_process.py).
Here: opening and cells.  Not here: where headers are (readers.py, place_input.py), what cells mean.
"""

import zipfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import polars as pl

from flows.book_process import Request, answers, damaged
from reference.errors import InputProblem

LARGEST_BOOK = 1 << 30
"""Bytes of XML inside the file, at most; reading takes about twice that in memory."""
MOST_PARTS = 20_000
HEADER_SEARCH = 20


def first_sheet(path: Path, name: str) -> tuple[str, pl.DataFrame]:
    """Return the first sheet that has cells and its first rows."""
    heads = list(answers(Request(str(path), rows=HEADER_SEARCH), name, _book_size(path, name)))
    if not heads:
        raise no_cells(name)
    return heads[0][0], pl.concat(rows for _, rows in heads)


def sheet_heads(path: Path, name: str) -> list[tuple[str, pl.DataFrame]]:
    """Return every sheet with its first rows."""
    asked = Request(str(path), rows=HEADER_SEARCH, every=True)
    told = groupby(answers(asked, name, _book_size(path, name)), key=lambda part: part[0])
    return [(sheet, pl.concat(rows for _, rows in parts)) for sheet, parts in told]


def sheet_rows(path: Path, name: str, sheet: str | None = None) -> Iterator[pl.DataFrame]:
    """Yield the rows of a sheet, of the first with cells if none is named, as text in columns f0… .

    Row i of all frames together is row i + 1 of the sheet.
    """
    for _, rows in answers(Request(str(path), sheet), name, _book_size(path, name)):
        yield rows


def first_table(path: Path, name: str) -> pl.DataFrame:
    """Return the first sheet with cells as text, under the names in its first row with cells.

    A repeated name gets a number. Columns without a name and without a cell are left out.
    """
    cells = list(sheet_rows(path, name))
    if not cells:
        raise no_cells(name)
    return _under_header(pl.concat(cells))


def _book_size(path: Path, name: str) -> int:
    """Return the bytes of XML in a workbook; InputProblem if it is damaged, no workbook, or too large."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise damaged(name, str(error)) from error
    if "xl/workbook.xml" not in {part.filename for part in parts}:
        raise InputProblem(f"{name}: this is a ZIP archive, not an Excel workbook; unpack it first")
    size = sum(part.file_size for part in parts)
    if size > LARGEST_BOOK or len(parts) > MOST_PARTS:
        raise InputProblem(
            f"{name}: the workbook holds {size >> 20:,} MB of XML in {len(parts):,} parts, and "
            f"{LARGEST_BOOK >> 20:,} MB in {MOST_PARTS:,} parts are the most that is read; save its sheet as "
            f"“CSV UTF-8”, which may have any size"
        )
    return size


def _under_header(cells: pl.DataFrame) -> pl.DataFrame:
    top = cells.select(pl.any_horizontal(pl.all().is_not_null()).arg_max()).item()
    names: dict[str, str] = {}
    for column, header in zip(cells.columns, cells.row(top), strict=True):
        base = header or column
        repeats = (f"{base}_{number}" for number in range(1, cells.width + 1))
        names[column] = (
            base if base not in names.values() else next(n for n in repeats if n not in names.values())
        )
    rows = cells.slice(top + 1)
    nameless = [column for column, header in zip(cells.columns, cells.row(top), strict=True) if not header]
    empty = [column for column in nameless if rows[column].null_count() == rows.height]
    return rows.drop(empty).rename({column: names[column] for column in cells.columns if column not in empty})


def no_cells(name: str) -> InputProblem:
    """Return the problem of a workbook without a cell."""
    return InputProblem(f"{name}: every sheet is empty; ask for the file again")
