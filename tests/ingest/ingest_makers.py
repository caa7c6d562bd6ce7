"""Small inboxes made from text a clerk can read, in the encodings and formats bureaus use."""

import csv
import re
from datetime import date
from pathlib import Path

import polars as pl
import xlsxwriter

from flows.ingest import FileReport, check_inbox, ingest_file

GOLDEN = Path(__file__).parents[1] / "golden" / "ingest"
KEY = b"a key of these tests, of 32 bytes"
REGISTRY_HEADER = "统一社会信用代码,企业名称,登记状态,成立日期,住所"


def put(folder: Path, source: str, name: str, content: bytes) -> Path:
    """Write one inbox file and return its path."""
    path = folder / "inbox" / source / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def put_registry(
    folder: Path, rows: list[str], header: str = REGISTRY_HEADER, encoding: str = "utf-8"
) -> Path:
    """Write a register file of given lines."""
    text = "\n".join([header, *rows]) + "\n"
    return put(folder, "registry", "register_20250331.csv", text.encode(encoding))


def put_workbook(folder: Path, source: str, name: str, golden: Path, above: int = 0) -> Path:
    """Write a golden CSV as an Excel file with number and date cells, behind an empty sheet."""
    path = folder / "inbox" / source / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet("封面")
        sheet, day = book.add_worksheet("数据"), book.add_format({"num_format": "yyyy/m/d"})
        for number, row in enumerate(csv.reader(golden.open(encoding="utf-8")), start=above):
            for column, cell in enumerate(row):
                if re.fullmatch(r"\d{4}-\d\d-\d\d", cell):
                    sheet.write_datetime(number, column, date.fromisoformat(cell), day)
                elif re.fullmatch(r"-?\d{1,15}(\.\d+)?", cell):
                    sheet.write_number(number, column, float(cell))
                elif cell:
                    sheet.write_string(number, column, cell)
    return path


def ingest_all(folder: Path, **options: int) -> tuple[list[FileReport], pl.DataFrame, pl.DataFrame]:
    """Ingest the inbox under `folder`; return the reports and everything staged and quarantined."""
    files = check_inbox(folder / "inbox")
    reports = [
        ingest_file(f, folder / "staged", folder / "quarantine", hash_key=KEY, **options) for f in files
    ]
    read = [
        pl.read_parquet(folder / lake / "*" / "file=*" / "*.parquet", hive_partitioning=False)
        for lake in ("staged", "quarantine")
    ]
    return reports, read[0], read[1]


def assert_golden(actual: pl.DataFrame, golden: Path) -> None:
    """Compare as text, column by column, with a golden CSV that may show fewer columns."""
    expected = pl.read_csv(golden, infer_schema=False)
    shown = actual.sort("row_no").select(pl.col(expected.columns).cast(pl.String))
    assert shown.rows(named=True) == expected.rows(named=True)
