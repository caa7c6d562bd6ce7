"""Files of steps, one per register city, written and read.

Here: how a frame becomes files of cities.  Not here: what is in them.
"""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from flows.manifest import fresh
from reference.contracts import load_contracts
from transforms.ingest import staged_schema

_ORDER = ("subject_key", "source_file", "row_no", "unit_key")


def scan_source(source: str, files: Sequence[Path]) -> pl.LazyFrame:
    """Return the staged rows of a source; a source without files is an empty frame of its schema."""
    if not files:
        return pl.LazyFrame(schema=staged_schema(load_contracts()[source]))
    return pl.scan_parquet(list(files))


def in_order(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The rows in the order that files of cities have."""
    names = rows.collect_schema().names()
    return rows.sort([column for column in _ORDER if column in names])


def write_by_city(
    rows: pl.DataFrame,
    folder: Path,
    *,
    suffix: str = "",
    order: str | None = None,
    is_sorted: bool = False,
) -> list[Path]:
    """Write one Parquet file per register city, rows in a fixed order, and return the files.

    Those of the same suffix that stood there before are gone, whatever city they were of.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob(f"????{suffix}.parquet"):
        stale.unlink()
    by = [order] if order else [c for c in _ORDER if c in rows.columns]
    paths = []
    cities = rows["register_city_code"].unique().sort()
    for city in cities:
        part = rows if len(cities) == 1 else rows.filter(pl.col("register_city_code") == city)
        path = fresh(folder / f"{city}{suffix}.parquet")
        written = part if is_sorted else part.sort(by)
        written.write_parquet(path, compression="zstd", compression_level=1)
        paths.append(path)
    return sorted(paths)
