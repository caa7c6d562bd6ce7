"""Files truncated, emptied, overwritten, with one byte changed, or gone: inputs, intermediate and published.

Files of the lake are spoilt in a home that has published both batches; then the inbox changes a little, so
that the next run takes up most of what is there. It either gives what it gives beside whole files, or says
which file is not whole and what to do.
Here: which files and how.  Not here: verdicts (judge.py), hundreds of malformed inputs (bench/fuzz.py).
"""

import random
from collections.abc import Callable
from pathlib import Path

from bench.faults.attempts import Attempt, Moment
from bench.faults.judge import require_done, require_refused, require_same, require_untouched
from bench.faults.stage import BEFORE, DAY, Expected, Stage
from bench.faults.tally import Tally
from flows.known_bytes import hash_file
from warehouse.publish import published_file

LAKE = (
    "lake/staged/*/*/part-*.parquet", "lake/staged/*/*/report.json", "lake/quarantine/*/*/part-*.parquet",
    "lake/split/*/*/*.parquet", "lake/split/*/*/split.json", "lake/steps/*.json", "runs/*/steps/*.json",
    "runs/*/work/**/*.parquet", f"lake/curated/*/as_of={BEFORE}/*/*.parquet",
    f"lake/curated/*/as_of={DAY}/*/*.parquet", "lake/fingerprints.json", "lake/shapes.json",
    "lake/known.json", "lake/built.json", "lake/gates/*.json", "lake/batches/*.json",
    "lake/batches/*/record.json", "lake/batches/*/*.parquet",
    "lake/batches/*/report.json", "lake/batches/*/rules.yml", "lake/batches/journal.jsonl",
    "lake/ledger/*/*/rows.parquet", "lake/ledger/*/*/faults.parquet", "lake/ledger/*/*/entry.json",
    "lake/feedback/*/*.parquet", "keys/hash.key", "warehouse/versions/*.sha256",
)  # fmt: skip
"""Classes of files of a home."""
STOPPED = (
    "lake/staged/*/*/part-*.parquet", "lake/split/*/*/*.parquet", "runs/20250331-*/steps/*.json",
    "runs/20250331-*/work/**/*.parquet", f"lake/curated/*/as_of={DAY}/*/*.parquet",
    "runs/20250331-*/*.duckdb*", "runs/20250331-*/account.parquet",
)  # fmt: skip
"""What is spoilt between a kill, late in a run, and its resume."""


def truncated(path: Path, draw: random.Random) -> None:
    """Cut the file at a random byte."""
    _write(path, path.read_bytes()[: draw.randrange(max(1, path.stat().st_size))])


def emptied(path: Path, draw: random.Random) -> None:
    """Leave no byte."""
    _write(path, b"")


def overwritten(path: Path, draw: random.Random) -> None:
    """Zeros from a random byte to the end, as a power cut leaves pages that were never written."""
    content = path.read_bytes()
    at = draw.randrange(max(1, len(content)))
    _write(path, content[:at] + bytes(len(content) - at))


def flipped(path: Path, draw: random.Random) -> None:
    """Change one bit: of a figure where there are figures in the text, else of any byte."""
    content = bytearray(path.read_bytes())
    figures = [i for i, byte in enumerate(content) if byte in b"0123456789"]
    is_text = path.suffix in (".json", ".jsonl", ".yml", ".key")
    content[draw.choice(figures) if is_text and figures else draw.randrange(len(content))] ^= 1
    _write(path, bytes(content))


def torn(path: Path, draw: random.Random) -> None:
    """Change a byte to one that no text in UTF-8 has."""
    content = bytearray(path.read_bytes())
    content[draw.randrange(len(content))] = 0xFF
    _write(path, bytes(content))


def gone(path: Path, draw: random.Random) -> None:
    """Remove the file."""
    path.unlink()


Way = Callable[[Path, random.Random], None]
WAYS: tuple[Way, ...] = (truncated, emptied, overwritten, flipped, torn, gone)


def _write(path: Path, content: bytes) -> None:
    """Change the bytes where they lie, under every name the file has, whatever its mode and times say."""
    mode = path.stat().st_mode
    path.chmod(0o600)
    path.write_bytes(content)
    path.chmod(mode)


def run_lake(stage: Stage, tally: Tally, draw: random.Random, expected: Expected, files: list[str]) -> None:
    """Spoil one file of each class in some ways, others with another seed, and run on the later inbox.

    Only the classes whose pattern holds one of the texts in `files`: each draws its own numbers.
    """
    first = draw.random()
    for pattern in LAKE:
        own = random.Random(f"{first} {pattern}")
        for way in own.sample(WAYS, 3) if any(text in pattern for text in files) else ():
            _spoilt(stage, tally, own, expected, (pattern, way))


def _spoilt(
    stage: Stage, tally: Tally, draw: random.Random, expected: Expected, what: tuple[str, Way]
) -> None:
    pattern, way = what
    home = stage.case("lake", stage.whole)
    path = draw.choice(sorted(path for path in home.glob(pattern) if path.stat().st_size))
    told = f"{way.__name__} {path.relative_to(home)}"
    with tally.case("lake", told, home):
        way(path, draw)
        before = hash_file(published_file(home))
        attempt = Attempt.forked(stage.command(home, inbox=stage.later), home.parent / "spoilt.log")
        if attempt.wait(180):
            require_refused(attempt, (2, 3), path.name, str(path.parent))
            require_untouched(home, before)
            tally.say("lake", "refused", f"{told}: {attempt.text().rstrip().splitlines()[-1][:160]}")
            return
        require_same(home, expected)
        tally.say("lake", "healed", told)


def run_stopped(stage: Stage, tally: Tally, draw: random.Random, expected: Expected) -> None:
    """Kill late in a run, spoil one file in some ways, resume."""
    seconds = stage.measured()[0][-1][1]
    for pattern in STOPPED:
        for way in draw.sample(WAYS, 2):
            home = stage.case("stopped")
            attempt = Attempt.forked(stage.command(home), home.parent / "killed.log")
            if not attempt.kill_at(Moment("warehouse" if "duckdb" in pattern else "ready", 0.03 * seconds)):
                raise SystemExit(f"the run ended before its late kill:\n{attempt.text()}")
            found = sorted(p for p in home.glob(pattern) if p.is_file() and p.stat().st_size)
            if not found:
                tally.say("stopped", "nothing there yet", pattern)
                continue
            path = draw.choice(found)
            told = f"{way.__name__} {path.relative_to(home)}"
            with tally.case("stopped", told, home):
                way(path, draw)
                require_done(Attempt.forked(stage.command(home, "--resume"), home.parent / "last.log"))
                require_same(home, expected)
                tally.say("stopped", "healed", told)
