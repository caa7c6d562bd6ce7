"""Files as bureaus hand them over: headers of their own, four formats, the same bytes for the same rows.

Here: the writing of one frame to CSV (GB18030, UTF-8 with or without BOM) or XLSX, and of truth Parquet.
Not here: what the rows say.
"""

from datetime import date, datetime
from pathlib import Path

import polars as pl
import xlsxwriter

from reference.contracts import Contract

FORMATS = ("gb18030", "utf-8-sig", "utf-8", "xlsx")
XLSX_ROWS = 20_000


def headers(contract: Contract, columns: list[str], turn: int) -> list[str]:
    """One accepted Chinese header per column; `turn` picks among the spellings."""
    chosen = []
    for name in columns:
        known = [h for h in contract.column(name).headers if not h.isascii()]
        chosen.append(known[turn % len(known)])
    return chosen


def write_rows(path: Path, rows: pl.DataFrame, names: list[str], form: str) -> None:
    """Write text rows under the given headers; `kind` broken_line loses its last fields."""
    path.parent.mkdir(parents=True, exist_ok=True)
    numbered = rows.with_columns(
        pl.int_range(1, pl.len() + 1).cast(pl.String).alias("序号"), pl.lit("").alias("备注")
    )
    columns = [c for c in numbered.columns if c not in ("serial", "kind")]
    order = ["序号", *[c for c in columns if c not in ("序号", "备注")], "备注"]
    head = ["序号", *names, "备注"]
    table = numbered.select(order)
    if form == "xlsx":
        _write_xlsx(path, table, head)
        return
    lines = table.write_csv(include_header=False).split("\n")
    if "kind" in rows.columns:
        for place in (rows["kind"] == "broken_line").arg_true():
            lines[place] = ",".join(lines[place].split(",")[:7])
    path.write_bytes("\n".join([",".join(head), *lines]).encode(form))


def write_truth(path: Path, frame: pl.DataFrame) -> None:
    """Write one part of a truth table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(path, compression="zstd", compression_level=1)


def as_text_cells(frame: pl.DataFrame, style: str) -> pl.DataFrame:
    """The frame with every column as text, dates in the given style."""
    return frame.with_columns(
        pl.col(name).dt.strftime(style) if dtype == pl.Date else pl.col(name).cast(pl.String)
        for name, dtype in frame.schema.items()
    )


def dated(name: str, as_of: date, form: str) -> str:
    """Return the file name with the extract date and the extension of the format."""
    return f"{name}_{as_of:%Y%m%d}.{'xlsx' if form == 'xlsx' else 'csv'}"


def _write_xlsx(path: Path, table: pl.DataFrame, head: list[str]) -> None:
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        # The real creation time would change the bytes.
        book.set_properties({"created": datetime(2025, 1, 1)})  # noqa: DTZ001
        sheet = book.add_worksheet("数据")
        sheet.write_row(0, 0, head)
        for place, row in enumerate(table.iter_rows(), start=1):
            for column, value in enumerate(row):
                if value:
                    sheet.write_string(place, column, value)
