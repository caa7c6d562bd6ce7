"""A disk that fills up at any step: a small file system of its own for the home, made larger afterwards.

Mounting one needs root; where that is not permitted no file may grow beyond a limit instead (RLIMIT_FSIZE).
Here: full disks for home, its number of files, and the temporary folder.  Not here: verdicts (judge.py).
"""

import random
import resource
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench.faults.attempts import Attempt, plain_environment
from bench.faults.judge import require_done, require_refused, require_same, require_untouched
from bench.faults.stage import Expected, Stage, copy_home, is_root, size_of
from bench.faults.tally import Tally
from flows.known_bytes import hash_file
from warehouse.publish import published_file

FULL = ("No space left on device", "is the disk full", "File too large")
PLENTY = 400_000_000
SIZES = 10


def run_disk(stage: Stage, tally: Tally, draw: random.Random, expected: Expected) -> None:
    """Fill the disk at moments over the whole run, make room, take the run up again."""
    if not _may_mount(stage.root):
        tally.skip("disk", "no file system may be mounted here; a limit on the size of files stands for it")
        _limited(stage, tally, draw, expected)
        return
    base = size_of(stage.start)
    growth = size_of(stage.whole) - base
    for number in range(SIZES):
        # Steps write little, the candidate much: most sizes are such that a step fills the disk.
        room = int(growth * ((number + draw.random()) / SIZES) ** 3)
        _filled(stage, tally, expected, f"size={base + room}", f"{room:,} of {growth:,} bytes free")
    files = sum(1 for _ in stage.start.rglob("*"))
    for share in (0.1, 0.5):
        spare = int(share * (sum(1 for _ in stage.whole.rglob("*")) - files))
        _filled(
            stage, tally, expected, f"size={PLENTY},nr_inodes={files + spare + 10}", f"{spare} files free"
        )
    _temporary(stage, tally, expected)


def _filled(stage: Stage, tally: Tally, expected: Expected, options: str, told: str) -> None:
    home = stage.case("disk", shown=False)
    small = home.with_name("disk") / "home"
    with tally.case("disk", told, home), mounted(small.parent, options):
        copy_home(home, small)
        with _shown(stage, small):
            before = hash_file(published_file(small))
            attempt = Attempt.forked(stage.command(small), home.parent / "full.log")
            if attempt.wait(180):
                require_refused(attempt, (3,), *FULL)
                require_untouched(small, before)
                tally.say("disk", "refused", f"{told}, full after {(attempt.steps() or ['the start'])[-1]}")
            else:
                tally.say("disk", "fitted", told)
            _remount(small.parent, f"size={PLENTY},nr_inodes=100000")
            last = Attempt.forked(stage.command(small, "--resume"), home.parent / "last.log")
            require_done(last)
            require_same(small, expected)


def _temporary(stage: Stage, tally: Tally, expected: Expected) -> None:
    """The folder for temporary files is on a full disk of its own; the installed command, its server too."""
    home = stage.case("disk")
    folder = home.with_name("temporary")
    with tally.case("disk", "the temporary folder is full", home), mounted(folder, "size=8192"):
        environment = {**plain_environment(), "TMPDIR": str(folder)}
        attempt = Attempt.real(stage.command(home), home.parent / "full.log", environment)
        if attempt.wait(240):
            require_refused(attempt, (3,), *FULL)
            tally.say("disk", "refused", "no room for temporary files")
        else:
            tally.say("disk", "not needed", "no room for temporary files")
        last = Attempt.forked(stage.command(home, "--resume"), home.parent / "last.log")
        require_done(last)
        require_same(home, expected)


def _limited(stage: Stage, tally: Tally, draw: random.Random, expected: Expected) -> None:
    largest = max(path.stat().st_size for path in stage.whole.rglob("*") if path.is_file())
    home = stage.case("disk")
    before = hash_file(published_file(home))
    for number in range(SIZES):
        room = int(largest * (number + draw.random()) / SIZES)
        with tally.case("disk", f"no file beyond {room:,} bytes", home):
            prepare = partial(_limit, room)
            attempt = Attempt.forked(
                stage.command(home, "--resume"), home.parent / f"{number}.log", prepare=prepare
            )
            if attempt.wait(180):
                require_refused(attempt, (3,), *FULL)
                require_untouched(home, before)
                tally.say("disk", "refused", f"no file beyond {room:,} bytes")
    with tally.case("disk", "room again", home):
        require_done(Attempt.forked(stage.command(home, "--resume"), home.parent / "last.log"))
        require_same(home, expected)


def _limit(room: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """Mount a file system in memory on the folder, as long as the context lasts."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        # A reader may still have the published file open: the mount goes when it closes it.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def _shown(stage: Stage, home: Path) -> Iterator[None]:
    """Let the readers read this home as long as the context lasts, and let the last of them end."""
    stage.show(home)
    try:
        yield
    finally:
        stage.show(stage.start)
        time.sleep(1)


def _remount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


def _may_mount(root: Path) -> bool:
    if not is_root():
        return False
    probe = root / ".probe"
    probe.mkdir(exist_ok=True)
    told = ["mount", "-t", "tmpfs", "-o", "size=4096", "tmpfs", str(probe)]
    if subprocess.run(told, check=False, capture_output=True).returncode:
        return False
    subprocess.run(["umount", str(probe)], check=True)
    return True
