"""The city step: one register city's subjects placed, screened, decided, and written as curated tables.

Here: wiring the pure transforms, a part of the city at a time so that memory does not grow with the city.
Not here: any rule (transforms/), the facts (steps_city.py), the order of steps (compute.py).
"""

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from flows.manifest import Body
from flows.place_store import write_index
from flows.settings import Settings
from flows.step_files import TurnWriter, stretches
from flows.steps_city import Evidence, all_facts, city_frames, only, scan_parents
from flows.steps_feedback import TOLD_FILE
from flows.steps_link import OPEN_UNITS
from flows.steps_place import PlacedCity
from flows.steps_register import SUBJECTS
from reference.link import load_conflict_order
from reference.rules import load_rules
from reference.tables import load_tables
from transforms.classify import CLASS_COLUMNS
from transforms.link_conflicts import link_conflicts
from transforms.place_subjects import VISIT
from transforms.screen import screen_subjects
from transforms.target import decide, visit_targets

ORDER = {
    "enterprises": ("subject_key",),
    "rule_hits": ("subject_key", "rule_id"),
    "visit_targets": ("subject_key",),
    "link_conflicts": ("conflict", "subject_key", "unit_key"),
}
"""The curated tables of a city and the order of their rows."""
CONFLICTS, PLACES = "link_conflicts", "places"
BY_SUBJECT = tuple(table for table in ORDER if table != CONFLICTS)
"""Tables whose parts follow one another as their subjects do."""
_SAID = ("told_address", "told_on", "told_event")
"""What an enterprise keeps of the visit that placed it."""
_OPEN = pl.Schema({"unit_key": pl.String, "subject_key": pl.String, "outcome": pl.String})


@dataclass(frozen=True)
class _City:
    """One city under way: what its rules are asked of, and the addresses told by visits."""

    evidence: Evidence
    code: str
    settings: Settings
    told: pl.LazyFrame


def city_step(work: Path, city: str, years: Sequence[int], settings: Settings, run_id: str) -> Body:
    """Write the curated tables of one city; return counts for account and report."""
    rules = load_rules(settings.rules)
    evidence = Evidence(work, years, settings.as_of, rules, scan_parents(work, city))
    own = _City(evidence, city, settings, pl.scan_parquet(work / TOLD_FILE))
    frames = city_frames(evidence, city)
    parts = stretches(pl.scan_parquet(work / SUBJECTS / f"{city}.parquet"))
    paths = {t: settings.home.curated(t, settings.as_of, city, run_id) for t in (*ORDER, PLACES)}
    with TemporaryDirectory(dir=work, prefix=f".city-{city}-") as name, ExitStack() as open_files:
        counts, conflicts = Counter[tuple[str, str]](), []
        places = PlacedCity(Path(name), own.told, rules.common.day("census_on"))
        for part, within in enumerate(parts):
            places.read(part, only(frames, within))
        in_turn = {table: open_files.enter_context(TurnWriter(paths[table])) for table in BY_SUBJECT}
        for part, within in enumerate(parts):
            tables = _tables(own, only(frames, within), places, part)
            counts += _counts(tables["enterprises"])
            conflicts.append(tables.pop(CONFLICTS))
            for table, frame in tables.items():
                in_turn[table].put(frame)
        write_index(places.learned, paths[PLACES])
    _write(pl.concat(conflicts).sort(ORDER[CONFLICTS]), paths[CONFLICTS])
    return [*paths.values()], _figures(counts)


def _tables(own: _City, frames: dict[str, Any], places: PlacedCity, part: int) -> dict[str, pl.DataFrame]:
    """The curated tables of one part."""
    rules, settings = own.evidence.rules, own.settings
    facts = all_facts(own.evidence, frames, places.place(part, frames["subjects"]).lazy())
    hits = screen_subjects(facts["facts"], rules, settings.as_of).collect()
    decided = decide(facts["facts"], hits.lazy(), rules.scope(settings.scope))
    enterprises = _enterprises(facts, decided, own.told).collect()
    targets = visit_targets(enterprises.lazy(), settings.batch_id, settings.as_of).collect()
    # Units left open are no subject's: the first part tells of them all.
    units = _open_units(own.evidence.work / OPEN_UNITS / f"{own.code}.parquet", is_asked=part == 0)
    return {
        "enterprises": _in_order(enterprises, "enterprises"),
        "rule_hits": _in_order(hits, "rule_hits"),
        "visit_targets": _in_order(targets, "visit_targets"),
        "link_conflicts": _conflicts(facts, units, rules.common.day("census_on")),
    }


def _write(frame: pl.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".tmp")
    frame.write_parquet(draft, compression="zstd", compression_level=1)
    draft.replace(path)


def _conflicts(frames: dict[str, pl.LazyFrame], units: pl.LazyFrame, census_on: date) -> pl.DataFrame:
    """What register and census disagree on, decided; `units`: those left open."""
    found = link_conflicts(
        frames["subjects"],
        frames["units"],
        frames["gathered"],
        units,
        load_conflict_order(),
        census_on,
        frames["placed"].filter(pl.col("place_source") == VISIT).select("subject_key"),
    )
    return found.collect()


def _open_units(path: Path, *, is_asked: bool) -> pl.LazyFrame:
    """The units linked to nobody; a city may have none."""
    if not is_asked or not path.exists():
        return pl.LazyFrame(schema=_OPEN)
    return pl.scan_parquet(path).select(list(_OPEN))


def _enterprises(frames: dict[str, pl.LazyFrame], decided: pl.LazyFrame, told: pl.LazyFrame) -> pl.LazyFrame:
    """One row per subject: register, class, place and decision, in the declared columns."""
    by_visit = pl.col("place_source") == VISIT
    links = frames["units"].select("subject_key", in_census=True, census_link_method="link_method")
    classified = frames["facts"].select("subject_key", *CLASS_COLUMNS)
    place = {"level": "place_level", "method": "place_method", "confidence": "place_confidence"}
    placed = frames["placed"].rename(place)
    return (
        frames["subjects"].drop("industry_code")
        .join(classified, on="subject_key", how="left", validate="1:1", maintain_order="left")
        .join(placed, on="subject_key", how="left", validate="1:1", maintain_order="left")
        .join(decided, on="subject_key", how="left", validate="1:1", maintain_order="left")
        .join(links, on="subject_key", how="left", validate="1:1", maintain_order="left")
        .join(told.select("uscc", *_SAID), on="uscc", how="left", validate="m:1", maintain_order="left")
        .with_columns(pl.col("in_census").fill_null(False), pl.when(by_visit).then(pl.col(*_SAID)))
        .select(column.name for column in load_tables()["enterprises"].columns)
    )  # fmt: skip


def _in_order(rows: pl.DataFrame, table: str) -> pl.DataFrame:
    """The rows in the order of their table, which joins to sorted subjects mostly keep."""
    first, *more = ORDER[table]
    if not more and rows[first].is_sorted():
        # Row groups follow chunks: without them the same rows are the same bytes.
        return rows.rechunk()
    return rows.sort(first, *more)


def _counts(enterprises: pl.DataFrame) -> Counter[tuple[str, str]]:
    """How many enterprises there are of each disposition, and how many targets on each level of place."""
    targets = enterprises.filter(pl.col("disposition") == "target")
    return Counter(
        {("dispositions", str(key)): n for key, n in enterprises["disposition"].value_counts().iter_rows()}
        | {("levels", str(key)): n for key, n in targets["place_level"].value_counts().iter_rows()}
    )


def _figures(counts: Counter[tuple[str, str]]) -> dict[str, Any]:
    """The counts by kind, in a fixed order."""
    return {
        kind: {key: counts[kind, key] for of, key in sorted(counts) if of == kind}
        for kind in ("dispositions", "levels")
    }
