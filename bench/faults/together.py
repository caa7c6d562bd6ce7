"""Two commands at once on one home: one waits for the other, or refuses and says so.

Here: pairs of commands, a random moment apart.  Not here: verdicts (judge.py).
"""

import random
import time
from pathlib import Path

from bench.faults.attempts import Attempt
from bench.faults.judge import require_done, require_orderly, require_published, require_refused
from bench.faults.stage import BEFORE, TOLD_LATER, Broken, Expected, Stage
from bench.faults.tally import Tally

ROUNDS = 3
REFUSED = ("another run is writing",)
APART = 8.0
"""Seconds of the clock within which the second command starts: a run takes about as long."""


def run_together(stage: Stage, tally: Tally, draw: random.Random, expected: Expected) -> None:
    """Start a run, and at a random moment another command; then run once more, alone."""
    for turn in range(ROUNDS):
        for name in ("the same run", "another date", "feedback", "rollback", "close"):
            _pair(stage, tally, draw, expected, (name, turn))


def _pair(stage: Stage, tally: Tally, draw: random.Random, expected: Expected, what: tuple[str, int]) -> None:
    name, turn = what
    # Rolling back needs something to go back from: there the run is that of the later inbox.
    goes_back = name == "rollback"
    home = stage.case("together", stage.whole if goes_back else None)
    if goes_back:
        (home.parent / "may-go-back").touch()
    apart = 0.0 if not turn else draw.uniform(0, APART)
    first_command = stage.command(home, inbox=stage.later if goes_back else None)
    with tally.case("together", f"a run and {name}, {apart:.2f} s apart", home):
        first = Attempt.forked(first_command, home.parent / "first.log")
        time.sleep(apart)
        second = Attempt.forked(_other(stage, home, name), home.parent / "second.log")
        ended = [_ended(one) for one in (first, second)]
        if not any(status == 0 for status in ended):
            raise Broken(f"both refused: {first.text()[-300:]} / {second.text()[-300:]}")
        require_orderly(home)
        require_done(Attempt.forked(first_command, home.parent / "last.log"))
        if name in ("the same run", "close"):
            require_published(home, expected)
        require_orderly(home)
        tally.say("together", f"{name}: statuses {ended[0]} and {ended[1]}", f"{apart:.1f} s apart")


def _ended(attempt: Attempt) -> int:
    if status := attempt.wait(180):
        require_refused(attempt, (3,), *REFUSED)
    return status


def _other(stage: Stage, home: Path, name: str) -> list[str]:
    batch = f"ZJ-{BEFORE:%Y%m-%d}"
    return {
        "the same run": stage.command(home),
        "another date": stage.command(home, day=BEFORE.replace(month=4, day=30)),
        "feedback": stage.feedback(home, stage.back_later, TOLD_LATER),
        "rollback": ["rollback", "--home", str(home), "--to", batch],
        "close": ["close", "--home", str(home), "--batch", batch],
    }[name]
