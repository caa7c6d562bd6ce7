"""Whether the register's extracts reach a batch date: a batch before every extract would be all but empty.

Here: that refusal, and notes on files that come too late.
Not here: which rows count for a date (transforms/conform.py).
"""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from flows.settings import Settings
from reference.errors import InputProblem

LEAST_SHARE = 0.1
"""A date is an extract's if at least this share of the rows of the file's commonest date carry it.

Rows left over from an older extract carry its date too, but there are few of them.
"""


def require_extracts(staged: Sequence[Path], settings: Settings) -> list[str]:
    """Return notes on register files whose extracts all come after the batch date.

    InputProblem if that is so of every file. Rows that state no extract date count as known on any date.
    """
    dated = (
        pl.scan_parquet(list(staged)).group_by("source_file", "extract_date").len()
        .filter(pl.col("len") >= LEAST_SHARE * pl.col("len").max().over("source_file"))
        .with_columns(is_known=(pl.col("extract_date") <= settings.as_of).fill_null(True))
    )  # fmt: skip
    files = (
        dated.group_by("source_file")
        .agg(
            pl.col("is_known").any(), oldest=pl.col("extract_date").min(), newest=pl.col("extract_date").max()
        )
        .sort("oldest", "source_file")
        .collect()
    )
    if not files["is_known"].any():
        raise InputProblem(_refusal(files, settings))
    return [
        f"{file}: extracted on {oldest}, after batch date {settings.as_of}; its rows are left out"
        for file, oldest in files.filter(~pl.col("is_known")).select("source_file", "oldest").iter_rows()
    ]


def _refusal(files: pl.DataFrame, settings: Settings) -> str:
    oldest, newest = str(files["oldest"].min()), str(files["newest"].max())
    return (
        f"batch date 基准日 {settings.as_of} lies before every register extract in "
        f"{settings.inbox / 'registry'}: the oldest is of {oldest} ({files['source_file'][0]}), the newest "
        f"of {newest}. Choose --as-of {oldest} or later, or add an extract made on {settings.as_of} or before"
    )
