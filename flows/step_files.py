"""Files of steps, one per register city, written and read.

Here: how a frame becomes files of cities, and how a city is taken a stretch of subjects at a time.
Not here: what is in them.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from queue import Full, Queue
from typing import Final, Literal, Self

import polars as pl
from polars.io.plugins import register_io_source

from flows.manifest import fresh
from reference.contracts import load_contracts
from transforms.ingest import staged_schema

PART_ROWS = 300_000
"""Subjects taken at a time: what is known of a million is some 2 GB."""
WORK_COMPRESSION: Final = "lz4"
"""Of files that only later steps read: written a tenth, read a third faster than what is published, and half
as large again."""
Within = Callable[[pl.LazyFrame], pl.LazyFrame]
"""Leaves of a frame the rows of one stretch of subjects."""
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
        written.write_parquet(path, compression=WORK_COMPRESSION)
        paths.append(path)
    return sorted(paths)


def stretches(subjects: pl.LazyFrame) -> list[Within]:
    """Return filters that cut frames with subject_key into stretches of PART_ROWS of these subjects' rows."""
    keys = subjects.select("subject_key").collect()["subject_key"].sort()
    firsts = [None, *keys.gather_every(PART_ROWS)[1:]]
    return [partial(_between, first, after) for first, after in zip(firsts, [*firsts[1:], None], strict=True)]


def _between(first: str | None, after: str | None, frame: pl.LazyFrame) -> pl.LazyFrame:
    """The rows of subjects from `first` to before `after`; None knows no bound."""
    key = pl.col("subject_key")
    return frame.filter(key >= first if first else pl.lit(True), key < after if after else pl.lit(True))


class TurnWriter:
    """Writes frames, one after the other as they come, as one Parquet file, while the next is being made.

    A context: the file appears, whole, when it is left without an exception.
    """

    def __init__(self, path: Path, compression: Literal["zstd", "lz4"] = "zstd") -> None:
        """Write to `path`; nothing is there until the end."""
        self._compression, self._level = compression, 1 if compression == "zstd" else None
        self._path, self._draft = path, path.with_suffix(".tmp")
        self._frames: Queue[pl.DataFrame | None] = Queue(maxsize=1)
        self._worker = ThreadPoolExecutor(max_workers=1)
        self._sink: Future[None] | None = None

    def put(self, frame: pl.DataFrame) -> None:
        """Give the next frame, of the columns of the first; raises what stopped the writing of one before."""
        if self._sink is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._sink = self._worker.submit(self._write, frame.schema)
        self._hand_over(frame)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            with self._worker:
                if self._sink is not None and not self._sink.done():
                    self._hand_over(None)
            if self._sink is not None and kind is None:
                self._sink.result()
                self._draft.replace(self._path)
        finally:
            self._draft.unlink(missing_ok=True)

    def _hand_over(self, frame: pl.DataFrame | None) -> None:
        sink = self._sink
        while sink is not None:
            try:
                self._frames.put(frame, timeout=1)
            except Full:
                if sink.done():
                    sink.result()
            else:
                return

    def _write(self, schema: pl.Schema) -> None:
        def made(*_: object) -> Iterator[pl.DataFrame]:
            while (frame := self._frames.get()) is not None:
                yield frame

        turns = register_io_source(made, schema=schema)
        turns.sink_parquet(
            self._draft,
            compression=self._compression,
            compression_level=self._level,
            maintain_order=True,
        )
