"""The city step: one register city's subjects through classify, place, screen and target.

Here: wiring the pure transforms and writing the curated tables of one city.
Not here: any rule (transforms/), the order of steps (flows/run.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from flows.manifest import Body
from flows.place_store import write_index
from flows.settings import Settings
from flows.step_files import scan_source
from flows.steps_feedback import LOANS_FILE, TOLD_FILE, VISITS_FILE
from flows.steps_link import OPEN_UNITS
from flows.steps_place import place_city
from flows.steps_register import PARENTS, SUBJECTS, SUPERSEDED
from reference.classes import load_classes
from reference.link import load_conflict_order
from reference.rules import RuleSet, load_rules
from reference.tables import load_tables
from transforms.classify import CLASS_COLUMNS, classify_subjects
from transforms.dated_lists import DATED_SOURCES
from transforms.gather import gather_evidence, registered_parents
from transforms.link_conflicts import link_conflicts
from transforms.loan_evidence import LOANS
from transforms.overrides import with_overrides
from transforms.place_subjects import VISIT
from transforms.screen import screen_subjects
from transforms.screen_facts import screening_facts
from transforms.shared_counts import SHARED
from transforms.shell_facts import with_shell_facts
from transforms.target import decide, visit_targets
from transforms.visit_evidence import VISITS

EVIDENCE = {
    "reports": "annual_reports",
    "abnormal": "abnormal_list",
    "serious": "serious_violations",
    "defaulters": "judgment_defaulters",
    "trade": "customs",
    "tech": "tech_lists",
    "false_registrations": "false_registrations",
    "overrides": "overrides",
}
"""Frame names of the transforms, by the source they come from."""


_GAINED = pl.Schema(
    {"phone_key": pl.String(), "legal_rep_id_key": pl.String(), "paid_capital": pl.Decimal(18, 2)}
)
_PARENTS = pl.Schema({"parent_uscc": pl.String, "register_city_code": pl.String})
_JOINED = ("false_registrations", "shared", "overrides")
"""Frames whose facts are joined to those of a subject's own evidence."""
_SAID = ("told_address", "told_on", "told_event")
"""What an enterprise keeps of the visit that placed it."""
_UNIT_COLUMNS = ["unit_key", "link_method", "link_strength", "name_key", "loc_county_code"]
"""What the link step adds to a census row, as far as later steps read it."""


def scan_parents(work: Path, city: str = "*") -> pl.LazyFrame:
    """Return the registered firms that branches of a city, by default of any, name as their parents."""
    found = [pl.scan_parquet(path) for path in sorted((work / PARENTS).glob(f"{city}.parquet"))]
    return pl.concat([pl.LazyFrame(schema=_PARENTS), *found]).select("parent_uscc").unique()


def find_parents(work: Path, rules: RuleSet, as_of: date) -> pl.LazyFrame:
    """Return the same firms under any rules, from the subjects of the whole province."""
    subjects = pl.scan_parquet(work / SUBJECTS / "*.parquet")
    named = registered_parents(subjects, rules, as_of).select("parent_uscc").unique()
    return named.collect(engine="streaming").lazy()


def city_frames(work: Path, city: str) -> dict[str, Any]:
    """Return the city's frames by their names in the transforms; an absent source is an empty frame.

    `events` holds those of the dated lists by source.
    """
    frames = {name: _scan(work, source, city) for name, source in EVIDENCE.items()}
    return {
        **frames,
        "units": _scan(work, "units", city),
        "events": {source: _scan(work, source, city) for source in DATED_SOURCES},
        "shared": _scan_shared(work / "shared" / f"{city}.parquet"),
        "visits": _with_gained(pl.scan_parquet(work / VISITS_FILE), VISITS),
        "loans": _loans(work / LOANS_FILE),
        "superseded": _scan_superseded(work / SUPERSEDED / f"{city}.parquet"),
        "subjects": _with_gained(pl.scan_parquet(work / SUBJECTS / f"{city}.parquet"), _GAINED),
    }


@dataclass(frozen=True)
class Evidence:
    """What the rules are asked of: a folder of city frames, the feed's report years, a date, the rules.

    `parents`: `registered_parents` of the whole province under these rules.
    """

    work: Path
    years: Sequence[int]
    as_of: date
    rules: RuleSet
    parents: pl.LazyFrame


def city_facts(
    evidence: Evidence, city: str, placed: pl.LazyFrame, shared: pl.LazyFrame | None = None
) -> dict[str, Any]:
    """Return the city's frames, plus placed and facts, each one row per subject.

    `shared`: what the subjects share under these rules, where that is not what the run itself wrote.
    """
    own = city_frames(evidence.work, city)
    own["shared"] = own["shared"] if shared is None else shared
    base = base_facts(evidence, own, placed)
    rules, as_of = evidence.rules, evidence.as_of
    joined = with_shell_facts(base["facts"], own, rules, as_of)
    facts = with_overrides(joined, own["overrides"], own["visits"], rules.overrides, as_of)
    return {**base, "facts": facts.collect().lazy()}


def base_facts(evidence: Evidence, own: dict[str, Any], placed: pl.LazyFrame) -> dict[str, Any]:
    """Return the given frames of a city, plus placed and the facts that rest on a subject's own evidence."""
    rules, as_of = evidence.rules, evidence.as_of
    frames, classes = {name: frame for name, frame in own.items() if name not in _JOINED}, load_classes()
    gathered = (
        gather_evidence(
            **frames,
            parents=evidence.parents,
            classes=classes,
            rules=rules,
            as_of=as_of,
        )
        .collect()
        .lazy()
    )
    classified = classify_subjects(gathered, classes=classes, rules=rules, as_of=as_of)
    facts = screening_facts(
        classified, placed, feed_years=evidence.years, rules=rules, as_of=as_of, visits=frames["visits"]
    ).collect().lazy()  # fmt: skip
    return {**frames, "placed": placed, "facts": facts, "gathered": gathered}


def city_step(work: Path, city: str, years: Sequence[int], settings: Settings, run_id: str) -> Body:
    """Write the curated tables of one city, sorted by subject; return counts for account and report."""
    rules, own, told = load_rules(settings.rules), city_frames(work, city), pl.scan_parquet(work / TOLD_FILE)
    placed, learned = place_city(own["subjects"], own["units"], told, rules.common.day("census_on"))
    evidence = Evidence(work, years, settings.as_of, rules, scan_parents(work, city))
    frames = city_facts(evidence, city, placed.lazy())
    hits = screen_subjects(frames["facts"], rules, settings.as_of).collect().sort("subject_key", "rule_id")
    decided = decide(frames["facts"], hits.lazy(), rules.scope(settings.scope))
    enterprises = _enterprises(frames, decided, told).collect().sort("subject_key")
    targets = (
        visit_targets(enterprises.lazy(), settings.batch_id, settings.as_of).collect().sort("subject_key")
    )
    tables = {
        "enterprises": enterprises,
        "rule_hits": hits,
        "visit_targets": targets,
        "link_conflicts": _conflicts(
            frames, work / OPEN_UNITS / f"{city}.parquet", rules.common.day("census_on")
        ),
    }
    paths = [write_index(learned, settings.home.curated("places", settings.as_of, city, run_id))]
    for table, frame in tables.items():
        path = settings.home.curated(table, settings.as_of, city, run_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        frame.write_parquet(temporary, compression="zstd", compression_level=1)
        temporary.replace(path)
        paths.append(path)
    return paths, _figures(enterprises)


def _conflicts(frames: dict[str, pl.LazyFrame], open_units: Path, census_on: date) -> pl.DataFrame:
    """What register and census disagree on, decided; `open_units` is absent where the city has none."""
    schema = pl.Schema({"unit_key": pl.String, "subject_key": pl.String, "outcome": pl.String})
    found = link_conflicts(
        frames["subjects"],
        frames["units"],
        frames["gathered"],
        pl.scan_parquet(open_units).select(list(schema))
        if open_units.exists()
        else pl.LazyFrame(schema=schema),
        load_conflict_order(),
        census_on,
        frames["placed"].filter(pl.col("place_source") == VISIT).select("subject_key"),
    )
    return found.collect().sort("conflict", "subject_key", "unit_key")


def _scan(work: Path, source: str, city: str) -> pl.LazyFrame:
    """One city's rows of a source; where there are none, an empty frame of the same columns.

    What the contract has gained since the evidence was kept is null.
    """
    declared = scan_source("census" if source == "units" else source, [])
    own, others = (sorted((work / source).glob(f"{name}.parquet")) for name in (f"{city}*", "*"))
    if others:
        found = pl.scan_parquet(own) if own else pl.scan_parquet(others[0]).clear()
        known = found.collect_schema().names()
        schema = declared.collect_schema().items()
        return found.with_columns(pl.lit(None, kind).alias(c) for c, kind in schema if c not in known)
    extra = [
        "subject_key",
        "register_city_code",
        *(_UNIT_COLUMNS if source == "units" else []),
    ]
    return declared.with_columns(pl.lit(None, dtype=pl.String).alias(c) for c in extra)


def _loans(path: Path) -> pl.LazyFrame:
    """The loans known to the batch; one of an older program kept none."""
    return pl.scan_parquet(path) if path.exists() else pl.LazyFrame(schema=LOANS)


def _with_gained(frame: pl.LazyFrame, schema: pl.Schema) -> pl.LazyFrame:
    """The frame with columns that evidence kept by an older program lacks, null."""
    known = frame.collect_schema().names()
    return frame.with_columns(pl.lit(None, kind).alias(c) for c, kind in schema.items() if c not in known)


def _scan_superseded(path: Path) -> pl.LazyFrame:
    """The register rows given up for one of the city's subjects; mostly some."""
    return pl.scan_parquet(path) if path.exists() else pl.LazyFrame(schema={"subject_key": pl.String})


def _scan_shared(path: Path) -> pl.LazyFrame:
    """What the city's subjects share with others; often nothing."""
    return pl.scan_parquet(path) if path.exists() else pl.LazyFrame(schema=SHARED)


def _enterprises(frames: dict[str, pl.LazyFrame], decided: pl.LazyFrame, told: pl.LazyFrame) -> pl.LazyFrame:
    """One row per subject: register, class, place and decision, in the declared columns."""
    by_visit = pl.col("place_source") == VISIT
    links = frames["units"].select("subject_key", in_census=True, census_link_method="link_method")
    classified = frames["facts"].select("subject_key", *CLASS_COLUMNS)
    place = {"level": "place_level", "method": "place_method", "confidence": "place_confidence"}
    return (
        frames["subjects"].drop("industry_code")
        .join(classified, on="subject_key", how="left", validate="1:1")
        .join(frames["placed"].rename(place), on="subject_key", how="left", validate="1:1")
        .join(decided, on="subject_key", how="left", validate="1:1")
        .join(links, on="subject_key", how="left", validate="1:1")
        .join(told.select("uscc", *_SAID), on="uscc", how="left", validate="m:1")
        .with_columns(pl.col("in_census").fill_null(False), pl.when(by_visit).then(pl.col(*_SAID)))
        .select(column.name for column in load_tables()["enterprises"].columns)
    )  # fmt: skip


def _figures(enterprises: pl.DataFrame) -> dict[str, Any]:
    count = dict(enterprises.group_by("disposition").len().sort("disposition").iter_rows())
    levels = enterprises.filter(pl.col("disposition") == "target").group_by("place_level").len()
    return {"dispositions": count, "levels": {str(k): v for k, v in levels.sort("place_level").iter_rows()}}
