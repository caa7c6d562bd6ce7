"""Parquet files whose rows are far larger than the file: a long value stored once for a million rows.

Here: refusing them before memory or hours are spent.  Not here: reading (readers.py, place_input.py).
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from reference.errors import InputProblem

MOST_TEXT = 1 << 30
"""Bytes of text in one batch of rows."""
LONGEST_CATEGORY = 10_000
"""Bytes of a value in a dictionary column; each row is hashed by its whole value."""


def require_bounded(rows: pl.DataFrame, name: str) -> None:
    """Raise InputProblem if a batch of rows holds absurdly much text."""
    size = sum(int(column.str.len_bytes().sum()) for column in rows.select(pl.col(pl.String)))
    if size > MOST_TEXT:
        raise InputProblem(
            f"{name}: {rows.height:,} rows hold {size >> 20:,} MB of text, and {MOST_TEXT >> 20:,} MB are "
            f"the most that is read; leave out the columns that are not needed, or shorten their text"
        )


def require_short_categories(path: Path, schema: Mapping[str, pl.DataType], name: str) -> None:
    """Raise InputProblem if a dictionary column of the file has a very long value."""
    found = [column for column, kind in schema.items() if kind == pl.Categorical]
    if not found:
        return
    # Only this library tells a dictionary without spreading it over the rows.
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    for batch in pq.ParquetFile(path).iter_batches(columns=found):
        for column, values in zip(batch.schema.names, batch.columns, strict=True):
            longest = pc.max(pc.binary_length(values.dictionary)).as_py() or 0
            if longest > LONGEST_CATEGORY:
                raise InputProblem(
                    f"{name}: a value of {longest:,} bytes in the dictionary column {column}; "
                    f"export it as text"
                )
