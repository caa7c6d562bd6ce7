"""What goes back to its sender: per file the rows that are wrong, the reason of each cell, the remedy.

Here: one workbook per file under dispatch/<batch>/returned/.
Not here: what is wrong (transforms/feedback*.py).
Personal data stay masked: the ledger never had them otherwise.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import xlsxwriter

from flows.home import Home
from flows.ledger import Entry, ledger_rows, read_entries
from reference.contracts import feedback_contracts
from reference.feedback import load_issues

_HEAD = ("工作表", "行号", "问题栏", "填报内容", "问题", "处理办法", "状态")
_LONGEST_STEM = 60
_FORMULA = ("=", "+", "-", "@")


def write_returned(home: Home, reckoning: Path, batch_id: str) -> list[Path]:
    """Write a workbook for every file of the ledger that has wrong or waiting rows; return them, sorted.

    A file without any loses the workbook an earlier reckoning gave it: nothing more is asked of its sender.
    """
    folder = home.dispatch / batch_id / "returned"
    issues = pl.read_parquet(reckoning / "issues.parquet")
    written = []
    for source, contract in feedback_contracts().items():
        own = issues.filter(pl.col("source") == source)
        rows = ledger_rows(home, source)[0].join(own.select("row_id").unique(), on="row_id", how="semi")
        for entry in (e for e in read_entries(home) if e.source == source):
            path = folder / _name(entry)
            mine = rows.filter(pl.col("row_id").str.starts_with(entry.key))
            if mine.is_empty():
                path.unlink(missing_ok=True)
                continue
            zh = {column.name: column.zh for column in contract.columns}
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, mine, own.join(mine.select("row_id"), on="row_id", how="semi"), zh)
            written.append(path)
    return sorted(written)


def _name(entry: Entry) -> str:
    stem = re.sub(r"[^\w.-]+", "_", Path(entry.file).stem)[:_LONGEST_STEM]
    return f"{entry.source}_{stem}_{entry.key[:8]}_退回.xlsx"


def _write(path: Path, rows: pl.DataFrame, issues: pl.DataFrame, zh: dict[str, str]) -> None:
    known = load_issues()
    told = issues.join(rows.select("row_id", "sheet", "row_no"), on="row_id", how="left").sort(
        "sheet", "row_no", "column_name", nulls_last=True
    )
    lines = [
        (r["sheet"] or "", r["row_no"], zh.get(r["column_name"] or "", "整行"), r["value"] or "",
         known[r["issue"]].zh, known[r["issue"]].remedy, "暂存" if r["holds"] else "退回")
        for r in told.iter_rows(named=True)
    ]  # fmt: skip
    columns = [c for c in zh if c in rows.columns]
    originals = rows.sort("sheet", "row_no", nulls_last=True).select("sheet", "row_no", *columns)
    temporary = path.with_suffix(".tmp")
    with xlsxwriter.Workbook(str(temporary), {"constant_memory": True}) as book:
        _sheet(book, "问题清单", _HEAD, lines)
        _sheet(book, "原始行", ("工作表", "行号", *(zh[c] for c in columns)), originals.rows())
    temporary.replace(path)


def _sheet(
    book: xlsxwriter.Workbook, name: str, head: tuple[str, ...], lines: Sequence[tuple[object, ...]]
) -> None:
    sheet = book.add_worksheet(name)
    bold, text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(head) - 1, 18, text)
    for number, line in enumerate([head, *lines]):
        for place, cell in enumerate(line):
            sheet.write_string(number, place, _harmless(cell), text if number else bold)
    sheet.autofilter(0, 0, max(len(lines), 1), len(head) - 1)


def _harmless(cell: object) -> str:
    """Return the cell as text that no spreadsheet takes for a formula."""
    shown = "" if cell is None else str(cell)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
