"""The tasks of a run on Dask workers, of this machine or elsewhere; their files in the home, or in a lake.

Here: starting workers, sending orders, taking what they made back into the home, their deaths in our words.
Workers of this machine listen on loopback; the home's key and its share of processors are all they are told.
Not here: what a worker does (orders.py, lake_steps.py).
"""

import logging
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import cloudpickle
from distributed.scheduler import KilledWorker
from prefect.context import FlowRunContext
from prefect.futures import PrefectFuture
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect_dask.task_runners import DaskTaskRunner

from flows import ARE_THREADS_GIVEN, POLARS_THREADS
from flows.crew import Crew
from flows.failure import at_step
from flows.hash_key import VARIABLE, hash_key, key_name
from flows.lake import Lake, open_lake
from flows.lake_steps import Ingested, keep_staged
from flows.manifest import StepResult
from flows.orders import Done, IngestOrder, StepOrder, Terms, order_task
from flows.planned import Planned, Run
from flows.progress import say
from flows.settings import code_version
from flows.steps_ingest import Found, Staged, in_groups
from flows.timing import StepTime
from reference.errors import EnvironmentProblem
from reference.rules import RULES_FILE

SCRATCH = ".workers"
GREETING, PATIENCE = 10, 60
"""Seconds to wait for a scheduler, and for its first worker."""


@dataclass
class Cluster:
    """Workers that are there, for one run."""

    runner: DaskTaskRunner
    terms: Terms
    lake: Lake | None
    at_work: set[str] = field(default_factory=set)

    def ingest(self, run: Run, files: Sequence[Found]) -> list[Staged]:
        """Stage and split inbox files, group by group; the home gets what gate and report read."""
        futures = [self._send(IngestOrder(self.terms, group)) for group in in_groups(files)]
        staged: list[Staged] = []
        with run.at("ingest") as timed:
            for future in futures:
                done = self._done(future)
                run.clock.worked_for(timed, done.cpu_seconds)
                staged += done.result if self.lake is None else [self._kept(run, one) for one in done.result]
        return staged

    def take_all(self, run: Run, plans: Sequence[Planned]) -> list[StepResult]:
        """Take all steps at once, as many at a time as there are workers."""
        futures = [
            self._send(StepOrder(self.terms, plan.name, run.inputs(plan), plan.reads, plan.body))
            for plan in plans
        ]
        return [self._taken(run, plan, future) for plan, future in zip(plans, futures, strict=True)]

    def _send(self, order: StepOrder | IngestOrder) -> PrefectFuture[Done]:
        future: PrefectFuture[Done] = self.runner.submit(order_task, {"order": cloudpickle.dumps(order)})
        return future

    def _taken(self, run: Run, plan: Planned, future: PrefectFuture[Done]) -> StepResult:
        with at_step(plan.name):
            done = self._done(future)
            result: StepResult = done.result
            if self.lake is not None:
                run.store.keep(result, self.lake.fetch)
        began = max(0.0, done.began - run.clock.began.timestamp())
        run.clock.worked(StepTime(plan.name, began, done.wall_seconds, done.cpu_seconds, result.how))
        run.tell(result)
        return result

    def _kept(self, run: Run, ingested: Ingested) -> Staged:
        """Put the staged and quarantined rows of a file into the home, the staged ones last and whole."""
        assert self.lake is not None
        keep_staged(run.settings.home, ingested, self.lake)
        return ingested.report, ingested.split

    def _done(self, future: PrefectFuture[Done]) -> Done:
        """Wait for an order and return what came of it."""
        try:
            done = future.result()
        except KilledWorker:
            raise EnvironmentProblem(
                "workers died at this step again and again, mostly since memory was short; give them more, "
                "or start fewer (--workers), then run again with --resume"
            ) from None
        there = self._workers()
        for gone in sorted(self.at_work - there):
            say(f"note: worker {gone} is gone; what it was doing is done again")
        self.at_work |= there
        self.at_work &= there
        return done

    def _workers(self) -> set[str]:
        return {*self.runner.client.scheduler_info(n_workers=-1)["workers"]}


@contextmanager
def cluster(run: Run, crew: Crew) -> Iterator[Cluster]:
    """Give the workers of a crew while the run has steps for them."""
    settings = run.settings
    key = hash_key(settings.home)
    lake = open_lake(crew.lake) if crew.lake else None
    if lake:
        files = run.given
        lake.send(zip(run.site.paths(files), (file.sha256 for file in files), strict=True))
    rules = None if settings.rules == RULES_FILE else settings.rules.read_bytes()
    terms = Terms(run.site, crew.lake, code_version(), key_name(key), rules)
    if crew.address:
        runner = DaskTaskRunner(address=crew.address, client_kwargs={"timeout": GREETING})
    else:
        runner = DaskTaskRunner(cluster_kwargs=_processes(run, crew, key))
    with _scratch(run), temporary_settings({PREFECT_API_URL: _api_url()}), runner:
        hands = Cluster(runner, terms, lake)
        _require_workers(hands, crew)
        yield hands


@contextmanager
def _scratch(run: Run) -> Iterator[None]:
    """Leave nothing behind of workers of this machine, nor what a killed run left."""
    shutil.rmtree(run.settings.home.root / SCRATCH, ignore_errors=True)
    try:
        yield
    finally:
        shutil.rmtree(run.settings.home.root / SCRATCH, ignore_errors=True)


def _processes(run: Run, crew: Crew, key: bytes) -> dict[str, Any]:
    """Return how Dask starts workers here: one step each, processors shared evenly, on loopback."""
    processors = len(os.sched_getaffinity(0))
    count = crew.workers or processors
    threads = os.environ[POLARS_THREADS] if ARE_THREADS_GIVEN else str(max(1, processors // count))
    return {
        "n_workers": count,
        "threads_per_worker": 1,
        "memory_limit": 0,  # what a step needs it needs: the system's own limit holds, not a share of it
        "host": "127.0.0.1",
        "dashboard_address": "127.0.0.1:0",
        "local_directory": str(run.settings.home.root / SCRATCH),
        "silence_logs": logging.CRITICAL,
        "env": {POLARS_THREADS: threads, VARIABLE: key.decode()},
    }


def _api_url() -> str:
    """Return where this run's own orchestrator answers: workers must not start one each."""
    context = FlowRunContext.get()
    assert context is not None
    return str(context.client.api_url)


def _require_workers(hands: Cluster, crew: Crew) -> None:
    """Raise EnvironmentProblem unless a worker is there."""
    where = crew.address or "this machine"
    try:
        client = hands.runner.client
    except OSError:
        raise EnvironmentProblem(
            f"no Dask scheduler answers at {where}; start it, or mend the address"
        ) from None
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError:
        raise EnvironmentProblem(f"the Dask scheduler at {where} has no worker; start some") from None
