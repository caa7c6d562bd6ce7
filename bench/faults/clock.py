"""A clock that is wrong, jumps during the run, or stands in another zone: the same result, in the same order.

The clock is moved for the command alone, with Prefect's server, by a small library loaded before the others
(clock.c, compiled by `cc`).  Times of files are the kernel's and stay; they are set by hand instead.
Here: how the clock goes.  Not here: verdicts (judge.py).
"""

import os
import shutil
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.faults.attempts import Attempt, plain_environment
from bench.faults.judge import require_done, require_same
from bench.faults.stage import Broken, Expected, Stage
from bench.faults.tally import Tally
from flows.batches import read_pointers
from flows.home import Home
from flows.journal import read_journal

DAY_SECONDS = 86_400
SOURCE = Path(__file__).with_name("clock.c")


CLOCKS: tuple[tuple[str, float | str, float, str], ...] = (
    ("a day behind", -DAY_SECONDS, 0, ""),
    ("400 days ahead", 400 * DAY_SECONDS, 0, ""),
    ("falls back a day during the run", 0, -DAY_SECONDS, ""),
    ("leaps a year during the run", 0, 365 * DAY_SECONDS, ""),
    ("over the new year", "2025-12-31T15:59:50", 0, "Asia/Shanghai"),
    ("over the end of summer time", "2025-10-26T00:59:50", 0, "Europe/Berlin"),
    ("over a leap day", "2028-02-28T15:59:50", 0, "Asia/Shanghai"),
    ("far west", 0, 0, "Pacific/Pago_Pago"),
    ("before the batch", "2024-06-01T00:00:00", 0, "Pacific/Kiritimati"),
)
"""Cases: seconds by which the clock is off, or where it starts, UTC; by which it jumps; the zone."""


def make_library(folder: Path, compiler: str) -> Path:
    """Compile the library that moves clocks and return where it lies."""
    library = folder / "clock.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"], check=True)
    return library


def moved(library: Path, off: float, jump: float, zone: str) -> dict[str, str]:
    """Return the variables under which a command has this clock."""
    told = {"LD_PRELOAD": str(library), "CLOCK_OFF": str(int(off)), "CLOCK_JUMP": str(int(jump))}
    return told | ({"TZ": zone} if zone else {})


def run_clock(stage: Stage, tally: Tally, expected: Expected, after: Expected) -> None:
    """Publish the batch under each clock; then, under the right one, its next version."""
    compiler = shutil.which("cc")
    if not compiler:
        tally.skip("clock", "no C compiler to make the library that moves the clock")
        return
    library = make_library(stage.root, compiler)
    for name, start, jump, zone in CLOCKS:
        off = _until(start) if isinstance(start, str) else start
        home = stage.case("clock")
        with tally.case("clock", name, home):
            environment = plain_environment() | moved(library, off, jump, zone)
            _date_files(home, off)
            attempt = Attempt.real(stage.command(home), home.parent / "run.log", environment)
            require_done(attempt, 300)
            require_same(home, expected)
            _require_moved(home, off, jump)
            again = Attempt.real(stage.command(home), home.parent / "again.log", plain_environment())
            require_done(again)
            if "nothing to do" not in again.text():
                raise Broken("under the right clock the same run was done again")
            later = stage.command(home, inbox=stage.later)
            require_done(Attempt.forked(later, home.parent / "later.log"))
            require_same(home, after)
            tally.say("clock", "the same", name)


def _until(moment: str) -> float:
    """Return how far a clock is off that stands at this moment, UTC."""
    return datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp() - time.time()


def _date_files(home: Path, off: float) -> None:
    """Give the home's files the times they had if the clock had been wrong all along."""
    for path in home.rglob("*"):
        if off and path.is_file() and not path.is_symlink():
            stat = path.stat()
            os.utime(path, (stat.st_atime + off, stat.st_mtime + off))


def _require_moved(home: Path, off: float, jump: float) -> None:
    """The clock of the command was indeed another one, or the case shows nothing."""
    now, far = datetime.now(UTC).timestamp(), 0.5 * max(abs(off), abs(jump))
    record = read_pointers(Home(home))[-1].record
    lines = [datetime.fromisoformat(line.at).timestamp() for line in read_journal(Home(home))]
    if far and max(abs(at - now) for at in (record.published_at.timestamp(), lines[-1])) < min(far, 3600):
        raise Broken(f"the clock did not move: {record.published_at}")
