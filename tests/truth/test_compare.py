"""The comparison itself: what one side lacks is named, and shares are of the right whole."""

import polars as pl

from bench.truth import differences, score

EXPECTED = pl.DataFrame({"subject_key": ["A", "B", "C"], "rule_id": ["C01", "C01", "Z02"]})


def test_equal_sides_differ_in_nothing() -> None:
    assert differences((EXPECTED, EXPECTED.reverse())) == ""
    nulls = EXPECTED.with_columns(rule_id=pl.lit(None, pl.String))
    assert differences((nulls, nulls)) == ""


def test_the_first_missing_and_extra_subjects_are_named() -> None:
    found = pl.DataFrame({"subject_key": ["A", "B", "D"], "rule_id": ["C01", "C02", "Z02"]})
    text = differences((EXPECTED, found), first=1)
    assert "2 expected but not found, the first: [{'subject_key': 'B', 'rule_id': 'C01'}]" in text
    assert "2 found but not expected, the first: [{'subject_key': 'B', 'rule_id': 'C02'}]" in text


def test_a_fact_that_stands_twice_is_a_difference() -> None:
    assert "twice" in differences((EXPECTED, pl.concat([EXPECTED, EXPECTED.head(1)])))


def test_scores_count_wrong_and_absent_apart() -> None:
    found = pl.DataFrame({"subject_key": ["A", "X", "C"], "rule_id": ["C01", "C01", "Z05"]})
    scores = {row["rule_id"]: row for row in score((EXPECTED, found), "rule_id").to_dicts()}
    assert (scores["C01"]["precision"], scores["C01"]["recall"]) == (0.5, 0.5)
    assert (scores["Z02"]["found"], scores["Z02"]["recall"], scores["Z02"]["coverage"]) == (0, 0.0, 0.0)
    assert (scores["Z05"]["expected"], scores["Z05"]["right"], scores["Z05"]["precision"]) == (0, 0, 0.0)
    assert scores["all"]["right"] == 1
