"""The other end of the process apart: starts it, asks it, and survives it.

Here: one process kept for the next file, and a clear end for a file that kills it.
Not here: what it does (book_worker.py), what is asked (readers_book.py).
"""

import io
import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import polars as pl

from flows.book_worker import LENGTH, MEMORY
from reference.errors import EnvironmentProblem, InputProblem

PATIENCE = 600.0
"""Seconds without an answer; the largest workbook that is read takes two minutes."""
SMALL_BOOK = 64 << 20
"""Bytes of XML; a process that has parsed more is not kept, for it keeps the memory."""


@dataclass(frozen=True)
class Request:
    """What is asked of a workbook: sheet (none: in order), rows, every or the first with cells."""

    path: str
    sheet: str | None = None
    rows: int | None = None
    every: bool = False


class _Worker:
    """One running process."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "flows.book_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,  # what is buffered, select does not see
            cwd=Path(__file__).parents[1],
            env=os.environ | {"POLARS_MAX_THREADS": "1", "RUST_BACKTRACE": "0"},
        )
        if self.frame() is None:
            raise EnvironmentProblem(
                f"the reader of workbooks does not start ({sys.executable} -m flows.book_worker); "
                f"free memory, or run it by hand to see why"
            )

    def ask(self, request: Request) -> None:
        pipe = self._pipe(self.process.stdin)
        try:
            pipe.write(json.dumps(asdict(request)).encode() + b"\n")
            pipe.flush()
        except BrokenPipeError:
            pass  # found dead by whoever reads its answer

    def frame(self) -> tuple[bytes, bytes] | None:
        """Return the next frame's tag and content; None if the process has ended or says nothing."""
        head = self._exactly(LENGTH.size)
        if head is None:
            return None
        tag, size = LENGTH.unpack(head)
        content = self._exactly(size)
        return None if content is None else (tag, content)

    def _exactly(self, size: int) -> bytes | None:
        pipe, parts, missing = self._pipe(self.process.stdout), list[bytes](), size
        while missing:
            if not select.select([pipe], [], [], PATIENCE)[0] or not (part := pipe.read(missing)):
                return None
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            self._pipe(pipe).close()

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        assert pipe is not None
        return pipe


_idle: list[_Worker] = []
_lock = threading.Lock()


def answers(request: Request, name: str, size: int) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield sheet and rows, slice by slice; InputProblem if the file is damaged or takes too much memory."""
    worker = _take()
    is_whole = False
    try:
        worker.ask(request)
        sheet = ""
        while (frame := worker.frame()) is not None:
            tag, content = frame
            if tag == b"S":
                sheet = content.decode()
            elif tag == b"T":
                yield sheet, pl.read_ipc_stream(io.BytesIO(content))
            elif tag == b"E":
                raise damaged(name, content.decode())
            else:
                is_whole = True
                return
        raise InputProblem(
            f"{name}: the workbook cannot be read in {MEMORY >> 30} GB of memory: cells far apart, or more "
            f"text than a sheet can hold (表格异常膨胀); save its sheet as “CSV UTF-8”"
        )
    finally:
        if is_whole and size <= SMALL_BOOK:
            with _lock:
                _idle.append(worker)
        else:
            worker.end()


def damaged(name: str, why: str) -> InputProblem:
    """Return the problem of a workbook whose reader gave up."""
    return InputProblem(f"{name}: the Excel file is damaged or cut short ({why}); copy or export it again")


def _take() -> _Worker:
    with _lock:
        while _idle:
            worker = _idle.pop()
            # After a fork the process still belongs to the parent, whose answers it would mix up.
            if worker.owner == os.getpid() and worker.process.poll() is None:
                return worker
    return _Worker()
