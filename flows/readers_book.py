"""Excel workbooks: is it one, is it small enough, and the cells of a sheet as text.

A sheet is parsed whole (no library here reads .xlsx row by row), so its size is bounded before that.
Here: opening and cells.  Not here: where headers are (readers.py, place_input.py), what cells mean.
"""

import zipfile
from pathlib import Path

import fastexcel
import polars as pl

from reference.errors import InputProblem

LARGEST_BOOK = 1 << 30
"""Bytes of XML inside the file, at most; reading takes about twice that in memory."""
HEADER_SEARCH = 20


def open_book(path: Path, name: str) -> fastexcel.ExcelReader:
    """Return the opened workbook; InputProblem if it is damaged, no workbook, or too large to be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
        if "xl/workbook.xml" not in {part.filename for part in parts}:
            raise InputProblem(f"{name}: this is a ZIP archive, not an Excel workbook; unpack it first")
        size = sum(part.file_size for part in parts)
        if size > LARGEST_BOOK:
            raise InputProblem(
                f"{name}: the workbook holds {size >> 20:,} MB of XML, and {LARGEST_BOOK >> 20:,} MB are "
                f"the most that is read; save its sheet as “CSV UTF-8”, which may have any size"
            )
        return fastexcel.read_excel(path)
    except (zipfile.BadZipFile, fastexcel.FastExcelError) as error:
        raise damaged(name, error) from error


def first_sheet(book: fastexcel.ExcelReader, name: str) -> tuple[str, pl.DataFrame]:
    """Return the first sheet that has cells and its first rows."""
    try:
        for sheet in book.sheet_names:
            head = sheet_cells(book, sheet, HEADER_SEARCH)
            if head.height:
                return sheet, head
    except fastexcel.FastExcelError as error:
        raise damaged(name, error) from error
    raise no_cells(name)


def sheet_cells(book: fastexcel.ExcelReader, sheet: str, n_rows: int | None = None) -> pl.DataFrame:
    """Return the cells of a sheet as text, columns f0…; row i of the frame is row i + 1 of the sheet."""
    loaded = book.load_sheet(sheet, header_row=None, skip_rows=0, n_rows=n_rows, dtypes="string")
    frame: pl.DataFrame = loaded.to_polars()
    return frame.rename({column: f"f{number}" for number, column in enumerate(frame.columns)})


def first_table(book: fastexcel.ExcelReader, name: str) -> pl.DataFrame:
    """Return the first sheet with cells as text, under the names in its first row with cells.

    A repeated name gets a number. Columns without a name and without a cell are left out.
    """
    try:
        for sheet in book.sheet_names:
            # A second parse would cost a fifth more memory, so the header is taken from the whole sheet.
            batch = book.load_sheet_eager(sheet, header_row=None, skip_rows=0, dtypes="string")
            if batch.num_rows:
                return _under_header(pl.DataFrame(batch))
    except fastexcel.FastExcelError as error:
        raise damaged(name, error) from error
    raise no_cells(name)


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


def damaged(name: str, error: Exception) -> InputProblem:
    """Return the problem of a workbook whose reader gave up."""
    return InputProblem(f"{name}: the Excel file is damaged or cut short ({error}); copy or export it again")
