"""Input files cut off or damaged before a run: a clear refusal, or every row that is there accounted for.

Here: a few of each format, through a whole run.  Not here: readers against hundreds (bench/fuzz.py).
"""

import csv
import io
import random
import shutil
from pathlib import Path

import polars as pl

from bench.faults.attempts import Attempt
from bench.faults.damage import Way, emptied, flipped, overwritten, truncated
from bench.faults.judge import require_orderly, require_refused, require_untouched
from bench.faults.stage import DAY, Broken, Stage
from bench.faults.tally import Tally
from flows.known_bytes import hash_file
from warehouse.publish import published_file
from warehouse.read import read_account

ROUNDS = 2
WAYS: tuple[Way, ...] = (truncated, overwritten, flipped, emptied)


def run_inputs(stage: Stage, tally: Tally, draw: random.Random) -> None:
    """Spoil a file of each format in each way, and run."""
    for _ in range(ROUNDS):
        for suffix in (".csv", ".xlsx", ".parquet"):
            for way in WAYS:
                if list(stage.inbox.glob(f"*/*{suffix}")):
                    _spoilt(stage, tally, draw, suffix, way)


def _spoilt(stage: Stage, tally: Tally, draw: random.Random, suffix: str, way: Way) -> None:
    home = stage.case("input")
    inbox = home.parent / "inbox"
    shutil.copytree(stage.inbox, inbox)
    path = draw.choice(sorted(inbox.glob(f"*/*{suffix}")))
    told = f"{way.__name__} {path.relative_to(inbox)}"
    with tally.case("input", told, home):
        way(path, draw)
        before = hash_file(published_file(home))
        attempt = Attempt.forked(stage.command(home, inbox=inbox), home.parent / "run.log")
        if status := attempt.wait(180):
            require_refused(attempt, (1, 2), path.name, "to do")
            require_untouched(home, before)
            how = "refused" if status == 2 else "blocked by a gate"
        else:
            _require_accounted(home, inbox)
            how = "read, every row accounted for"
        require_orderly(home)
        tally.say("input", how, told)


def _require_accounted(home: Path, inbox: Path) -> None:
    """Rows in, as published, are the rows of the files, counted by other means."""
    account = {row["source"]: row["rows_in"] for row in read_account(published_file(home))}
    counted = count_rows(inbox)
    off = {
        source: (account.get(source, 0), n) for source, n in counted.items() if account.get(source, 0) != n
    }
    if off:
        raise Broken(f"rows in the account and in the files of {DAY} differ: {off}")


def count_rows(inbox: Path) -> dict[str, int]:
    """Return the rows below the header by source."""
    counts: dict[str, int] = {}
    for path in sorted(inbox.glob("*/*.*")):
        counts[path.parent.name] = counts.get(path.parent.name, 0) + _rows(path)
    return counts


def _rows(path: Path) -> int:
    if path.suffix == ".parquet":
        return pl.read_parquet(path).height
    if path.suffix == ".xlsx":
        return sum(sheet.height for sheet in pl.read_excel(path, sheet_id=0, infer_schema_length=0).values())
    raw = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    encoding = "utf-8" if _is(raw, "utf-8") else "gb18030"
    lines = csv.reader(io.StringIO(raw.decode(encoding, "replace")))
    return sum(1 for cells in lines if any(cells)) - 1


def _is(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
