"""An inbox that changes while a run reads it: refused, or the run is of the files as they were at its start.

Here: changes at random moments.  Not here: verdicts (judge.py).
"""

import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from bench.faults.attempts import Attempt
from bench.faults.judge import require_clear, require_done, require_orderly, require_published
from bench.faults.stage import Broken, Expected, Stage, copy_home
from bench.faults.tally import Tally
from warehouse.publish import published_file

ROUNDS = 4
Change = Callable[[Path], None]


def _grown(path: Path) -> None:
    with path.open("ab") as handle:
        handle.write(path.read_bytes().splitlines(keepends=True)[-1])


def _replaced(path: Path) -> None:
    """Other columns first, as another export would have them: who mixes the two files reads nonsense."""
    lines = [line.rstrip(b"\r\n").split(b",") for line in path.read_bytes().splitlines()]
    swapped = [b",".join([*cells[1:2], *cells[:1], *cells[2:]]) if len(cells) > 2 else b",".join(cells)
               for cells in lines[:-2]]  # fmt: skip
    draft = path.with_name(f".{path.name}.draft")
    draft.write_bytes(b"\n".join(swapped) + b"\n")
    draft.replace(path)


def _gone(path: Path) -> None:
    path.unlink()


def _added(path: Path) -> None:
    path.with_name(f"{path.stem}_more{path.suffix}").write_bytes(path.read_bytes())


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size * 2 // 3)


CHANGES: tuple[Change, ...] = (_grown, _replaced, _gone, _added, _cut)


def run_moving(stage: Stage, tally: Tally, draw: random.Random, expected: Expected) -> None:
    """Change one file at a random moment of a run, half of them while it starts and reads."""
    seconds = stage.measured()[0][-1][1]
    for turn in range(ROUNDS):
        for change in CHANGES:
            at = draw.uniform(0, seconds * (1 if turn % 2 else 0.4))
            _moved(stage, tally, draw, expected, (change, at))


def _moved(
    stage: Stage, tally: Tally, draw: random.Random, expected: Expected, what: tuple[Change, float]
) -> None:
    change, at = what
    home = stage.case("moving")
    inbox = home.parent / "inbox"
    shutil.copytree(stage.inbox, inbox)
    source = draw.choice(["registry", "registry", "annual_reports", "judgment_defaulters"])
    path = draw.choice(sorted((inbox / source).glob("*.csv")))
    told = f"{change.__name__[1:]} {path.relative_to(inbox)} at {at:.2f} s of processor time"
    with tally.case("moving", told, home):
        attempt = Attempt.forked(stage.command(home, inbox=inbox), home.parent / "run.log")
        while (now := attempt.cpu()) is not None and now < at:
            time.sleep(0.01)
        change(path)
        if status := attempt.wait(180):
            if status not in (2, 3):
                raise Broken(f"status {status}: {attempt.text()[-1000:]}")
            require_clear(attempt.text())
            require_orderly(home)
            tally.say("moving", f"refused ({status})", f"{told}: {attempt.text().splitlines()[-1][:120]}")
        elif _is_run_of(home, stage.whole):
            require_published(home, expected)
            tally.say("moving", "of the files before", told)
        else:
            _require_run_of(stage, home, inbox)
            tally.say("moving", "of the files after", told)


def _is_run_of(home: Path, other: Path) -> bool:
    """Whether two homes published the same runs: names follow from the inputs."""
    return [_run(home)] == [_run(other)]


def _run(home: Path) -> str:
    return max(path.name for path in (home / "runs").iterdir() if path.name.startswith("20250331-"))


def _require_run_of(stage: Stage, home: Path, inbox: Path) -> None:
    """The home holds what a run of the inbox as it is now gives from the first home."""
    other = home.parent / "other"
    copy_home(stage.start, other)
    require_done(Attempt.forked(stage.command(other, inbox=inbox), home.parent / "other.log"))
    require_published(home, Expected.of(other))
    if not published_file(home).exists():
        raise Broken("nothing is published")
