"""The steps of a run and what each follows from: staged files in, curated tables of each city out.

Here: the order of steps and the digests that decide whether one is made, resumed or linked from another run.
A step names as its inputs just the files it reads, so what did not change is not made again.
Not here: what a step does (steps_*.py), how results are recorded (manifest.py).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flows.artifacts import Progress
from flows.failure import at_step
from flows.ingest import FileReport
from flows.manifest import Body, StepResult, StepStore, combine, digest_of
from flows.progress import brief, say
from flows.settings import Settings
from flows.split import ROUTED, Split, buckets_of, pieces
from flows.steps_curate import city_step
from flows.steps_evidence import Evidence, find_step, route_step
from flows.steps_ingest import staged_files
from flows.steps_link import link_step, units_step
from flows.steps_register import keys_step, older_step, parents_step, subjects_step
from flows.steps_shared import list_figures, lists_step, shared_keys_step, shared_step
from flows.timing import StepClock, StepTime
from transforms.evidence import LOOSE


@dataclass(frozen=True)
class Run:
    """One run under way: its settings, name, folders, and what all its steps follow from besides data."""

    settings: Settings
    run_id: str
    versions: str
    returned: str
    """Hash of what came back on earlier lists."""
    progress: Progress | None = None
    clock: StepClock = field(default_factory=StepClock)

    @property
    def folder(self) -> Path:
        """Return the run's own folder."""
        return self.settings.home.run(self.run_id)

    @property
    def work(self) -> Path:
        """Return where the run keeps what only later steps read."""
        return self.folder / "work"

    @property
    def store(self) -> StepStore:
        """Return the record of steps."""
        return StepStore(self.settings.home, self.run_id)

    def step(self, name: str, inputs: str, body: Callable[[], Body]) -> StepResult:
        """Return a step's result, by doing as little as its inputs allow."""
        asked = (self.versions, str(self.settings.as_of), self.settings.scope, inputs)
        with self.at(name) as timed:
            result = self.store.take(name, combine(asked), body)
            timed.how = result.how
        if result.figures:
            say(f"{name}: {brief(result.figures)}")
        self.done(name)
        return result

    @contextmanager
    def at(self, name: str) -> Iterator[StepTime]:
        """Measure what a step takes, and let a failure inside say which step it came from."""
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
class Computed:
    """What the steps made: figures by step or source as the account wants them, and the cities' results."""

    figures: dict[str, dict[str, Any]]
    cities: tuple[StepResult, ...]


@dataclass(frozen=True)
class Planned:
    """One step to be taken: its name, what it follows from, and what makes it."""

    name: str
    inputs: str
    body: Callable[[], Body]


TakeAll = Callable[[Run, Sequence[Planned]], list[StepResult]]
"""Takes steps that do not wait for one another, and returns their results in order."""


PER_CITY, PER_PROVINCE = 4, 8
"""Steps of compute for each city, and for all of them."""


def compute(run: Run, reports: Sequence[FileReport], splits: Sequence[Split], take_all: TakeAll) -> Computed:
    """Make subjects, links, evidence and what is shared, then each city."""
    work, store = run.work, run.store
    older = _older(run, splits)
    cities = [c for c in older.figures["subjects"] if not run.settings.cities or c in run.settings.cities]
    run.expect(PER_CITY * len(cities) + PER_PROVINCE)
    subjects = take_all(run, [_subjects(run, splits, older, city) for city in cities])
    registered, paths = _digest(subjects), store.paths(a for s in subjects for a in s.artifacts)
    parents = run.step("parents", registered, lambda: parents_step(paths, work, run.settings))
    keys = run.step("keys", registered, lambda: keys_step(paths, work))
    found, routes = _routed(run, splits, keys, take_all)
    link = run.step(
        "link",
        combine([registered, *_names(splits, "census")]),
        lambda: link_step(splits, paths, work),
    )
    plans = [_units(run, splits, link, city) for city in cities]
    plans += [_lists(run, reports, registered), *(_shared_keys(run, result) for result in subjects)]
    side = take_all(run, plans)
    units, lists, keys_of_cities = side[: len(cities)], side[len(cities)], side[len(cities) + 1 :]
    years = sorted({year for route in routes for year in route.figures["years"]})
    own = [*subjects, older, parents, link, *units, *routes]
    shared = _shared(run, [*keys_of_cities, *own, lists], years)
    made = take_all(run, [_city(run, city, [*own, shared], years) for city in cities])
    outcomes = _outcomes(found, routes)
    chosen = sum(count for city, count in older.figures["subjects"].items() if city in cities)
    later = older.figures["later"] + sum(older.figures["subjects"].values()) - chosen
    figures = {
        "conform": {"cities": cities, **older.figures, "subjects": chosen, "out_of_scope": later},
        "census": link.figures,
        **{source: {"outcomes": outcomes.get(source, {})} for source in ROUTED},
    }
    firms = figures["judgment_defaulters"]
    return Computed({**figures, **list_figures(lists.figures, firms)}, tuple(made))


def _older(run: Run, splits: Sequence[Split]) -> StepResult:
    rows = [path for bucket in buckets_of(splits) for path in pieces(splits, "registry", bucket)]
    inputs = combine(_names(splits, "registry"))
    return run.step("older", inputs, lambda: older_step(rows, run.work, run.settings.as_of))


def _subjects(run: Run, splits: Sequence[Split], older: StepResult, city: str) -> Planned:
    rows = pieces(splits, "registry", city)
    inputs = combine([*_names(splits, "registry", city), _digest([older], city)])
    return Planned(
        f"subjects-{city}", inputs, lambda: subjects_step(rows, city, run.work, run.settings.as_of)
    )


def _routed(
    run: Run, splits: Sequence[Split], keys: StepResult, take_all: TakeAll
) -> tuple[StepResult, list[StepResult]]:
    """Find the subjects of loose rows, then route each bucket, as far as any row or subject is in it."""
    evidence = Evidence([split for split in splits if split.source in ROUTED], run.work)
    loose = [name for source in ROUTED for name in _names(splits, source, LOOSE)]
    found = run.step("find", combine([_digest([keys]), *loose]), lambda: find_step(evidence))

    def planned(bucket: str) -> Planned:
        own = [name for source in ROUTED for name in _names(splits, source, bucket) if bucket != LOOSE]
        inputs = combine([*own, _digest([keys, found], bucket)])
        return Planned(f"route-{bucket}", inputs, lambda: route_step(evidence, bucket, run.settings))

    buckets = {*buckets_of(evidence.splits), *(a.name.removesuffix(".parquet") for a in keys.artifacts)}
    run.expect(len(buckets))
    return found, take_all(run, [planned(bucket) for bucket in sorted(buckets)])


def _units(run: Run, splits: Sequence[Split], link: StepResult, city: str) -> Planned:
    inputs = combine([*_names(splits, "census", city), _digest([link], city)])
    return Planned(f"units-{city}", inputs, lambda: units_step(splits, city, run.work))


def _lists(run: Run, reports: Sequence[FileReport], registered: str) -> Planned:
    staged = {s: staged_files(reports, s, run.settings) for s in ("address_lists", "judgment_defaulters")}
    keys = sorted(f"{report.source} {report.key}" for report in reports if report.source in staged)
    return Planned("lists", combine([registered, *keys]), lambda: lists_step(staged, run.work, run.settings))


def _shared_keys(run: Run, subjects: StepResult) -> Planned:
    city = subjects.step.removeprefix("subjects-")
    return Planned(
        f"sharedkeys-{city}", _digest([subjects]), lambda: shared_keys_step(run.work, city, run.settings)
    )


def _shared(run: Run, before: Sequence[StepResult], years: Sequence[int]) -> StepResult:
    """Find who in the province shares what."""
    inputs = combine([_digest(before), str(years), run.returned])
    return run.step("shared", inputs, lambda: shared_step(run.work, years, run.settings))


def _city(run: Run, city: str, own: Sequence[StepResult], years: Sequence[int]) -> Planned:
    inputs = combine([_digest(own, city), str(years), run.returned])
    return Planned(f"city-{city}", inputs, lambda: city_step(run.work, city, years, run.settings, run.run_id))


def _digest(results: Iterable[StepResult], place: str = "") -> str:
    """Return one hash of the files of some steps: of all, or of those of one city or bucket."""
    return digest_of(a for result in results for a in result.artifacts if a.name.startswith(place))


def _names(splits: Sequence[Split], source: str, bucket: str | None = None) -> list[str]:
    """Return what identifies the pieces of a source, of one bucket or of all."""
    own = sorted((split for split in splits if split.source == source), key=lambda split: split.key)
    return [split.name(b) for split in own for b in sorted(split.pieces) if bucket in (None, b)]


def _outcomes(found: StepResult, routes: Sequence[StepResult]) -> dict[str, dict[str, int]]:
    """Add up the outcomes of a source's rows over the buckets."""
    total: dict[str, dict[str, int]] = {}
    for result in (found, *routes):
        for source, counts in result.figures["outcomes"].items():
            sums = total.setdefault(source, {})
            for outcome, count in counts.items():
                sums[outcome] = sums.get(outcome, 0) + count
    return total
