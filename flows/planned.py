"""A run under way, and a step to be taken: what it reads, what else it follows from, what makes it.

Here: the digests that decide whether a step is made, resumed or linked from another run.
Not here: which steps there are and in what order (compute.py), how results are recorded (manifest.py).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from flows.artifacts import Progress
from flows.deadline import require_time
from flows.failure import at_step
from flows.manifest import Artifact, Body, StepResult, StepStore, combine, digest_of
from flows.progress import brief, say
from flows.settings import Settings
from flows.site import Site
from flows.timing import StepClock, StepTime


@dataclass(frozen=True)
class Run:
    """One run under way: its settings, name, folders, and what all its steps follow from besides data."""

    settings: Settings
    run_id: str
    versions: str
    returned: str
    """Hash of what came back on earlier lists."""
    given: tuple[Artifact, ...] = ()
    """What came back, as files of the run's work folder."""
    progress: Progress | None = None
    clock: StepClock = field(default_factory=StepClock)

    @property
    def site(self) -> Site:
        """Return where the run's steps read and write."""
        return Site(self.settings, self.run_id)

    @property
    def folder(self) -> Path:
        """Return the run's own folder."""
        return self.site.folder

    @property
    def work(self) -> Path:
        """Return where the run keeps what only later steps read."""
        return self.site.work

    @property
    def store(self) -> StepStore:
        """Return the record of steps."""
        return StepStore(self.settings.home, self.run_id)

    def inputs(self, plan: "Planned") -> str:
        """Return one hash of all that a step's result follows from."""
        asked = () if plan.is_dateless else (str(self.settings.as_of), self.settings.scope)
        return combine([self.versions, *asked, digest_of(plan.reads), *plan.facts])

    def step(self, plan: "Planned") -> StepResult:
        """Return a step's result, by doing as little as its inputs allow."""
        with self.at(plan.name) as timed:
            result = self.store.take(plan.name, self.inputs(plan), lambda: plan.body(self.site))
            timed.how = result.how
        self.tell(result)
        return result

    def tell(self, result: StepResult) -> None:
        """Say at the terminal and on the run's page that a step is done."""
        if result.figures:
            say(f"{result.step}: {brief(result.figures)}")
        self.done(result.step)

    @contextmanager
    def at(self, name: str) -> Iterator[StepTime]:
        """Measure what a step takes, and let a failure inside say which step it came from.

        TimeoutError instead, if the run has no time left.
        """
        require_time()
        with at_step(name), self.clock.timing(name) as timed:
            yield timed

    def expect(self, steps: int) -> None:
        """Say on the run's page that more steps will come."""
        if self.progress:
            self.progress.expect(steps)

    def done(self, name: str) -> None:
        """Move the bar on the run's page on."""
        if self.progress:
            self.progress.done(name)


@dataclass(frozen=True)
class Planned:
    """One step to be taken: its name, every file it reads, what else it follows from, and what makes it."""

    name: str
    reads: tuple[Artifact, ...]
    body: Callable[[Site], Body]
    facts: tuple[str, ...] = ()
    is_wide: bool = False
    """Of the whole province: uses all processors by itself, and much memory."""
    is_large: bool = False
    """Holds a gigabyte or two: not many at once."""
    is_dateless: bool = False
    """Follows from neither date nor scope of the batch: batches of other dates take it up."""


TakeAll = Callable[[Run, Sequence[Planned]], list[StepResult]]
"""Takes steps that do not wait for one another, and returns their results in order."""
