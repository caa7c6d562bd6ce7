"""The journal of batches (批次台账): every change of state of every version of a batch, who made it and why.

Here: `lake/batches/journal.jsonl`, one line per transition, only ever appended to.
Not here: which batches are published (batches.py); the states follow that.

draft (草稿) → gated (已过质量门) → published (已发布) → closed (已关闭).  A rollback takes a version back to
gated.
"""

import getpass
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from flows.home import Home
from flows.manifest import SEAL, seal_of
from reference.errors import GUIDE, EnvironmentProblem
from warehouse.build import BatchRecord

State = Literal["draft", "gated", "published", "closed"]
_SEAL_DIGITS = 16
PUBLIC = ("published", "closed")
"""States of a version that BI may see."""


@dataclass(frozen=True)
class Transition:
    """One line of the journal: a version of a batch came into a state."""

    batch_id: str
    version: int
    run_id: str
    state: State
    at: str
    by: str
    why: str


def journal_path(home: Home) -> Path:
    """Return where the journal lies."""
    return home.batches / "journal.jsonl"


def read_journal(home: Home) -> list[Transition]:
    """Return every transition, oldest first; a line that a power cut left half is passed over.

    EnvironmentProblem if a whole line is not as it was written: versions and what may be removed rest on it.
    """
    path = journal_path(home)
    lines = path.read_bytes().splitlines() if path.exists() else []
    return [found for number, line in enumerate(lines, 1) if (found := _transition(path, number, line))]


def append(home: Home, transitions: Iterable[Transition]) -> None:
    """Write transitions at the end, on disk before it returns. The caller holds the home's lock."""
    text = "".join(_line(asdict(one)) for one in transitions)
    if not text:
        return
    path = journal_path(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as handle:
        if handle.tell():
            handle.seek(-1, os.SEEK_END)
            # A line left half by a power cut must not swallow this one.
            text = text if handle.read(1) == b"\n" else "\n" + text
        handle.write(text.encode())
        handle.flush()
        os.fsync(handle.fileno())


def record(home: Home, batch: BatchRecord, state: State, why: str) -> None:
    """Write that a version came into a state; one that BI sees already is not a draft again."""
    last = last_states(home).get(batch.run_id)
    if last != state and (last not in PUBLIC or state == "closed"):
        append(home, [transition(batch, state, why)])


def transition(batch: BatchRecord, state: State, why: str) -> Transition:
    """Return the line for this moment and this user."""
    return Transition(batch.batch_id, batch.version, batch.run_id, state, _now(), _user(), why)


def last_states(home: Home) -> dict[str, State]:
    """Return the state each run of any batch is in now."""
    return {one.run_id: one.state for one in read_journal(home)}


def versions_of(home: Home, batch_id: str) -> dict[int, str]:
    """Return the runs of a batch that were ever published, by version, oldest first."""
    public = [t for t in read_journal(home) if t.batch_id == batch_id and t.state in PUBLIC]
    return dict(sorted((one.version, one.run_id) for one in public))


def published_runs(home: Home) -> set[str]:
    """Return every run that was ever published: what it left in the lake is never overwritten or removed."""
    return {one.run_id for one in read_journal(home) if one.state in PUBLIC}


def version_of(home: Home, batch_id: str, run_id: str) -> int:
    """Return the version of a run of this batch: its own if it was published before, else the next."""
    known = versions_of(home, batch_id)
    return next((version for version, run in known.items() if run == run_id), max(known, default=0) + 1)


def follow(home: Home, published: Iterable[BatchRecord], why: str) -> None:
    """Let the states agree with the published warehouse, which a kill or a rollback may have left ahead.

    What it holds is published; what it no longer holds is back at gated, unless a later version replaced it.
    """
    states, records = last_states(home), {record.batch_id: record for record in published}
    found = [
        transition(record, "published", why)
        for record in records.values()
        if states.get(record.run_id) not in PUBLIC
    ]
    newest = {one.run_id: one for one in read_journal(home)}
    for one in newest.values():
        current = records.get(one.batch_id)
        if one.state in PUBLIC and (current is None or current.version < one.version):
            told = f"{why}; the published warehouse no longer holds it"
            found.append(Transition(one.batch_id, one.version, one.run_id, "gated", _now(), _user(), told))
    append(home, found)


def _line(told: dict[str, Any]) -> str:
    return json.dumps({**told, SEAL: seal_of(told)[:_SEAL_DIGITS]}, ensure_ascii=False) + "\n"


def _transition(path: Path, number: int, line: bytes) -> Transition | None:
    if not line.rstrip().endswith(b"}"):
        return None
    try:
        told = json.loads(line)
        # An older program wrote lines without one.
        seal = told.pop(SEAL, None)
        if seal in (None, seal_of(told)[:_SEAL_DIGITS]):
            return Transition(**told)
    except (ValueError, TypeError, AttributeError):
        pass
    raise EnvironmentProblem(
        f"{path}: line {number} is damaged; put the file back from the backup ({GUIDE}), or take the line "
        f"out: what the published warehouse holds is then written anew"
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user id without a name
        return f"uid {os.getuid()}"
