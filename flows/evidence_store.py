"""The evidence of published batches, kept beside them: what explaining and `what-if` read again.

Here: `lake/batches/<run_id>/evidence/`, the frames the city step read, and how many batches keep theirs.
Not here: what they mean (transforms/), reading them as a city's frames (steps_city.py).
"""

import json
import os
import shutil
from collections.abc import Collection
from pathlib import Path

from flows.home import Home
from flows.steps_link import BLOCKS, OUTRANKED, PARTIES, REVIEW, SIDE, UNIT_CODES
from reference.errors import InputProblem

EVIDENCE_KEPT = 12
"""Published batches that keep their evidence, newest first: a year of months, 120 MB each a million firms."""
NOT_READ_AGAIN = (
    "older", "parents", "keys", "found", "links", "strays", "shared_keys", "open_units",
    REVIEW, BLOCKS, SIDE, OUTRANKED, UNIT_CODES, PARTIES,
)  # fmt: skip
YEARS = "years.json"


def keep_evidence(home: Home, run_id: str) -> None:
    """Link what the city step read out of the run's folder, which the same run may empty to start afresh.

    Links cost no space while the run's folder stands. Files of a city are always written anew under a new
    inode; the others are copied.
    """
    work, kept = home.run(run_id) / "work", evidence_path(home, run_id)
    if kept.exists():
        return
    draft = kept.with_suffix(".tmp")
    shutil.rmtree(draft, ignore_errors=True)
    for path in sorted(work.rglob("*.parquet")):
        place = draft / path.relative_to(work)
        if path.relative_to(work).parts[0] not in NOT_READ_AGAIN:
            place.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copyfile if path.parent == work else os.link)(path, place)
    routes = (home.run(run_id) / "steps").glob("route-*.json")
    years = {y for step in routes for y in json.loads(step.read_text(encoding="utf-8"))["figures"]["years"]}
    (draft / YEARS).write_text(json.dumps(sorted(years)), encoding="utf-8")
    draft.rename(kept)


def find_evidence(home: Home, batch_id: str, run_id: str) -> Path:
    """Return the folder of a batch's evidence; InputProblem says what to do if it is not kept any more."""
    kept = evidence_path(home, run_id)
    if not kept.is_dir():
        raise InputProblem(
            f"the evidence of batch {batch_id} (run {run_id}) is not kept; the newest {EVIDENCE_KEPT} "
            f"batches have theirs. Run the batch again from the same inbox to have it back"
        )
    return kept


def report_years(evidence: Path) -> list[int]:
    """Return the report years that the province's annual reports covered in that batch."""
    years: list[int] = json.loads((evidence / YEARS).read_text(encoding="utf-8"))
    return years


def drop_evidence(home: Home, keep: Collection[str]) -> None:
    """Remove the evidence of every other run."""
    for folder in home.batches.glob("*/evidence"):
        if folder.parent.name not in keep:
            shutil.rmtree(folder)


def evidence_path(home: Home, run_id: str) -> Path:
    """Return where the evidence of a run lies, if it is kept."""
    return home.batches / run_id / "evidence"
