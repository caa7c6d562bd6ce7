"""The published file and the kept versions spoilt: found and said, or made again; never taken for whole.

No reader is shown these homes: it would read what was spoilt on purpose.
Here: faults of warehouse/.  Not here: the lake (damage.py).
"""

import random
from pathlib import Path

from bench.faults.attempts import Attempt
from bench.faults.damage import WAYS, Way, gone
from bench.faults.judge import (
    require_clear,
    require_done,
    require_published,
    require_refused,
    require_untouched,
)
from bench.faults.stage import BEFORE, Broken, Expected, Stage
from bench.faults.tally import Tally
from flows.known_bytes import hash_file
from warehouse.publish import history, published_file

WORDS = ("damaged", "cannot be opened", "is gone", "no warehouse")
ASKING = ("history", "report", "dispatch", "close")
"""Verbs that read the published file, or say what it is."""


def run_published(stage: Stage, tally: Tally, draw: random.Random, whole: Expected, after: Expected) -> None:
    """Spoil the published file, then run again, run on, go back; spoil a kept version, then go back to it."""
    for way in draw.sample(WAYS, 4):
        _again(stage, tally, draw, way, (stage.inbox, whole, "nothing new"))
        _again(stage, tally, draw, way, (stage.later, after, "a later inbox"))
        _kept(stage, tally, draw, way)
        _asked(stage, tally, draw, way)


def _again(
    stage: Stage, tally: Tally, draw: random.Random, way: Way, what: tuple[Path, Expected, str]
) -> None:
    """The same run or the next one: it publishes a whole file, or says how to come to one."""
    inbox, expected, told = what
    home = stage.case("published", stage.whole, shown=False)
    with tally.case("published", f"{way.__name__}, {told}", home):
        _spoil(home, way, draw)
        attempt = Attempt.forked(stage.command(home, inbox=inbox), home.parent / "run.log")
        how = "healed"
        if attempt.wait(180):
            require_refused(attempt, (3,), *WORDS)
            back = Attempt.forked(_back(home), home.parent / "back.log")
            require_done(back)
            require_done(Attempt.forked(stage.command(home, inbox=inbox), home.parent / "last.log"))
            how = "refused, gone back, run again"
        require_published(home, expected)
        tally.say("published", how, f"{way.__name__}, {told}")


def _kept(stage: Stage, tally: Tally, draw: random.Random, way: Way) -> None:
    """Go back to a spoilt version: refused, and what is published stays."""
    home = stage.case("published", stage.whole, shown=False)
    with tally.case("published", f"{way.__name__} a kept version", home):
        older = next(v for v in history(home) if v.batch_id.endswith(f"{BEFORE:%m-%d}"))
        way(older.path, draw)
        for other in history(home):
            if other.batch_id == older.batch_id and other.path != older.path:
                other.path.unlink()
        before = hash_file(published_file(home))
        attempt = Attempt.forked(_back(home), home.parent / "back.log")
        require_refused(attempt, (2, 3), *WORDS, "is kept")
        require_untouched(home, before)
        tally.say("published", "refused", f"{way.__name__} a kept version, rollback to it")


def _asked(stage: Stage, tally: Tally, draw: random.Random, way: Way) -> None:
    """Verbs that read: an answer, or words."""
    home = stage.case("published", stage.whole, shown=False)
    _spoil(home, way, draw)
    more = {"close": ["--batch", "ZJ-202503-31"]}
    for verb in ASKING:
        with tally.case("published", f"{way.__name__}, {verb}", home):
            arguments = [verb, "--home", str(home), *more.get(verb, [])]
            attempt = Attempt.forked(arguments, home.parent / f"{verb}.log")
            status = attempt.wait()
            if status not in (0, 2, 3):
                raise Broken(f"status {status}: {attempt.text()}")
            if status:
                require_clear(attempt.text())
            tally.say("published", "refused" if status else "answered", f"{way.__name__}, {verb}")


def _spoil(home: Path, way: Way, draw: random.Random) -> None:
    way(published_file(home), draw)
    if way is gone:
        return
    # Whatever was written into it is in its version as well: they are one file.
    if not any(version.is_current for version in history(home)):
        raise Broken("the published file is no kept version any more")


def _back(home: Path) -> list[str]:
    return ["rollback", "--home", str(home), "--to", f"ZJ-{BEFORE:%Y%m-%d}"]
