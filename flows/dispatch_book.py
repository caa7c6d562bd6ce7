"""One township's workbook as a file: sheets, drop-downs, protection, code list and instructions.

XlsxWriter writes everything but the rows: those come as XML from Polars, ten times as fast as cell by cell
(docs/dispatch.md has the figures).  Equal rows give an equal file, byte for byte.
Here: the workbook.  Not here: what the rows say (transforms/dispatch_rows.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import Any

import polars as pl
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_range
from xlsxwriter.worksheet import Worksheet

from reference.dispatch import CellType, ListColumn, ListLayout

CODES_SHEET = "代码表"
INTRO_SHEET = "填报说明"
CHANGES_SHEET = "更正对照"
FROZEN_THROUGH = "name"
"""The column up to which a sheet stays in sight when it is scrolled to the right."""
NUMBER_FORMATS: dict[CellType, str] = {
    "text": "@",
    "code": "@",
    "integer": "0",
    "number": "0.00",
    "date": "yyyy-mm-dd",
}


@dataclass(frozen=True)
class ListSheet:
    """One sheet of the list: its name, how many rows, and their `<row>` elements below the header."""

    name: str
    rows: int
    xml: str


class _RowsSheet(Worksheet):  # type: ignore[misc]
    """A sheet whose rows below the header are XML already."""

    rows_xml = ""
    rows = 0

    def _write_dimension(self) -> None:
        self.dim_rowmax = self.rows
        super()._write_dimension()
        self.dim_rowmax = 0

    def _write_sheet_data(self) -> None:
        self._xml_start_tag("sheetData")
        self._write_rows()
        self.fh.write(self.rows_xml)
        self._xml_end_tag("sheetData")


def system_styles() -> dict[CellType, int]:
    """Return the format number of each type of locked cell, as every workbook of this module has it."""
    distinct = list(dict.fromkeys(NUMBER_FORMATS.values()))
    return {kind: 1 + distinct.index(form) for kind, form in NUMBER_FORMATS.items()}


def workbook_bytes(
    layout: ListLayout,
    sheets: Sequence[ListSheet],
    title: str,
    intro: Sequence[str],
    as_of: date,
    changes: pl.DataFrame | None = None,
) -> bytes:
    """Return the .xlsx file of one unit: instructions, one sheet per community or part, the code list.

    `changes`: what a corrected list changed since the version before, on a sheet of its own.
    """
    out = BytesIO()
    book = Workbook(out, {"in_memory": True})
    book.set_properties({"title": title, "created": datetime(as_of.year, as_of.month, as_of.day)})
    locked, opened = _formats(book, locked=True), _formats(book, locked=False)
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "vcenter", "bg_color": "#DDEBF7"})
    fill = book.add_format({"bold": True, "text_wrap": True, "valign": "vcenter", "bg_color": "#FFF2CC"})
    _write_intro(book, title, intro, [(sheet.name, sheet.rows) for sheet in sheets])
    ranges = _code_ranges(layout)
    for sheet in sheets:
        page = book.add_worksheet(sheet.name, _RowsSheet)
        page.rows_xml, page.rows = sheet.xml, sheet.rows
        for place, column in enumerate(layout.columns):
            by_town = column.filled_by == "township"
            style = (opened if by_town else locked)[column.type]
            page.set_column(place, place, column.width, style, {"hidden": column.hidden})
            page.write_string(0, place, column.zh, fill if by_town else head)
            if by_town and (rule := _validation(column, ranges, as_of)):
                page.data_validation(1, place, sheet.rows, place, rule)
        _finish(page, layout, sheet.rows)
    if changes is not None:
        changes.write_excel(book, worksheet=CHANGES_SHEET, freeze_panes=(1, 0), autofit=True)
    _write_codes(book, layout)
    book.close()
    return out.getvalue()


def _formats(book: Workbook, *, locked: bool) -> dict[CellType, Format]:
    """Make one format per type; asking for its number fixes it, so that rows made before can name it."""
    made = {k: book.add_format({"num_format": f, "locked": locked}) for k, f in NUMBER_FORMATS.items()}
    numbers = {kind: form._get_xf_index() for kind, form in made.items()}
    if locked and numbers != system_styles():
        raise RuntimeError(f"XlsxWriter numbers its formats in another way now: {numbers}")
    return made


def _finish(page: Worksheet, layout: ListLayout, rows: int) -> None:
    frozen = 1 + [column.field for column in layout.columns].index(FROZEN_THROUGH)
    page.set_row(0, 32)
    page.freeze_panes(1, frozen)
    page.autofilter(0, 0, rows, len(layout.columns) - 1)
    page.ignore_errors({"number_stored_as_text": xl_range(1, 0, rows, len(layout.columns) - 1)})
    page.set_landscape()
    page.repeat_rows(0)
    page.protect("", {"autofilter": True, "sort": True, "format_columns": True, "format_rows": True})


def _validation(column: ListColumn, ranges: Mapping[str, str], as_of: date) -> dict[str, Any] | None:
    """What a township may enter in a column, and what it is told if it enters something else."""
    if column.codes:
        told = {"error_title": column.zh, "error_message": f"请从下拉列表中选择（见“{CODES_SHEET}”）。"}
        return {"validate": "list", "source": ranges[column.codes], **told}
    if column.type == "date":
        told = {"error_title": column.zh, "error_message": f"请填 {as_of} 至今天的日期，如 {as_of}。"}
        return {"validate": "date", "criteria": "between", "minimum": as_of, "maximum": "=TODAY()", **told}
    if column.type in {"integer", "number"}:
        kind = "integer" if column.type == "integer" else "decimal"
        limits = {"criteria": "between", "minimum": column.min, "maximum": column.max}
        text = f"请填 {column.min} 至 {column.max} 之间的{'整数' if kind == 'integer' else '数字'}。"
        return {"validate": kind, **limits, "error_title": column.zh, "error_message": text}
    return None


def _used_lists(layout: ListLayout) -> list[str]:
    return list(dict.fromkeys(c.codes for c in layout.filled_by("township") if c.codes))


def _code_ranges(layout: ListLayout) -> dict[str, str]:
    """Return where each code list stands on the code sheet, as a drop-down names it."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return {
        name: f"='{CODES_SHEET}'!${letters[place]}$2:${letters[place]}${1 + len(layout.lists[name].cells)}"
        for place, name in enumerate(_used_lists(layout))
    }


def _write_codes(book: Workbook, layout: ListLayout) -> None:
    page = book.add_worksheet(CODES_SHEET)
    bold, text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
    for place, name in enumerate(_used_lists(layout)):
        page.set_column(place, place, 32, text)
        page.write_string(0, place, layout.lists[name].zh, bold)
        page.write_column(1, place, layout.lists[name].cells, text)
    page.freeze_panes(1, 0)
    page.protect()


def _write_intro(
    book: Workbook, title: str, intro: Sequence[str], contents: Sequence[tuple[str, int]]
) -> None:
    page = book.add_worksheet(INTRO_SHEET)
    bold = book.add_format({"bold": True, "font_size": 14})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    page.set_column(0, 0, 90, wrapped)
    page.set_column(1, 1, 10)
    page.write_string(0, 0, title, bold)
    lines = [*intro, "", "各表户数："]
    page.write_column(1, 0, lines, wrapped)
    for row, (name, rows) in enumerate(contents, start=1 + len(lines)):
        page.write_string(row, 0, name)
        page.write_number(row, 1, rows)
    page.protect()
