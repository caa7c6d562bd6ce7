"""Permission to read or write taken away: of files and folders of the inbox and of the home.

Modes mean nothing to root, so root runs the command without the capabilities that overrule them.
Here: which permissions, and giving them back.  Not here: verdicts (judge.py).
"""

import os
import random
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.faults.attempts import Attempt
from bench.faults.judge import require_done, require_refused, require_same, require_untouched
from bench.faults.stage import Expected, Stage, is_root
from bench.faults.tally import Tally
from flows.known_bytes import hash_file
from warehouse.publish import published_file

BARE = (
    "setpriv",
    "--bounding-set=-dac_override,-dac_read_search",
    "--inh-caps=-dac_override,-dac_read_search",
)
TEXTS = ("Permission denied", "cannot be read", "cannot be opened", "Invalid value for '--inbox'")
NOTHING, READ_ONLY = 0o000, 0o555


def run_permission(stage: Stage, tally: Tally, draw: random.Random, expected: Expected) -> None:
    """Take one permission away, run, give it back, run again."""
    if is_root() and not shutil.which("setpriv"):
        tally.skip("permission", "root reads everything, and setpriv is not installed")
        return
    inbox = stage.root / "inbox-closed"
    shutil.rmtree(inbox, ignore_errors=True)
    shutil.copytree(stage.inbox, inbox)
    for told, path in _of_inbox(inbox, draw):
        _tried(stage, tally, expected, (told, path, NOTHING), inbox)
    for told, pattern, mode in _OF_HOME:
        _tried(stage, tally, expected, (told, pattern, mode), stage.inbox)


def _of_inbox(inbox: Path, draw: random.Random) -> list[tuple[str, Path]]:
    sources = sorted(path for path in inbox.iterdir() if path.is_dir())
    chosen = draw.choice([path for path in sources if path.name != "registry"])
    return [
        ("a file of the register", draw.choice(sorted((inbox / "registry").iterdir()))),
        (f"a file of {chosen.name}", draw.choice(sorted(chosen.iterdir()))),
        ("the folder of the register", inbox / "registry"),
        ("the inbox", inbox),
    ]


_OF_HOME = (
    ("a staged file", "lake/staged/registry/*/part-*.parquet", NOTHING),
    ("a record of a step", "lake/steps/*.json", NOTHING),
    ("fingerprints", "lake/fingerprints.json", NOTHING),
    ("shapes", "lake/shapes.json", NOTHING),
    ("what the warehouse was built of", "lake/built.json", NOTHING),
    ("a curated file of the batch before", "lake/curated/visit_targets/*/*/*.parquet", NOTHING),
    ("the pointer of the batch before", "lake/batches/*.json", NOTHING),
    ("the key", "keys/hash.key", NOTHING),
    ("the published file", "warehouse/zoufang.duckdb", NOTHING),
    ("writing to the warehouse's folder", "warehouse", READ_ONLY),
    ("writing to the kept versions", "warehouse/versions", READ_ONLY),
    ("writing to the lake", "lake/curated", READ_ONLY),
    ("writing to runs", "runs", READ_ONLY),
)


def _tried(
    stage: Stage, tally: Tally, expected: Expected, what: tuple[str, Path | str, int], inbox: Path
) -> None:
    told, where, mode = what
    # Who takes the published file away from everybody takes it away from the readers too.
    home = stage.case("permission", shown=where != "warehouse/zoufang.duckdb")
    path = where if isinstance(where, Path) else sorted(home.glob(where))[0]
    with tally.case("permission", told, home):
        before = hash_file(published_file(home))
        with _changed(path, mode):
            attempt = _command(stage.command(home, inbox=inbox), home.parent / "closed.log")
            if attempt.wait(240):
                require_refused(attempt, (2, 3), *TEXTS)
                tally.say("permission", "refused", told)
            else:
                tally.say("permission", "not needed", told)
        if where != "warehouse/zoufang.duckdb" and attempt.wait():
            require_untouched(home, before)
        require_done(Attempt.forked(stage.command(home, "--resume", inbox=inbox), home.parent / "last.log"))
        require_same(home, expected)


def _command(arguments: list[str], log: Path) -> Attempt:
    before: Sequence[str] = BARE if is_root() else ()
    return Attempt.real(arguments, log, os.environ, before)


@contextmanager
def _changed(path: Path, mode: int) -> Iterator[None]:
    kept = path.stat().st_mode
    path.chmod(mode)
    try:
        yield
    finally:
        path.chmod(kept)
