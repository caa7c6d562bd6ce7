"""The process apart that parses workbooks: requests on its standard input, cells on its standard output.

Cells far apart, or a thousand that name one long shared string, make a small workbook grow past any memory,
and the parser then ends its process, which nothing inside can prevent. Hence a process with a limit.
Here: its loop and its frames.  Not here: who asks (readers_book.py), what cells mean.

A request is one line of JSON: path, sheet (null: in order), rows (null: all), every (not only the first
sheet with cells). The reply is frames, each a tag, a length of 8 bytes and so many bytes: S a sheet's name,
T rows of it (Arrow), E what the parser says of a damaged file, and one empty frame "." at the end.
"""

import io
import json
import resource
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import fastexcel
import polars as pl

MEMORY = 3 << 30
"""Bytes that parsing may take; a sheet takes about twice its XML."""
LENGTH = struct.Struct(">cQ")
_SLICE_ROWS = 100_000
_SLICE_BYTES = 64 << 20
_LONGEST_CELL = 32_767
"""Characters, as in Excel itself."""


def replies(request: dict[str, Any]) -> Iterator[tuple[bytes, bytes]]:
    """Yield the frames that answer a request, without the last."""
    try:
        book = fastexcel.read_excel(request["path"])
        for sheet in [request["sheet"]] if request["sheet"] is not None else book.sheet_names:
            cells = sheet_cells(book, sheet, request["rows"])
            if cells.height:
                yield b"S", sheet.encode()
                yield from ((b"T", part) for part in _slices(cells))
            if cells.height and not request["every"]:
                return
    except (fastexcel.FastExcelError, pl.exceptions.PolarsError) as error:
        yield b"E", str(error).partition("\n")[0][:200].encode()


def sheet_cells(book: fastexcel.ExcelReader, sheet: str, n_rows: int | None = None) -> pl.DataFrame:
    """Return the cells of a sheet as text, columns f0…; row i of the frame is row i + 1 of the sheet."""
    loaded = book.load_sheet(sheet, header_row=None, skip_rows=0, n_rows=n_rows, dtypes="string")
    frame: pl.DataFrame = loaded.to_polars()
    named = frame.rename({column: f"f{number}" for number, column in enumerate(frame.columns)})
    return named.with_columns(pl.all().str.head(_LONGEST_CELL))


def _slices(cells: pl.DataFrame) -> Iterator[bytes]:
    size = max(int(cells.estimated_size()), 1)
    rows = max(min(_SLICE_ROWS, cells.height * _SLICE_BYTES // size), 1)
    for part in cells.iter_slices(rows):
        out = io.BytesIO()
        part.write_ipc_stream(out)
        yield out.getvalue()


def _limit_memory() -> None:
    taken = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, taken + MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _serve() -> None:
    """Answer requests until nobody asks any more."""
    _limit_memory()
    out = sys.stdout.buffer
    _send(out, b".", b"")
    for line in sys.stdin.buffer:
        for tag, content in replies(json.loads(line)):
            _send(out, tag, content)
        _send(out, b".", b"")


def _send(out: IO[bytes], tag: bytes, content: bytes) -> None:
    out.write(LENGTH.pack(tag, len(content)))
    out.write(content)
    out.flush()


if __name__ == "__main__":
    _serve()
