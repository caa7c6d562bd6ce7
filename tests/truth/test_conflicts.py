"""Every conflict of register and census (K1 to K10) against the simulator's truth: found, decided, kept."""

import polars as pl
import pytest

from bench import truth as compare
from bench.published import Province
from bench.truth_conflicts import conflicts, in_doubt, kept_values
from reference.link import load_conflict_order

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("province")]

PLANTED = {
    "K3": {"moved_unregistered", "moved_since", "moved_somewhere"}, "K6": {"renamed"},
    "K4": {"other_industry"},
    "K5": {"other_size", "slip", "early_report"}, "K7": {"not_on_register", "namesake_elsewhere"},
    "K10": {"local_unit", "second_unit"},
}  # fmt: skip
ELSEWHERE = {"weak_link", "told_by_visit"}
"""Lines of the order that need a damaged unit or an earlier list: tests/link, tests/faults."""


def test_every_conflict_is_found_and_decided_as_it_must(published_province: Province) -> None:
    pair = conflicts(published_province.truth, published_province.lake)
    assert not compare.differences(pair), compare.differences(pair)
    scores = compare.score(pair, "conflict")
    assert set(scores["conflict"]) == {*(f"K{number}" for number in range(1, 11)), "all"}
    assert scores.filter((pl.col("precision") != 1) | (pl.col("recall") != 1)).is_empty()


def test_what_the_winner_says_is_what_the_list_shows(published_province: Province) -> None:
    pair = kept_values(published_province.truth, published_province.lake)
    assert set(pair[0]["conflict"]) == {"K3", "K4", "K6"}
    assert not compare.differences(pair), compare.differences(pair)


def test_every_kind_is_planted_and_every_line_of_the_order_decides(published_province: Province) -> None:
    told = published_province.truth.conflicts
    planted = told.drop_nulls("planted").group_by("conflict").agg(pl.col("planted").unique())
    assert {conflict: set(kinds) for conflict, kinds in planted.iter_rows()} == PLANTED
    order = load_conflict_order().filter(~pl.col("reason").is_in(list(ELSEWHERE)))
    line = ["conflict", "winner", "loser", "reason"]
    counts = told.group_by(line).len()
    assert order.join(counts, on=line, how="anti").is_empty()
    assert counts["len"].min() >= 10


def test_only_namesakes_elsewhere_leave_doubt(published_province: Province) -> None:
    truth = published_province.truth
    doubt = in_doubt(truth, published_province.lake)
    meant = truth.conflicts.filter(planted="namesake_elsewhere")
    assert doubt.join(meant, on=["source_file", "row_no"], how="anti").is_empty()
    assert doubt.height < meant.height
