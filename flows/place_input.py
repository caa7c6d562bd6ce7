"""The table a user hands to `place`: any CSV, Parquet or XLSX file, batch by batch.

Here: reading it in flat memory, and what is wrong with it.
Not here: bytes of text (readers_text.py), workbooks (readers_book.py), placing (place_file.py).
"""

from collections.abc import Collection, Iterator
from pathlib import Path

import polars as pl

from flows.parquet_bounds import require_bounded, require_short_categories
from flows.readers_book import first_table
from flows.readers_text import (
    CHUNK_BYTES,
    MOST_LINES,
    TextShape,
    inspect_plain,
    mixed_encoding,
    text_batches,
    write_utf8,
)
from reference.errors import InputProblem, first_line, listed

BATCH_ROWS = 250_000
_SHORTEST_LINE = 4


def read_table(
    path: Path, asked: Collection[str], taken: Collection[str], spool: Path
) -> Iterator[pl.DataFrame]:
    """Yield the rows of the file in order, all as they stand; InputProblem says what is wrong with it.

    `asked`: the columns it must have. `taken`: those it must not have. `spool`: a folder for a UTF-8 copy of
    text in another encoding. A batch without rows only where the file has none.
    """
    if not path.is_file():
        raise InputProblem(f"{path}: no such file; --in must name a CSV, Parquet or XLSX file")
    suffix = path.suffix.lower()
    if suffix == ".csv":
        yield from _csv_batches(path, asked, taken, spool)
    elif suffix == ".parquet":
        try:
            require_short_categories(path, pl.read_parquet_schema(path), str(path))
            yield from _batches(pl.scan_parquet(path), path, asked, taken)
        except (pl.exceptions.PolarsError, OSError) as fault:
            why = first_line(fault)
            raise InputProblem(f"{path}: cannot be read as .parquet: {why}; export it again") from fault
    elif suffix == ".xlsx":
        yield from _batches(first_table(path, str(path)).lazy(), path, asked, taken)
    else:
        raise InputProblem(f"{path}: '{path.suffix}' is not supported; save it as .csv, .parquet or .xlsx")


def _batches(
    table: pl.LazyFrame, path: Path, asked: Collection[str], taken: Collection[str]
) -> Iterator[pl.DataFrame]:
    schema = table.collect_schema()
    _require_columns(schema, path, asked, taken)
    found = False
    for batch in table.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True):
        found = True
        require_bounded(batch, str(path))
        yield batch
    if not found:
        yield table.collect()


def _require_columns(schema: pl.Schema, path: Path, asked: Collection[str], taken: Collection[str]) -> None:
    for column in asked:
        if column not in schema:
            raise InputProblem(f"{path}: no column '{column}'; the file has: {listed(schema)}")
    clash = [column for column in taken if column in schema]
    if clash:
        raise InputProblem(
            f"{path}: already has column {', '.join(clash)}; rename it, the result needs its name"
        )
    nested = [column for column, kind in schema.items() if kind.is_nested()]
    if nested:
        raise InputProblem(
            f"{path}: columns {', '.join(nested)} hold lists or structs; export one value a cell"
        )


def _csv_batches(
    path: Path, asked: Collection[str], taken: Collection[str], spool: Path
) -> Iterator[pl.DataFrame]:
    if not path.stat().st_size:
        raise InputProblem(f"{path}: the file is empty (0 bytes)")
    shape, _ = inspect_plain(path, str(path), asked)
    in_utf8 = shape.encoding == "utf-8"
    plain = path if in_utf8 else write_utf8(path, str(path), shape, spool / "utf8.csv")
    _require_parsable(path, plain, shape)
    try:
        yield from _batches(
            pl.scan_csv(plain, separator=shape.separator, infer_schema=False), path, asked, taken
        )
    except pl.exceptions.PolarsError as fault:
        # The parser names no line, and its message may quote rows.
        unread = InputProblem(f"{path}: cannot be read as .csv; save it again as CSV UTF-8")
        raise _first_broken_line(path, shape) or unread from fault
    if not in_utf8:
        plain.unlink()


def _require_parsable(path: Path, plain: Path, shape: TextShape) -> None:
    """Refuse what the parser takes unbounded memory for: a quote never closed, millions of empty lines."""
    quotes = lines = 0
    with plain.open("rb") as handle:
        while block := handle.read(CHUNK_BYTES):
            quotes += block.count(b'"')
            lines += block.count(b"\n")
    if quotes % 2 and (broken := _first_broken_line(path, shape)):
        raise broken
    if lines > MOST_LINES and plain.stat().st_size < _SHORTEST_LINE * lines:
        raise InputProblem(f"{path}: nearly all of its {lines:,} lines are empty; take them out")


def _first_broken_line(path: Path, shape: TextShape) -> InputProblem | None:
    for split in text_batches(path, str(path), shape, CHUNK_BYTES):
        if split.broken.height:
            line, reason, value = split.broken.select("row_no", "reason_code", "value").row(0)
            if reason == "bad_encoding":
                return mixed_encoding(str(path), line, shape.encoding)
            return InputProblem(f"{path}, line {line}: {value}; correct it, or export the file again")
    return None
