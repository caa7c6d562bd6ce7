"""What changed between two lists: every kind of reason once, and what must hold of any two lists."""

import csv
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from list_makers import FEB, JAN, TABLES, changes_between, side

from reference.batches import load_change_reasons

KINDS = Path(__file__).parents[1] / "golden" / "batches" / "kinds.csv"
CASES = list(csv.DictReader(KINDS.read_text(encoding="utf-8").splitlines()))


def firm(words: str, established: str) -> dict[str, dict[str, Any]]:
    """Return the one firm of a case: `excluded D01 dishonest`, `hold C06 closed`, `target`, or nothing."""
    if not words:
        return {}
    state, *rule = words.split()
    told: dict[str, Any] = {"disposition": "excluded" if state == "hold" else state}
    if rule:
        severity = {"hold": "hold", "superseded": "dedupe"}.get(state, "exclude")
        told |= {"rule": rule[0], "category": rule[1], "severity": severity}
    return {"A": told | {"established_on": date.fromisoformat(established)}}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_each_reason_is_told_as_its_table_says(case: dict[str, str]) -> None:
    cities = [tuple(case[f"{when}_cities"].split()) for when in ("before", "after")]
    before = side("ZJ-202501-31", JAN, firm(case["before"], case["established"]), cities[0])
    after = side("ZJ-202502-28", FEB, firm(case["after"], case["established"]), cities[1])
    [found] = changes_between(before, after).to_dicts()
    columns = ("change", "reason_kind", "reason_rule_id", "reason_zh")
    assert [found[c] for c in columns] == [case[c] for c in columns]
    assert found["reason_en"]
    assert (found["batch_id"], found["against_batch_id"]) == ("ZJ-202502-28", "ZJ-202501-31")


def test_every_kind_of_reason_has_its_case() -> None:
    words = load_change_reasons()
    staying = {"moved", "changed"}
    assert {case["reason_kind"] for case in CASES} == set(words["reason_kind"]) - staying
    declared = {c.name: c.values for c in TABLES["batch_changes"].columns}
    assert set(words["reason_kind"]) == set(declared["reason_kind"])


def test_moved_and_changed_tell_what_differs() -> None:
    place = {"disposition": "target", "division_code": "330106001000"}
    old = {"A": place, "B": place, "C": place}
    new = {
        "A": place | {"division_code": "330203009000", "priority": 1},
        "B": place | {"priority": 1, "is_sci_tech": True},
        "C": place,
    }
    found = changes_between(side("ZJ-202501-31", JAN, old), side("ZJ-202502-28", FEB, new))
    assert found.select(
        "subject_key", "change", "changed_fields", "county_code_before", "county_code_after"
    ).rows() == [
        ("A", "moved", "priority", "330106", "330203"),
        ("B", "changed", "is_sci_tech,priority", "330106", "330106"),
    ]
    assert found["reason_zh"].to_list() == [
        "走访地点变更",
        "清单信息变更：是否科技企业、走访优先级",
    ]


STATES = st.sampled_from(
    [None,
     *({"disposition": "target", "priority": priority, "division_code": code}
       for priority in (1, 3) for code in ("330106001000", "330203009000")),
     {"disposition": "out_of_scope"}, {"disposition": "excluded", "rule": "Z02"},
     {"disposition": "excluded", "rule": "C06", "severity": "hold", "category": "closed"},
     {"disposition": "superseded", "rule": "P04", "severity": "dedupe", "category": "duplicate"}]
)  # fmt: skip
PROVINCES = st.dictionaries(st.integers(0, 25).map("F{:02}".format), st.tuples(STATES, STATES), max_size=26)


@settings(max_examples=60, deadline=None)
@given(firms=PROVINCES, cities=st.sampled_from([(), ("3302",)]))
def test_a_list_is_the_one_before_less_who_left_plus_who_entered(
    firms: dict[str, tuple[Any, Any]], cities: tuple[str, ...]
) -> None:
    before = side("ZJ-202501-31", JAN, {k: old for k, (old, _) in firms.items() if old}, cities)
    after = side("ZJ-202502-28", FEB, {k: new for k, (_, new) in firms.items() if new})
    found = changes_between(before, after)
    was, now = (set(s.visit_targets.collect()["subject_key"]) for s in (before, after))
    by_change = {change: set(part["subject_key"]) for (change,), part in found.group_by("change")}
    entered, left = by_change.get("entered", set()), by_change.get("left", set())
    assert now == (was - left) | entered
    assert left <= was
    assert not entered & was
    assert found["subject_key"].n_unique() == found.height
    required = [c.name for c in TABLES["batch_changes"].columns if c.required]
    assert found.select(required).null_count().sum_horizontal().to_list() == [0]
    same = {k for k, (old, new) in firms.items() if old == new}
    assert same & set(found["subject_key"]) == set()
    assert changes_between(after, after).is_empty()
    assert changes_between(after, before).filter(pl.col("change") == "entered").height == len(left)
