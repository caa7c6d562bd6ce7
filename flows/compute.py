"""The steps of a run and what each follows from: staged files in, curated tables of each city out.

Here: which steps there are, and their order. A step names just the files it reads, and is made anew only when
one of these is another.
Not here: what a step does (steps_*.py), what a plan is (planned.py), how results are recorded (manifest.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from flows.ingest import FileReport
from flows.manifest import Artifact, StepResult, artifact_of
from flows.planned import Planned, Run, TakeAll
from flows.split import ROUTED, Split, buckets_of, chosen
from flows.steps_curate import city_step
from flows.steps_evidence import Evidence, find_step, route_step
from flows.steps_ingest import staged_files
from flows.steps_link import census_step, link_step, parties_step, units_step
from flows.steps_register import keys_step, older_step, parents_step, subjects_step
from flows.steps_shared import list_figures, lists_step, shared_keys_step, shared_step
from transforms.evidence import LOOSE


@dataclass(frozen=True)
class Computed:
    """What the steps made: figures by step or source as the account wants them, and the cities' results."""

    figures: dict[str, dict[str, Any]]
    cities: tuple[StepResult, ...]


PER_CITY, PER_PROVINCE = 6, 8
"""Steps of compute for each city, and for all of them."""


def compute(run: Run, reports: Sequence[FileReport], splits: Sequence[Split], take_all: TakeAll) -> Computed:
    """Make subjects, links, evidence and what is shared, then each city."""
    older, census = take_all(run, [_older(splits), _census(splits)])
    cities = [c for c in older.figures["subjects"] if not run.settings.cities or c in run.settings.cities]
    run.expect(PER_CITY * len(cities) + PER_PROVINCE)
    subjects = take_all(run, [_subjects(splits, older, city) for city in cities])
    keys = take_all(run, [_keys(result) for result in subjects])
    [found] = take_all(run, [_find(splits, keys)])
    # Evidence takes most memory, and so does the link: never beside one another. Parents are few columns.
    planned = [
        [_shared_keys(result) for result in subjects],
        [_parties(census, result) for result in subjects],
        [_lists(run, reports, subjects), _parents(subjects)],
        [_route(splits, keys, found, bucket) for bucket in in_turns(_buckets(splits, keys))],
    ]
    run.expect(len(planned[-1]))
    done = iter(take_all(run, [plan for plans in planned for plan in plans]))
    keys_of_cities, parties, [lists, parents], routes = ([*islice(done, len(plans))] for plans in planned)
    [link] = take_all(run, [_link(splits, census, subjects, parties)])
    units = take_all(run, [_units(splits, link, city) for city in cities])
    years = sorted({year for route in routes for year in route.figures["years"]})
    own = [*subjects, older, parents, link, *units, *routes]
    [shared] = take_all(run, [_shared(run, [*keys_of_cities, *own, lists], years)])
    made = take_all(run, [_city(run, city, [*own, shared], years) for city in cities])
    outcomes = _outcomes(found, routes)
    kept = sum(count for city, count in older.figures["subjects"].items() if city in cities)
    later = older.figures["later"] + sum(older.figures["subjects"].values()) - kept
    figures = {
        "conform": {"cities": cities, **older.figures, "subjects": kept, "out_of_scope": later},
        "census": link.figures,
        **{source: {"outcomes": outcomes.get(source, {})} for source in ROUTED},
    }
    firms = figures["judgment_defaulters"]
    return Computed({**figures, **list_figures(lists.figures, firms)}, tuple(made))


def _older(splits: Sequence[Split]) -> Planned:
    rows = chosen(splits, ["registry"])
    return Planned(
        "older", _of(rows), lambda at: older_step(at.pieces(rows), at.work, at.settings.as_of), is_wide=True
    )


def _subjects(splits: Sequence[Split], older: StepResult, city: str) -> Planned:
    rows = chosen(splits, ["registry"], city)
    return Planned(
        f"subjects-{city}",
        (*_of(rows), *_made([older], city)),
        lambda at: subjects_step(at.pieces(rows), city, at.work, at.settings.as_of),
    )


def _parents(subjects: Sequence[StepResult]) -> Planned:
    reads = _made(subjects)
    return Planned(
        "parents", reads, lambda at: parents_step(at.paths(reads), at.work, at.settings), is_wide=True
    )


def _keys(subjects: StepResult) -> Planned:
    city = subjects.step.removeprefix("subjects-")
    return Planned(f"keys-{city}", subjects.artifacts, lambda at: keys_step(at.work, city))


def _buckets(splits: Sequence[Split], keys: Sequence[StepResult]) -> dict[str, int]:
    """Return the buckets that any row of evidence or any subject is in, each with its number of files."""
    routed = chosen(splits, ROUTED)
    names = {*buckets_of(routed), *(a.name.partition("-")[0] for a in _made(keys))}
    return {name: sum(len(split.pieces.get(name, ())) for split in routed) for name in sorted(names)}


def in_turns(sizes: Mapping[str, int]) -> list[str]:
    """Return the buckets so that of the largest no two are taken at a time: they hold most memory.

    In turns of a large one and small ones, together of its size, which are taken beside it. The turn of the
    largest comes last, when no other step is at work.
    """
    left, turns = sorted(sizes, key=lambda name: sizes[name]), list[list[str]]()
    while left:
        turn = [left.pop()]
        while left and sum(sizes[name] for name in turn[1:]) < sizes[turn[0]]:
            turn.append(left.pop(0))
        turns.append(turn)
    return [name for turn in reversed(turns) for name in turn]


def _find(splits: Sequence[Split], keys: Sequence[StepResult]) -> Planned:
    loose = chosen(splits, ROUTED, LOOSE)
    reads = (*_of(loose), *_made(keys))
    return Planned("find", reads, lambda at: find_step(Evidence(at.splits(loose), at.work)), is_wide=True)


def _census(splits: Sequence[Split]) -> Planned:
    """The census comes once in five years, the register every month."""
    rows = chosen(splits, ["census"])
    return Planned(
        "census", _of(rows), lambda at: census_step(at.splits(rows), at.work), is_wide=True, is_dateless=True
    )


def _parties(census: StepResult, subjects: StepResult) -> Planned:
    city = subjects.step.removeprefix("subjects-")
    reads = (*subjects.artifacts, *_made([census], city))
    return Planned(f"parties-{city}", reads, lambda at: parties_step(at.work, city))


def _link(
    splits: Sequence[Split],
    census: StepResult,
    subjects: Sequence[StepResult],
    parties: Sequence[StepResult],
) -> Planned:
    rows, registered, named = chosen(splits, ["census"]), _made(subjects), _made(parties)
    return Planned(
        "link",
        (*_of(rows), *census.artifacts, *registered, *named),
        lambda at: link_step(at.splits(rows), at.paths(registered), at.paths(named), at.work),
        is_wide=True,
    )


def _route(splits: Sequence[Split], keys: Sequence[StepResult], found: StepResult, bucket: str) -> Planned:
    own = chosen(splits, ROUTED, bucket) if bucket != LOOSE else []
    return Planned(
        f"route-{bucket}",
        (*_of(own), *_made([*keys, found], bucket)),
        lambda at: route_step(Evidence(at.splits(own), at.work), bucket, at.settings),
        is_large=True,
    )


def _units(splits: Sequence[Split], link: StepResult, city: str) -> Planned:
    own = chosen(splits, ["census"], city)
    reads = (*_of(own), *_made([link], city))
    return Planned(f"units-{city}", reads, lambda at: units_step(at.splits(own), city, at.work))


def _lists(run: Run, reports: Sequence[FileReport], subjects: Sequence[StepResult]) -> Planned:
    home = run.settings.home
    staged = {
        source: [artifact_of(path, home) for path in staged_files(reports, source, run.settings)]
        for source in ("address_lists", "judgment_defaulters")
    }
    return Planned(
        "lists",
        (*_made(subjects), *(file for files in staged.values() for file in files)),
        lambda at: lists_step({s: at.paths(files) for s, files in staged.items()}, at.work, at.settings),
    )


def _shared_keys(subjects: StepResult) -> Planned:
    city = subjects.step.removeprefix("subjects-")
    return Planned(
        f"sharedkeys-{city}", subjects.artifacts, lambda at: shared_keys_step(at.work, city, at.settings)
    )


def _shared(run: Run, before: Sequence[StepResult], years: Sequence[int]) -> Planned:
    reads = (*_made(before), *run.given)
    return Planned(
        "shared", reads, lambda at: shared_step(at.work, years, at.settings), (str(years),), is_wide=True
    )


def _city(run: Run, city: str, own: Sequence[StepResult], years: Sequence[int]) -> Planned:
    return Planned(
        f"city-{city}",
        (*_made(own, city), *run.given),
        lambda at: city_step(at.work, city, years, at.settings, at.run_id),
        (str(years),),
    )


def _made(results: Iterable[StepResult], place: str = "") -> tuple[Artifact, ...]:
    """Return the files of some steps: all, or those of one city or bucket."""
    return tuple(a for result in results for a in result.artifacts if a.name.startswith(place))


def _of(splits: Iterable[Split]) -> tuple[Artifact, ...]:
    return tuple(file for split in splits for files in split.pieces.values() for file in files)


def _outcomes(found: StepResult, routes: Sequence[StepResult]) -> dict[str, dict[str, int]]:
    """Add up the outcomes of a source's rows over the buckets."""
    total: dict[str, dict[str, int]] = {}
    for result in (found, *routes):
        for source, counts in result.figures["outcomes"].items():
            sums = total.setdefault(source, {})
            for outcome, count in counts.items():
                sums[outcome] = sums.get(outcome, 0) + count
    return total
