"""What is known of one city's subjects: frames of every source, and the facts that rules are asked of.

Here: reading the files of steps, wiring the pure transforms that gather.
Not here: any rule (transforms/), deciding and writing the curated tables (steps_curate.py).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from flows.step_files import scan_source
from flows.steps_feedback import LOANS_FILE, VISITS_FILE
from flows.steps_register import PARENTS, SUBJECTS, SUPERSEDED
from reference.classes import load_classes
from reference.rules import RuleSet
from transforms.classify import classify_subjects
from transforms.dated_lists import DATED_SOURCES
from transforms.feed_coverage import feed_coverage
from transforms.gather import gather_evidence, registered_parents
from transforms.loan_evidence import LOANS
from transforms.overrides import with_overrides
from transforms.screen_facts import screening_facts
from transforms.shared_counts import SHARED
from transforms.shell_facts import with_shell_facts
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


def city_frames(evidence: Evidence, city: str) -> dict[str, Any]:
    """Return `source_frames` of a city, and as `coverage` what is told of its counties."""
    frames = source_frames(evidence.work, city)
    feed, rules, as_of = frames["events"]["tax_filings"], evidence.rules, evidence.as_of
    coverage = feed_coverage(frames["subjects"], frames["units"], feed, rules, as_of).collect().lazy()
    return {**frames, "coverage": coverage}


def source_frames(work: Path, city: str) -> dict[str, Any]:
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


def only(frames: Mapping[str, Any], which: Callable[[pl.LazyFrame], pl.LazyFrame]) -> dict[str, Any]:
    """Return the same frames, those about subjects with the rows that `which` leaves."""
    return {
        name: only(frame, which) if isinstance(frame, Mapping)
        else which(frame) if "subject_key" in frame.collect_schema() else frame
        for name, frame in frames.items()
    }  # fmt: skip


def city_facts(evidence: Evidence, city: str, placed: pl.LazyFrame, shared: pl.LazyFrame) -> dict[str, Any]:
    """Return the city's frames, plus placed and facts, each one row per subject.

    `shared`: what the subjects share under these rules.
    """
    return all_facts(evidence, {**city_frames(evidence, city), "shared": shared}, placed)


def all_facts(evidence: Evidence, own: dict[str, Any], placed: pl.LazyFrame) -> dict[str, Any]:
    """Return the given frames, plus placed and facts, each one row per subject."""
    base = base_facts(evidence, own, placed)
    rules, as_of = evidence.rules, evidence.as_of
    joined = with_shell_facts(base["facts"], own, rules, as_of)
    facts = with_overrides(joined, own["overrides"], own["visits"], rules.overrides, as_of)
    return {**base, "facts": facts.collect().lazy()}


def base_facts(evidence: Evidence, own: dict[str, Any], placed: pl.LazyFrame) -> dict[str, Any]:
    """Return the given frames of a city, plus placed and the facts that rest on a subject's own evidence."""
    rules, as_of = evidence.rules, evidence.as_of
    frames, classes = {name: frame for name, frame in own.items() if name not in _JOINED}, load_classes()
    coverage = frames.pop("coverage")
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
        classified, placed, coverage,
        feed_years=evidence.years, rules=rules, as_of=as_of,
        loans=frames["loans"], visits=frames["visits"],
    ).collect().lazy()  # fmt: skip
    return {**frames, "placed": placed, "facts": facts, "gathered": gathered}


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
