"""Every rule against its golden table: both sides of each limit, in words a clerk can check."""

from collections.abc import Iterator
from datetime import date
from functools import cache

import polars as pl
import pytest
from screening_cases import facts_of, frames, read_cases, rules_if

from transforms.screen import PREDICATES, explain_subject, screen_subjects


@cache
def _told(rule_id: str) -> list[tuple[dict[str, str], dict[str, str], dict[str, str] | None]]:
    """Return each case of a rule's table with its explanation and, if it fired, its hit."""
    return [found for group in _groups(rule_id) for found in _told_of_group(rule_id, group)]


def _groups(rule_id: str) -> Iterator[list[dict[str, str]]]:
    """The cases of one table by batch date, covered report years and rules: one city each."""
    cases = read_cases(rule_id)
    for key in dict.fromkeys(map(_city, cases)):
        yield [case for case in cases if _city(case) == key]


def _city(case: dict[str, str]) -> tuple[str | None, ...]:
    return tuple(case.get(name) for name in ("as_of", "feed", "census_excludes"))


def _told_of_group(
    rule_id: str, cases: list[dict[str, str]]
) -> Iterator[tuple[dict[str, str], dict[str, str], dict[str, str] | None]]:
    as_of = date.fromisoformat(cases[0]["as_of"])
    feed = [int(year) for year in cases[0]["feed"].split()] if cases[0].get("feed") else None
    rules = rules_if(census_excludes=cases[0].get("census_excludes") == "yes")
    facts = facts_of(frames(cases), as_of, feed)
    is_rule = pl.col("rule_id") == rule_id
    told = explain_subject(facts, rules, as_of).filter(is_rule).sort("subject_key").collect()
    hits = screen_subjects(facts, rules, as_of).filter(is_rule).collect()
    by_subject = {hit["subject_key"]: hit for hit in hits.to_dicts()}
    for case, explained in zip(cases, told.to_dicts(), strict=True):
        yield case, explained, by_subject.get(explained["subject_key"])


@pytest.mark.parametrize("rule_id", list(PREDICATES))
def test_rule_fires_exactly_where_its_table_says(rule_id: str) -> None:
    told = _told(rule_id)
    got = {case["case"]: "yes" if hit else "no" for case, _, hit in told}
    assert got == {case["case"]: case["fires"] for case, _, _ in told}
    assert {case["fires"] for case, _, _ in told} == {"yes", "no"}


@pytest.mark.parametrize("rule_id", list(PREDICATES))
def test_explanation_says_the_same_as_the_hit(rule_id: str) -> None:
    for _, explained, hit in _told(rule_id):
        assert (explained["outcome"] == "fired") == (hit is not None)
        if hit:
            assert explained["why_zh"] == hit["reason_zh"]
            assert explained["inputs"] == hit["evidence"]


@pytest.mark.parametrize("rule_id", list(PREDICATES))
def test_reasons_are_filled_in_and_state_no_census_figure(rule_id: str) -> None:
    for case, _, hit in _told(rule_id):
        if hit is None:
            continue
        assert "{" not in hit["reason_zh"] + hit["reason_en"]
        assert '"source":' in hit["evidence"]
        assert f'"as_of":"{case["as_of"]}"' in hit["evidence"]
        restricted = [case.get(f"census_{name}") for name in ("revenue_wan", "inst", "industry", "staff")]
        assert not any(f'"{value}"' in hit["evidence"] for value in restricted if value)


def test_an_unknown_input_is_told_as_unknown() -> None:
    outcomes = {case["case"]: told["outcome"] for case, told, _ in _told("Z02")}
    assert outcomes["成立日期不明不作判断"] == "unknown"
    assert outcomes["个体户不适用"] == "not_applicable"
    assert {case["case"]: told["outcome"] for case, told, _ in _told("Z05")}["一项空缺不算零"] == "unknown"
