"""An officer at a township: opens a dispatched workbook, fills it in through its drop-downs, saves it."""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

NOT_THE_LIST = {"填报说明", "代码表", "更正对照"}
Answers = Mapping[str, str | float | date]
"""What the officer enters, by header; a code without its words where the column has a drop-down."""


def fill_workbook(path: Path, out: Path, answer: Callable[[str], Answers | None]) -> int:
    """Fill in the rows that `answer` has something for, by credit code, save; return the number of rows."""
    book = openpyxl.load_workbook(path)
    rows = 0
    for sheet in (s for s in book.worksheets if s.title not in NOT_THE_LIST):
        columns = {str(cell.value): cell.column for cell in sheet[1]}
        choices = {header: _choices(book, sheet, column) for header, column in columns.items()}
        for row in range(2, sheet.max_row + 1):
            rows += 1
            uscc = str(sheet.cell(row, columns["统一社会信用代码"]).value)
            for header, entered in (answer(uscc) or {}).items():
                cell = sheet.cell(row, columns[header])
                cell.value = _chosen(choices[header], entered) if choices[header] else entered
    out.parent.mkdir(parents=True, exist_ok=True)
    book.save(out)
    return rows


def column_of(path: Path, header: str) -> dict[str, Any]:
    """Return what a column of the list says, by credit code."""
    told = {}
    for sheet in openpyxl.load_workbook(path, read_only=True).worksheets:
        if sheet.title not in NOT_THE_LIST:
            rows = sheet.iter_rows(values_only=True)
            head = list(next(rows))
            key, place = head.index("统一社会信用代码"), head.index(header)
            told |= {str(row[key]): row[place] for row in rows}
    return told


def _choices(book: openpyxl.Workbook, sheet: Worksheet, column: int) -> list[str]:
    """Return what the drop-down of a column offers, from the range its validation names; empty: none."""
    for rule in sheet.data_validations.dataValidation:
        if rule.type == "list" and any(r.min_col == column for r in rule.sqref.ranges):
            title, cells = rule.formula1.removeprefix("=").replace("'", "").split("!")
            return [str(cell.value) for (cell,) in book[title][cells.replace("$", "")]]
    return []


def _chosen(choices: list[str], code: object) -> str:
    (chosen,) = [choice for choice in choices if choice.split(" ")[0] == code]
    return chosen
