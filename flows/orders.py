"""What a worker of a cluster is sent, and what it sends back.

Here: orders as plain values, the worker's half: its checks, its folder, its clock.
Not here: sending them (cluster.py), steps whose files lie in a lake (lake_steps.py).
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cloudpickle
from distributed import get_worker

from flows.hash_key import given_key, key_name
from flows.home import keep_others_out
from flows.lake import open_lake
from flows.lake_steps import LakeSteps
from flows.manifest import Artifact, Body, StepStore
from flows.scratch import Scratch
from flows.settings import code_version
from flows.site import Site
from flows.steps_ingest import Found, ingest_source_file
from flows.tasks import io_task
from reference.errors import EnvironmentProblem
from reference.rules import RULES_FILE


@dataclass(frozen=True)
class Terms:
    """What all orders of a run say: which run, where its files are, and what made the coordinator's own."""

    site: Site
    lake: str | None
    code: str
    key: str
    """The name of the key that personal numbers are hashed with; the key itself is never sent."""
    rules: bytes | None
    """The rules file, unless it is the one that ships."""

    def steps(self) -> LakeSteps:
        """Return the run's steps as this worker takes them out of the lake."""
        if code_version() != self.code:
            raise EnvironmentProblem(
                f"a worker has code {code_version()}, the run {self.code}; install the same on every machine"
            )
        folder = Path(get_worker().local_directory) / "zoufang"
        lake = open_lake(str(self.lake))
        scratch = Scratch(folder, self.site.run_id, lake)
        file = RULES_FILE if self.rules is None else folder / self.site.run_id / "rules.yml"
        if self.rules is not None:
            file.write_bytes(self.rules)
        site = replace(self.site, settings=replace(self.site.settings, rules=file))
        return LakeSteps(lake, site, scratch)


@dataclass(frozen=True)
class StepOrder:
    """A step to be taken."""

    terms: Terms
    step: str
    inputs: str
    reads: tuple[Artifact, ...]
    body: Callable[[Site], Body]

    def done(self) -> object:
        """Return the step's result."""
        site = self.terms.site
        if self.terms.lake is None:
            store = StepStore(site.settings.home, site.run_id)
            return store.take(self.step, self.inputs, lambda: self.body(site))
        return self.terms.steps().take(self.step, self.inputs, self.reads, self.body)


@dataclass(frozen=True)
class IngestOrder:
    """Inbox files to be staged and split."""

    terms: Terms
    files: Sequence[Found]

    def done(self) -> object:
        """Return what became of each file."""
        if self.terms.lake is None:
            return [ingest_source_file(*found, self.terms.site.settings) for found in self.files]
        key = given_key()
        if key is None or key_name(key) != self.terms.key:
            raise EnvironmentProblem(
                "a worker hashes with another key; give every worker the ZOUFANG_HASH_KEY of the home "
                "(docs/operations.md, A cluster)"
            )
        steps = self.terms.steps()
        return [steps.ingest(found, key) for found in self.files]


@dataclass(frozen=True)
class Done:
    """What came of an order, when it was begun (epoch seconds), and what it took."""

    result: Any
    began: float
    wall_seconds: float
    cpu_seconds: float


def carry_out(order: bytes) -> Done:
    """Do what a pickled order says, in a worker."""
    keep_others_out()
    asked: StepOrder | IngestOrder = cloudpickle.loads(order)
    began, wall, cpu = time.time(), time.perf_counter(), time.process_time()
    result = asked.done()
    return Done(result, began, time.perf_counter() - wall, time.process_time() - cpu)


order_task = io_task(carry_out)
"""Orders are sent as bytes: the orchestrator would look through every file name in them for futures."""
