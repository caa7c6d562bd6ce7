"""Backfill (补跑): one batch per period, oldest first, resumable.

Here: the order.  Not here: which dates (periods.py), making a batch (run.py).
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from prefect import flow

from flows.periods import periods
from flows.run import run_batch


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
