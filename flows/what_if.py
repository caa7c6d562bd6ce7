"""The verb `what-if` (试算): a past batch under other rule parameters, from the evidence kept with it.

Here: the batch's frames city by city, the difference as plain values and as text.  Nothing is written.
Not here: the rules and decisions (transforms/), checking a rules file (reference/rules.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from flows.batches import Pointer, find_pointer
from flows.evidence_store import find_evidence, report_years
from flows.home import Home
from flows.progress import say
from flows.settings import code_version
from flows.steps_city import Evidence, city_facts, find_parents
from flows.steps_shared import find_shared
from reference.divisions import DIVISIONS_FILE
from reference.errors import InputProblem
from reference.rules import RuleSet
from reference.rules_file import changed_limits, read_rules
from transforms import what_if as count
from transforms.screen import screen_subjects
from transforms.target import decide


def what_if(home: Path, batch_id: str, rules_file: Path) -> dict[str, Any]:
    """Return what the batch's list would be under the rules of a file, as differences.

    by_rule, by_category, by_county and by_priority hold only what differs; all are empty if nothing does.
    InputProblem if the file is wrong, the batch unknown or its evidence gone.
    """
    rules = read_rules(rules_file)
    where = Home(home.resolve())
    pointer = find_pointer(where, batch_id)
    work = find_evidence(where, pointer.record.batch_id, pointer.record.run_id)
    changed = changed_limits(where.batches / pointer.record.run_id / "rules.yml", rules_file)
    _require_same_census(changed, pointer, rules_file)
    decisions, hits = _counts(where, pointer, work, rules)
    categories = {rule_id: rule.category for rule_id, rule in rules.rules.items()}
    return {
        "batch_id": pointer.record.batch_id,
        "version": pointer.record.version,
        "run_id": pointer.record.run_id,
        "rules_before": pointer.record.rules_version,
        "rules_after": rules.rules_version,
        "changed": changed,
        "notes": _notes(pointer),
        **count.totals(decisions),
        "by_rule": count.difference_by_rule(decisions, hits).to_dicts(),
        "by_category": count.difference_by_category(decisions, categories).to_dicts(),
        "by_county": _with_names(count.difference_by_county(decisions)).to_dicts(),
        "by_priority": count.difference_by_priority(decisions).to_dicts(),
    }


def what_if_text(difference: dict[str, Any]) -> str:
    """Return the difference as text for a terminal."""
    d = difference
    change = f"{d['targets_after'] - d['targets_before']:+,}"
    lines = [
        f"批次 {d['batch_id']} v{d['version']} under rules {d['rules_after']} (nothing is published)",
        *[f"note: {note}" for note in d["notes"]],
        *[f"{c['where']}: {c['before']} → {c['after']}" for c in d["changed"]],
        f"targets 走访目标: {d['targets_before']:,} → {d['targets_after']:,} ({change}; "
        f"entered 新增 {d['entered']:,}, left 移出 {d['left']:,})",
    ]
    titles = {
        "by_rule": "by rule 按规则 (hits, firms it decided)",
        "by_category": "by category 按类别 (firms taken off)",
        "by_county": "by county 按县 (targets)",
        "by_priority": "by priority 按优先级 (targets)",
    }
    for name, title in titles.items():
        lines += [f"{title}:", *(_table(d[name]) or ["  no difference 无差异"])]
    return "\n".join(lines)


_HIT = ("subject_key", "rule_id", "category", "severity")


@dataclass(frozen=True)
class Anew:
    """One city of a batch as published, and its facts, hits and decisions under other rules."""

    published: dict[str, pl.LazyFrame]
    facts: pl.LazyFrame
    hits: pl.LazyFrame
    decided: pl.LazyFrame


def screen_anew(home: Home, pointer: Pointer, work: Path, rules: RuleSet) -> Iterator[Anew]:
    """Yield each city of a batch screened under other rules, from the evidence of a folder."""
    record = pointer.record
    parents = find_parents(work, rules, record.as_of)
    evidence = Evidence(work, report_years(work), record.as_of, rules, parents)
    scope, shared = rules.scope(record.scope), find_shared(evidence)
    for city in pointer.units:
        tables = {
            name: pl.scan_parquet(home.curated(name, record.as_of, city, record.run_id))
            for name in ("enterprises", "rule_hits")
        }
        placed = tables["enterprises"].select("subject_key", level="place_level")
        facts = city_facts(evidence, city, placed, shared)["facts"]
        # Their sentences are not asked for, so they are not made.
        hits = screen_subjects(facts, rules, record.as_of).select(*_HIT).collect().lazy()
        yield Anew(tables, facts, hits, decide(facts, hits, scope))
        say(f"what-if {city}")


def _counts(home: Home, pointer: Pointer, work: Path, rules: RuleSet) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Count decisions and hits city by city, before and after."""
    counted = [
        (
            count.decision_counts(city.published["enterprises"], city.decided, city.facts).collect(),
            count.hit_counts(city.published["rule_hits"], city.hits).collect(),
        )
        for city in screen_anew(home, pointer, work, rules)
    ]
    decisions, hits = zip(*counted, strict=True)
    return pl.concat(decisions), pl.concat(hits)


def _require_same_census(changed: Sequence[dict[str, str]], pointer: Pointer, file: Path) -> None:
    """Refuse another reference time of the census: the batch's places rest on it and are not found anew."""
    if any(one["where"] == "common.census_on" for one in changed):
        raise InputProblem(
            f"{file}: common: census_on differs from the rules of batch {pointer.record.batch_id}, and where "
            f"firms are placed rests on it. Leave it as it was, or make the batch again with zoufang run"
        )


def _notes(pointer: Pointer) -> list[str]:
    code = pointer.record.code_version
    if code == code_version():
        return []
    return [
        f"the batch was made by program {code}, this one is {code_version()}; "
        f"differences may come from the program as well"
    ]


def _with_names(counties: pl.DataFrame) -> pl.DataFrame:
    names = pl.read_csv(DIVISIONS_FILE, infer_schema=False).select(
        county_code=pl.col("division_code").str.slice(0, 6), county="name", level="level"
    )
    names = names.filter(pl.col("level") == "county").drop("level")
    named = counties.join(names, on="county_code", how="left", maintain_order="left")
    return named.select("city_code", "county_code", pl.col("county").fill_null("待认领"), pl.exclude(
        "city_code", "county_code", "county"
    ))  # fmt: skip


def _table(rows: list[dict[str, Any]]) -> list[str]:
    if not rows:
        return []
    text = [[str(name) for name in rows[0]]]
    text += [[f"{v:,}" if isinstance(v, int) else str(v or "–") for v in row.values()] for row in rows]
    widths = [max(len(line[i]) for line in text) for i in range(len(text[0]))]
    return [
        "  " + "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in text
    ]
