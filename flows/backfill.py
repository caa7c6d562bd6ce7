"""Backfill (补跑): one batch per period, oldest first, resumable.

Here: which dates.  Not here: making a batch (run.py).
"""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from prefect import flow

from flows.run import run_batch
from reference.errors import InputProblem


@flow(name="zoufang-backfill", persist_result=False)
def backfill_batches(
    inbox: str, home: str, since: date, until: date, every: str = "month"
) -> list[dict[str, Any]]:
    """Make every batch of the range and return their summaries."""
    return list(backfill(Path(inbox), Path(home), since, until, every))


def backfill(
    inbox: Path, home: Path, since: date, until: date, every: str = "month"
) -> Iterator[dict[str, Any]]:
    """Yield the summary of each batch as it is published; finished steps of earlier attempts are reused."""
    for as_of in periods(since, until, every):
        yield run_batch(str(inbox), str(home), as_of, resume=True)


def periods(since: date, until: date, every: str) -> list[date]:
    """Return the last day of each month that ends within the range; InputProblem if there is none."""
    if every != "month":
        raise InputProblem(f"--every {every} is not known; write month")
    ends, day = [], since.replace(day=1)
    while day <= until:
        following = (day + timedelta(days=32)).replace(day=1)
        ends.append(following - timedelta(days=1))
        day = following
    inside = [end for end in ends if since <= end <= until]
    if not inside:
        raise InputProblem(f"no month ends between {since} and {until}; widen --from and --to")
    return inside
