"""Raw files → batches of text rows with their row numbers, whatever the format and the damage.

Here: telling formats apart by content, the header row, and reading in flat memory.
Not here: bytes of delimited text (readers_text.py), workbooks (readers_book.py), what the text means
(transforms/ingest*.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from flows.parquet_bounds import require_bounded, require_short_categories
from flows.readers_book import first_sheet, sheet_heads, sheet_rows
from flows.readers_text import CHUNK_BYTES, TextShape, ahead, inspect_text, no_rows, text_batches
from reference.contracts import Contract
from reference.errors import InputProblem, first_line, listed
from transforms.ingest_headers import has_required, header_row
from transforms.ingest_lines import REJECTED

Format = Literal["text", "xlsx", "parquet"]
SUFFIXES: dict[str, Format] = {
    ".csv": "text",
    ".txt": "text",
    ".tsv": "text",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".parquet": "parquet",
}
_ROWS_PER_BATCH = 100_000


@dataclass(frozen=True)
class FileShape:
    """How one file is to be read: format, headers as written, the physical row that holds them."""

    format: Format
    headers: tuple[str, ...]
    header_row: int
    text: TextShape | None = None
    sheet: str | None = None


@dataclass(frozen=True)
class Batch:
    """A run of rows of one file: `fields` has row_no and f0…, all text; `broken` are rows without fields."""

    fields: pl.DataFrame
    broken: pl.DataFrame


def inspect_file(path: Path, name: str, contract: Contract) -> FileShape:
    """Return how to read a file; InputProblem if it is empty, damaged, or not what its name says."""
    actual = _checked_format(path, name)
    shape = {"text": _inspect_text, "xlsx": _inspect_xlsx, "parquet": _inspect_parquet}[actual]
    return shape(path, name, contract)


def inspect_sheets(path: Path, name: str, contract: Contract) -> list[FileShape]:
    """Return how to read each table of a file: of a workbook every sheet that has all required columns.

    A workbook without such a sheet is read as any other file, so that its problem is named.
    """
    if _checked_format(path, name) != "xlsx":
        return [inspect_file(path, name, contract)]
    shapes = []
    for sheet, head in sheet_heads(path, name):
        rows = [[cell or "" for cell in row] for row in head.rows()]
        index, _ = header_row(rows, contract)
        if rows and has_required(rows[index], contract) and len(rows) > index + 1:
            shapes.append(FileShape("xlsx", tuple(rows[index]), index + 1, sheet=sheet))
    return shapes or [inspect_file(path, name, contract)]


def read_batches(path: Path, shape: FileShape, name: str, chunk_bytes: int = CHUNK_BYTES) -> Iterator[Batch]:
    """Yield the rows below the header in file order; memory does not grow with a text or Parquet file."""
    if shape.text is not None:
        for split in ahead(text_batches(path, name, shape.text, chunk_bytes)):
            yield Batch(split.fields, split.broken)
        return
    frames = _sheet_rows(path, shape, name) if shape.format == "xlsx" else _parquet_rows(path, name)
    for frame in frames:
        names = [column for column in frame.columns if column != "row_no"]
        has_text = (pl.col(column).str.contains(r"\S") for column in names)
        yield Batch(frame.filter(pl.any_horizontal(has_text)), pl.DataFrame(schema=REJECTED))


def _checked_format(path: Path, name: str) -> Format:
    declared, actual = SUFFIXES.get(path.suffix.lower()), _format_by_content(path, name)
    if declared is None:
        raise InputProblem(
            f"{name}: files ending in {path.suffix or 'nothing'} are not read; save it as .csv (UTF-8 or "
            f"GB18030), .xlsx or .parquet, or take it out of the inbox"
        )
    if declared != actual:
        raise InputProblem(
            f"{name}: the name ends in {path.suffix} but the content is {_NAMES[actual]}; "
            f"rename it, or save it again as {path.suffix}"
        )
    return actual


_NAMES = {"text": "plain text", "xlsx": "an Excel workbook (.xlsx)", "parquet": "Parquet"}
_FOREIGN = {
    b"\xd0\xcf\x11\xe0": "an old Excel file (.xls) or one with a password; open it in Excel and save it as "
    ".xlsx without a password",
    b"\x1f\x8b": "compressed (gzip); unpack it first",
    b"Rar!": "compressed (RAR); unpack it first",
    b"7z\xbc\xaf": "compressed (7z); unpack it first",
    b"%PDF": "a PDF; ask the bureau for the table itself",
}


def _format_by_content(path: Path, name: str) -> Format:
    with path.open("rb") as handle:
        head = handle.read(1024)
    if not head:
        raise InputProblem(
            f"{name}: the file is empty (0 bytes); ask for it again, or take it out of the inbox"
        )
    for magic, what in _FOREIGN.items():
        if head.startswith(magic):
            raise InputProblem(f"{name}: this is {what}")
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<table", b"<?xml", b"<head", b"<meta")):
        raise InputProblem(
            f"{name}: this is a web page (HTML or XML), not a table; open it in Excel and save it as .xlsx"
        )
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    return "parquet" if head.startswith(b"PAR1") else "text"


def _inspect_text(path: Path, name: str, contract: Contract) -> FileShape:
    shape, headers = inspect_text(path, name, contract)
    return FileShape("text", headers, shape.header_row, text=shape)


def _inspect_xlsx(path: Path, name: str, contract: Contract) -> FileShape:
    """Find the first sheet with cells and its header row among the first rows."""
    sheet, head = first_sheet(path, name)
    rows = [[cell or "" for cell in row] for row in head.rows()]
    index, _ = header_row(rows, contract)
    if head.height == index + 1:
        raise no_rows(name)
    return FileShape("xlsx", tuple(rows[index]), index + 1, sheet=sheet)


def _sheet_rows(path: Path, shape: FileShape, name: str) -> Iterator[pl.DataFrame]:
    first = 1
    for part in sheet_rows(path, name, shape.sheet):
        rows = part.select(pl.int_range(first, first + pl.len(), dtype=pl.Int64).alias("row_no"), pl.all())
        first += part.height
        yield rows.filter(pl.col("row_no") > shape.header_row)


def _inspect_parquet(path: Path, name: str, contract: Contract) -> FileShape:
    try:
        schema = pl.read_parquet_schema(path)
        is_empty = pl.scan_parquet(path).select(pl.len()).collect().item() == 0
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputProblem(
            f"{name}: the Parquet file is damaged or cut short ({first_line(error)}); copy or export it again"
        ) from error
    strange = [
        c for c, kind in schema.items() if kind.is_nested() or kind in (pl.Binary, pl.Duration, pl.Object)
    ]
    if strange:
        raise InputProblem(
            f"{name}: columns {listed(strange)} hold lists or structs, bytes or durations; export them as "
            f"text, one value per cell"
        )
    if is_empty:
        raise no_rows(name)
    require_short_categories(path, schema, name)
    return FileShape("parquet", tuple(schema), 0)


def _parquet_rows(path: Path, name: str) -> Iterator[pl.DataFrame]:
    """Yield slices as text; rows count from 1, for there is no header row."""
    try:
        lazy = pl.scan_parquet(path, hive_partitioning=False)
        total = lazy.select(pl.len()).collect().item()
        for start in range(0, total, _ROWS_PER_BATCH):
            typed = lazy.slice(start, _ROWS_PER_BATCH).collect()
            require_bounded(typed, name)
            part = typed.cast(pl.String)
            fields = part.rename({column: f"f{number}" for number, column in enumerate(part.columns)})
            yield fields.with_columns(row_no=pl.int_range(start + 1, start + 1 + part.height, dtype=pl.Int64))
    except pl.exceptions.PolarsError as error:
        raise InputProblem(
            f"{name}: the Parquet file cannot be read ({first_line(error)}); export it again"
        ) from error
