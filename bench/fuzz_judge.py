"""Whether a reader may do to a malformed file what it did: a clear refusal, or rows that add up.

Here: one case judged in this process.  Not here: processes, limits and time (fuzz.py).
"""

import shutil
import unicodedata
from datetime import date
from pathlib import Path

import polars as pl

from bench.fuzz_case import Case, contents, good_text
from flows.home import Home
from flows.ingest import check_inbox, ingest_file
from flows.ledger import check_feedback, read_entries, record
from flows.link_file import link_files
from flows.place_file import EXPLAIN_COLUMNS, PLACE_COLUMNS
from flows.place_input import read_table
from reference.errors import InputProblem, shown_name

LONGEST_MESSAGE = 8_000
KEY = b"a key of the fuzzer, of 32 bytes."


class FuzzFault(AssertionError):
    """A reader broke its promise on one file."""


def judge(case: Case, folder: Path) -> str:
    """Return what became of the case: refused or read; FuzzFault, or any other exception, is a fault."""
    shutil.rmtree(folder, ignore_errors=True)
    path = _made(case, folder)
    try:
        _READERS[case.reader](folder, path)
        outcome = "read"
    except InputProblem as problem:
        _require_clear(str(problem), path)
        outcome = "refused"
    if case.outcome not in ("either", outcome):
        raise FuzzFault(f"{outcome}, and should be {case.outcome}")
    if list(folder.glob("inbox/**/.*")) or list(folder.parent.glob("*evil*")):
        raise FuzzFault("something was written beside the file")
    return outcome


def _made(case: Case, folder: Path) -> Path:
    source = folder / "inbox" / case.source
    source.mkdir(parents=True)
    name = case.file if isinstance(case.file, str) else case.file.decode("utf-8", "surrogateescape")
    case.make(source / name)
    if case.reader == "ingest" and case.source != "registry":
        other = folder / "inbox" / "registry" / "good.csv"
        other.parent.mkdir()
        contents(good_text().encode())(other)
    return source / name


def _require_clear(message: str, path: Path) -> None:
    """The message names the file, says more than that, is short, and plays no tricks with the terminal."""
    if shown_name(path.name) not in message:
        raise FuzzFault(f"the message does not name {path.name!r}: {message[:300]!r}")
    if len(message) > LONGEST_MESSAGE:
        raise FuzzFault(f"a message of {len(message):,} characters: {message[:200]!r}")
    tricks = [c for c in message if c != "\n" and unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
    if tricks or any("\u202a" <= c <= "\u202e" for c in message):
        raise FuzzFault(f"the message holds control characters: {message[:300]!r}")
    if "Traceback" in message or (";" not in message and ":" not in message):
        raise FuzzFault(f"the message names no remedy: {message[:300]!r}")


def _ingest(folder: Path, path: Path) -> None:
    files = check_inbox(folder / "inbox")
    if not any(file.path == path for file in files):
        raise FuzzFault("the file was passed over in silence")
    for file in files:
        report = ingest_file(file, folder / "staged", folder / "quarantine", hash_key=KEY)
        counts = [
            pl.scan_parquet(folder / lake / file.source / f"file={report.key}" / "*.parquet")
            .select(pl.len())
            .collect()
            .item()
            for lake in ("staged", "quarantine")
        ]
        if counts != [report.staged, report.quarantined] or sum(counts) != report.rows_in:
            raise FuzzFault(f"{report.rows_in} rows in, {counts} staged and quarantined")


def _feedback(folder: Path, path: Path) -> None:
    home = Home(folder / "home")
    found = check_feedback(folder / "inbox")
    if not any(delivery.path == path for delivery in found):
        raise FuzzFault("the file was passed over in silence")
    record(home, found, date(2025, 3, 31))
    (entry,) = read_entries(home)
    kept = pl.read_parquet(home.ledger / entry.source / entry.key / "rows.parquet").height
    if kept + entry.unfilled != entry.rows_in:
        raise FuzzFault(f"{entry.rows_in} rows in, {kept} kept and {entry.unfilled} unfilled")


def _place(folder: Path, path: Path) -> None:
    """Read as `place` reads; what it does with the rows is the same for any file."""
    taken = [*PLACE_COLUMNS, *EXPLAIN_COLUMNS]
    for batch in read_table(path, ["住所"], taken, folder):
        if "住所" not in batch.columns:
            raise FuzzFault("the column asked for is not there")


def _link(folder: Path, path: Path) -> None:
    other = folder / "other.csv"
    contents(good_text(8).encode())(other)
    link_files(path, other, folder / "pairs.csv")


_READERS = {"ingest": _ingest, "feedback": _feedback, "place": _place, "link": _link}
