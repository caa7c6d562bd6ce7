"""What a home has to hold after a fault, and what a refusal has to say.

Here: verdicts, each of which raises `Broken` with what differed.  Not here: faults, readers.
"""

import json
import re
from datetime import datetime
from pathlib import Path

from bench.faults.attempts import Attempt
from bench.faults.compare import contents, curated
from bench.faults.stage import Broken, Expected
from flows.batches import read_pointers
from flows.home import Home
from flows.journal import read_journal
from flows.known_bytes import hash_file
from warehouse.candidate import verify_account
from warehouse.publish import history, published_file

DRAFTS = re.compile(r"\.tmp$|\.building$|\.wal$|\.link$|\.next\.duckdb$|^\.file=")
OWN_DRAFTS = ("lake", "warehouse")
"""Folders of a home in which no draft is left once a run has ended; runs/ is a run's own."""


def require_same(home: Path, expected: Expected) -> None:
    """The home holds what an undisturbed run leaves: files, rows, states; and nothing half beside it."""
    ours = curated(home)
    off = [name for name in {*ours, *expected.curated} if ours.get(name) != expected.curated.get(name)]
    if off:
        raise Broken(f"{len(off)} curated files or pointers differ: {sorted(off)[:5]}")
    require_published(home, expected)


def require_published(home: Path, expected: Expected) -> None:
    """The published file holds the same rows, its account balances, the journal and the file agree."""
    found = contents(published_file(home))
    tables = [t for t in {*found, *expected.contents} if found.get(t) != expected.contents.get(t)]
    if tables:
        told = {t: _difference(found.get(t, []), expected.contents.get(t, [])) for t in sorted(tables)[:3]}
        raise Broken(f"published tables differ: {sorted(tables)}: {told}")
    verify_account(published_file(home))
    require_orderly(home)
    require_tidy(home)


def require_orderly(home: Path) -> None:
    """Pointers, journal and kept versions agree with the published file."""
    pointers = read_pointers(Home(home))
    states = {line.run_id: line.state for line in read_journal(Home(home))}
    wrong = [p.record.run_id for p in pointers if states.get(p.record.run_id) not in ("published", "closed")]
    if wrong:
        raise Broken(f"the journal does not say that {wrong} are published")
    versions = history(home)
    if sum(version.is_current for version in versions) != 1:
        raise Broken(f"the published file is not one of the kept versions: {versions}")


def require_tidy(home: Path) -> None:
    """A run that published has left no draft, of its own or of another that was stopped."""
    drafts = [
        str(path.relative_to(home))
        for folder in OWN_DRAFTS
        for path in (home / folder).rglob("*")
        if DRAFTS.search(path.name)
    ]
    if drafts:
        raise Broken(f"drafts are left: {drafts[:5]}")


def require_time_kept(home: Path) -> None:
    """The moment of publishing is the one recorded when the batch was first ready."""
    record = read_pointers(Home(home))[-1].record
    manifest = home / "runs" / record.run_id / "steps" / "ready.json"
    told = json.loads(manifest.read_text(encoding="utf-8"))["figures"]["published_at"]
    if datetime.fromisoformat(told) != record.published_at:
        raise Broken(f"published at {record.published_at}, ready at {told}")


def require_done(attempt: Attempt, seconds: float = 180) -> None:
    """The command ends well."""
    status = attempt.wait(seconds)
    if status:
        raise Broken(f"status {status}: {_end(attempt)}")


def require_refused(attempt: Attempt, statuses: tuple[int, ...], *texts: str, seconds: float = 180) -> None:
    """The command ends with one of these statuses and says why in a person's words, one of the texts."""
    status = attempt.wait(seconds)
    said = attempt.text()
    if status not in statuses:
        raise Broken(f"status {status}, and should be one of {statuses}: {_end(attempt)}")
    require_clear(said)
    if texts and not any(text in said for text in texts):
        raise Broken(f"the message holds none of {texts}: {_end(attempt)}")


def require_clear(said: str) -> None:
    """A message for a person: no traceback, and something to do about it."""
    if "Traceback" in said or "internal fault" in said:
        raise Broken(f"a traceback: {said[-1500:]}")
    # Progress and notes come before; what DuckDB says of its own objects when a process ends badly, after.
    lines = [line for line in said.splitlines() if line and line[0] not in "[ " and "nanobind" not in line]
    remedies = (";", "to do", "choose one of", "Try 'zoufang")
    if not any(remedy in line for line in lines for remedy in remedies):
        raise Broken(f"the message names no remedy: {said[-500:]!r}")


def require_untouched(home: Path, before: str) -> None:
    """The published file is byte for byte what it was."""
    if hash_file(published_file(home)) != before:
        raise Broken("the published file changed")


def _difference(found: list[tuple[object, ...]], expected: list[tuple[object, ...]]) -> str:
    more, less = [r for r in found if r not in expected][:1], [r for r in expected if r not in found][:1]
    return f"{len(found)} rows for {len(expected)}, e.g. {str(more)[:300]} instead of {str(less)[:300]}"


def _end(attempt: Attempt) -> str:
    return attempt.text()[-1200:]
