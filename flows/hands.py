"""The tasks of a run in threads of its own process: Polars uses all processors from one.

Here: which tasks, how many at a time, and what every runner has to be able to do.
Not here: what a step does (steps_*.py), its order (compute.py), workers (cluster.py).
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import BoundedSemaphore
from typing import Protocol

from flows.crew import Crew
from flows.manifest import StepResult
from flows.planned import Planned, Run
from flows.read_ahead import read_ahead
from flows.settings import Settings
from flows.split import ROUTED, chosen
from flows.steps_ingest import Found, Staged, in_groups, ingest_source_file, ingested_before
from flows.tasks import io_task
from transforms.evidence import LOOSE

AT_ONCE = 3
"""Steps, or groups of files, at work at a time: two processors, and one that waits for a disk."""


class Hands(Protocol):
    """Whoever does the steps of a run; both return when all is done, in order."""

    def ingest(self, run: Run, files: Sequence[Found]) -> list[Staged]:
        """Stage and split inbox files."""

    def take_all(self, run: Run, plans: Sequence[Planned]) -> list[StepResult]:
        """Take steps that do not wait for one another."""


ingest_task = io_task(
    lambda files, settings: [ingest_source_file(file, known, settings) for file, known in files]
)
_LARGE = BoundedSemaphore(2)
"""Two large steps of a province hold 5 GB, three up to 7, and take no less time."""


def _take(run: Run, plan: Planned) -> StepResult:
    with _LARGE if plan.is_large else nullcontext():
        return run.step(plan)


step_task = io_task(_take)


def _before(found: Found, settings: Settings) -> Staged | None:
    try:
        return ingested_before(*found, settings)
    except OSError:
        return None  # the task tries again, and tells if that does not help


def _pieces_of_all(before: Sequence[Staged | None]) -> list[Path]:
    """Return what earlier runs made of files and steps of the whole province read, whichever city changed.

    What is made now is in memory.
    """
    splits = [done[1] for done in before if done and done[1]]
    read = [*chosen(splits, ("registry", "census")), *chosen(splits, ROUTED, LOOSE)]
    return [split.root / piece.path for split in read for of in split.pieces.values() for piece in of]


class Threads:
    """Threads of this process."""

    def ingest(self, run: Run, files: Sequence[Found]) -> list[Staged]:
        """Stage and split inbox files, group by group; tasks are for those that are not there and whole."""
        with run.at("ingest"), ThreadPoolExecutor(AT_ONCE) as threads:
            before = list(threads.map(lambda found: _before(found, run.settings), files))
            read_ahead(_pieces_of_all(before))
            groups = in_groups([found for found, done in zip(files, before, strict=True) if done is None])
            futures = [ingest_task.submit(group, run.settings) for group in groups]
            made = (one for future in futures for one in future.result())
            return [done or next(made) for done in before]

    def take_all(self, run: Run, plans: Sequence[Planned]) -> list[StepResult]:
        """Take the steps of parts some at a time, those of the whole province one by one."""
        futures = [None if plan.is_wide else step_task.submit(run, plan) for plan in plans]
        results = [
            future.result() if future else run.step(plan) for future, plan in zip(futures, plans, strict=True)
        ]
        # What was made just now is in memory.
        linked = [file for done in results if done.how == "linked" for file in done.artifacts]
        read_ahead(run.site.paths(linked))
        return results


@contextmanager
def hands(run: Run, crew: Crew) -> Iterator[Hands]:
    """Give those who do the steps of a run, while it has any."""
    if crew.runner == "threads":
        yield Threads()
        return
    # Its libraries log every greeting of a worker; they read the level when they are loaded, here and there.
    os.environ.setdefault("DASK_LOGGING__DISTRIBUTED", "critical")
    from flows.cluster import cluster

    with cluster(run, crew) as workers:
        yield workers
