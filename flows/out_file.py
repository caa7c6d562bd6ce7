"""The file a verb writes for the user: CSV, Parquet or XLSX, whole or not at all.

Here: whether it can be written, and writing it.  Not here: what is in it (place_file.py, link_file.py).
"""

from collections.abc import Collection
from pathlib import Path

import polars as pl

from reference.errors import InputProblem

SUFFIXES = (".csv", ".parquet", ".xlsx")
SHEET_ROWS = 1_048_575
"""Rows below the header that a sheet of .xlsx holds (ECMA-376: 1,048,576 rows in all)."""


def require_writable(out: Path, inputs: Collection[Path]) -> None:
    """InputProblem if `out` is of no known format, would overwrite an input, or lies in no folder."""
    if out.suffix.lower() not in SUFFIXES:
        raise InputProblem(f"{out}: '{out.suffix}' is not supported; name it .csv, .parquet or .xlsx")
    if not out.absolute().parent.is_dir():
        raise InputProblem(f"{out}: its folder does not exist; make it, or name another --out")
    if out.is_dir():
        raise InputProblem(f"{out}: is a folder; name a file in it as --out")
    if out.exists() and any(path.exists() and path.samefile(out) for path in inputs):
        raise InputProblem(f"{out}: is read as well; name another file as --out")


def write_out(table: pl.LazyFrame, out: Path) -> None:
    """Write the rows to a file that replaces `out` when it is complete; Parquet and CSV in flat memory."""
    temporary = out.with_name(f".{out.name}.part")
    suffix = out.suffix.lower()
    try:
        if suffix == ".parquet":
            table.sink_parquet(temporary)
        elif suffix == ".csv":
            table.sink_csv(temporary, include_bom=True)
        else:
            _require_sheet(table, out)
            table.collect().write_excel(temporary)
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)


def _require_sheet(table: pl.LazyFrame, out: Path) -> None:
    rows = table.select(pl.len()).collect().item()
    if rows > SHEET_ROWS:
        raise InputProblem(
            f"{out}: {rows:,} rows are more than a sheet of Excel holds ({SHEET_ROWS:,}); "
            f"name it .csv or .parquet"
        )
