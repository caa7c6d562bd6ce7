"""Decisions and the target list: golden cases, and what must hold of any city."""

from datetime import date

import polars as pl
import pytest
from screening_cases import AS_OF, facts_of, frames, read_cases

from reference.errors import InputProblem
from reference.rules import load_rules
from transforms.screen import screen_subjects
from transforms.target import TARGET_COLUMNS, decide, visit_targets

RULES = load_rules()


def _decided(cases: list[dict[str, str]], scope: str) -> pl.DataFrame:
    facts = facts_of(frames(cases), AS_OF)
    hits = screen_subjects(facts, RULES, AS_OF)
    return decide(facts, hits, RULES.scope(scope)).sort("subject_key").collect()


def test_decisions_follow_their_table() -> None:
    cases = read_cases("decisions")
    got = _decided(cases, "enterprise+coop").drop("subject_key").rows()
    assert got == [(case["disposition"], case["primary_rule"] or None, case["flags"]) for case in cases]


@pytest.mark.parametrize(
    ("scope", "coop", "household"),
    [
        ("enterprise", "out_of_scope", "out_of_scope"),
        ("enterprise+coop", "target", "out_of_scope"),
        ("all", "target", "target"),
    ],
)
def test_scope_decides_which_kinds_the_list_holds(scope: str, coop: str, household: str) -> None:
    decided = _decided([{"entity_class": "coop"}, {"entity_class": "household"}], scope)
    assert decided["disposition"].to_list() == [coop, household]


def test_unknown_scope_is_the_users_mistake() -> None:
    with pytest.raises(InputProblem, match="everything"):
        RULES.scope("everything")


@pytest.mark.parametrize(
    ("level", "city", "county", "township"),
    [
        ("community", "330100", "330106", "330106109"),
        ("township", "330100", "330106", "330106109"),
        ("county", "330100", "330106", None),
        ("city", "330100", None, None),
        ("province", "330200", None, None),
        (None, "330200", None, None),
    ],
)
def test_a_target_carries_codes_down_to_its_place(
    level: str | None, city: str, county: str | None, township: str | None
) -> None:
    enterprise = dict.fromkeys(TARGET_COLUMNS, "x") | {
        "disposition": "target",
        "place_level": level,
        "division_code": "330106109001" if level else None,
        "register_city_code": "3302",
    }
    enterprises = pl.LazyFrame(
        [enterprise, enterprise | {"disposition": "excluded"}],
        schema_overrides={"place_level": pl.String, "division_code": pl.String},
    )
    target = visit_targets(enterprises, "ZJ-202503-31", date(2025, 3, 31)).collect()
    assert target.columns == list(TARGET_COLUMNS)
    assert target.select("city_code", "county_code", "township_code").rows() == [(city, county, township)]
