"""The probabilistic round on damaged records whose truth is known; seeds from 100 on are never fitted on."""

from functools import cache

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from reference.link import LinkTables, load_link_tables
from reference.register import load_register_codes
from simulator.link_calibrate import pooled
from simulator.link_case import MASKS, Prepared, all_links, link_case, prepare_case, score_links
from simulator.link_damage import WITH_CODE, damaged_case
from simulator.link_firms import make_firms
from transforms.link_candidates import BLOCKS, find_candidates
from transforms.link_parties import subject_parties, unit_parties
from transforms.link_probable import REVIEW, Probable, link_left_over
from transforms.link_score import calibrated

FIRMS, SEED = 12_000, 100


@cache
def case(mask: str = "all") -> tuple[Prepared, Probable]:
    prepared = prepare_case(damaged_case(make_firms(FIRMS, SEED), SEED), mask)
    return prepared, link_case(prepared, load_link_tables())


def scores(mask: str = "all") -> tuple[dict[str, float], dict[str, float]]:
    """Over all units, and over those without a usable code."""
    prepared, probable = case(mask)
    links, no_code = all_links(prepared, probable), ~pl.col("kind").is_in(list(WITH_CODE))
    whole = score_links(links, prepared.truth).to_dicts()[0]
    return whole, score_links(links, prepared.truth.filter(no_code)).to_dicts()[0]


def test_precision_and_recall_on_a_held_out_seed() -> None:
    whole, no_code = scores()
    assert whole["precision"] >= 0.995
    assert whole["f1"] >= 0.995
    assert no_code["f1"] >= 0.985


@pytest.mark.parametrize("mask", ["no_dates", "names_and_counties"])
def test_a_missing_column_costs_recall_and_not_precision(mask: str) -> None:
    whole, no_code = scores(mask)
    assert whole["precision"] >= 0.995
    assert no_code["f1"] >= 0.94
    assert set(MASKS[mask]) <= set(MASKS["names_and_counties"])


def test_a_stated_probability_is_how_often_it_is_right() -> None:
    prepared, probable = case()
    links = probable.links.filter(pl.col("outcome") == "linked").join(prepared.truth, on="unit_key")
    right = (links["subject_key"] == links["true_key"]).fill_null(value=False)
    assert abs(links["probability"].mean() - right.mean()) < 0.01  # type: ignore[operator]
    doubtful = links.filter(pl.col("probability") < 0.95)
    stated = doubtful["probability"].mean()
    was_right = (doubtful["subject_key"] == doubtful["true_key"]).fill_null(value=False).mean()
    assert abs(stated - was_right) < 0.1  # type: ignore[operator]


def test_calibration_rises_from_nothing_and_pooling_is_the_nearest_rising_sequence() -> None:
    curve = load_link_tables().calibration
    assert curve.row(0) == (0.0, 0.0)
    assert curve["share"].is_sorted()
    assert curve["right"].is_sorted()
    shares = pl.Series([0.0, curve["share"][5], 1.0])
    assert calibrated(shares, curve).to_list() == [
        0.0,
        round(curve["right"][5], 4),
        round(curve["right"][-1], 4),
    ]
    rising = pooled(np.array([0.2, 0.6, 0.4, 0.9]), np.array([1.0, 1.0, 3.0, 1.0]))
    assert rising.tolist() == pytest.approx([0.2, 0.45, 0.45, 0.9])


def test_one_to_one_and_nothing_between_the_outcomes() -> None:
    prepared, probable = case()
    links = all_links(prepared, probable)
    assert links["unit_key"].is_unique().all()
    assert sorted(links["unit_key"]) == sorted(prepared.units["unit_key"])
    assert links["subject_key"].drop_nulls().is_unique().all()
    assert (links["subject_key"].is_not_null() == (links["outcome"] == "linked")).all()
    assert set(links["outcome"]) <= {"linked", "ambiguous", "unlinked", "secondary"}
    assert (
        probable.links.filter(pl.col("outcome") == "linked")["probability"] >= load_link_tables().link_from
    ).all()


def test_siblings_of_firms_the_register_lacks_are_left_alone() -> None:
    prepared, probable = case()
    links = all_links(prepared, probable).join(prepared.truth, on="unit_key")
    strangers = links.filter(pl.col("true_key").is_null())
    assert strangers.height > 600
    assert strangers["subject_key"].count() <= 0.02 * strangers.height


def test_every_doubtful_unit_has_a_reason_and_a_candidate_in_the_review() -> None:
    prepared, probable = case()
    doubtful = probable.links.filter(pl.col("outcome") == "ambiguous")
    assert probable.review.schema == REVIEW
    assert set(probable.review["unit_key"]) == set(doubtful["unit_key"])
    assert set(probable.review["why"]) <= {"rivals", "contested", "uncertain"}
    assert probable.review.filter(pl.col("agreement").is_null()).is_empty()
    assert set(probable.review["subject_key"]) <= set(prepared.free["subject_key"])


def test_the_order_of_rows_changes_nothing() -> None:
    prepared, probable = case()
    shuffled = Prepared(
        prepared.subjects, prepared.units, prepared.exact,
        prepared.rest.sample(fraction=1.0, shuffle=True, seed=7),
        prepared.free.sample(fraction=1.0, shuffle=True, seed=8), prepared.truth,
    )  # fmt: skip
    again = link_case(shuffled, load_link_tables())
    assert_frame_equal(again.links.sort("unit_key"), probable.links.sort("unit_key"))
    assert_frame_equal(again.blocks, probable.blocks)


def test_exact_links_stay_and_doubt_of_an_exact_round_stays_doubt() -> None:
    prepared, _ = case()
    links, _ = link_left_over(
        prepared.exact,
        prepared.units.lazy(),
        prepared.subjects.lazy(),
        load_register_codes(),
        load_link_tables(),
    )
    assert links.columns == prepared.exact.links.columns
    exact = prepared.exact.links.filter(pl.col("outcome") == "linked").sort("unit_key")
    kept = links.join(exact.select("unit_key"), on="unit_key", how="semi").sort("unit_key")
    assert_frame_equal(kept, exact)
    by_probability = links.filter(pl.col("method") == "L5_probable")
    assert set(by_probability["strength"].drop_nulls()) == {"weak"}
    doubted = prepared.exact.links.filter(pl.col("outcome") == "ambiguous").select("unit_key")
    assert set(links.join(doubted, on="unit_key", how="semi")["outcome"]) <= {"ambiguous", "linked"}


def capped(most_pairs: int, most_per_unit: int) -> LinkTables:
    tables = load_link_tables()
    caps = tables.caps.with_columns(most_pairs=pl.lit(most_pairs), most_per_unit=pl.lit(most_per_unit))
    return LinkTables(**{**vars(tables), "caps": caps})


def shops(n: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """n units and n subjects that all go by one name in one county."""
    codes, tables = load_register_codes(), load_link_tables()
    prepared, _ = case()
    units = prepared.rest.head(1).select(pl.all().repeat_by(n).explode()).with_columns(
        unit_key=pl.int_range(pl.len()).cast(pl.String)
    )  # fmt: skip
    subjects = prepared.free.head(1).select(pl.all().repeat_by(n).explode()).with_columns(
        subject_key=pl.int_range(pl.len()).cast(pl.String),
        name=pl.lit(units["unit_name"][0]), register_county_code=pl.lit(units["reg_county_code"][0]),
    )  # fmt: skip
    return (
        unit_parties(units.lazy(), codes, tables.towns).collect(),
        subject_parties(subjects.lazy(), codes).collect(),
    )


def test_a_block_beyond_the_cap_is_counted_named_and_not_joined() -> None:
    units, subjects = shops(200)
    found = find_candidates(units, subjects, capped(1000, 20).caps)
    assert found.blocks.schema == BLOCKS
    words = found.blocks.filter(pl.col("rule") == "words").to_dicts()[0]
    assert (words["pairs"], words["left_out_pairs"], words["worst_pairs"]) == (0, 40_000, 40_000)
    assert words["worst_block"] == f"{units['middle'][0]}@{units['county'][0]}"
    assert found.pairs.height <= 40_000


def test_a_rule_brings_no_more_pairs_than_the_units_allow() -> None:
    units, subjects = shops(50)
    allowed = find_candidates(units, subjects, capped(2500, 50).caps).blocks
    refused = find_candidates(units, subjects, capped(2500, 49).caps).blocks
    assert allowed.filter(pl.col("rule") == "words")["pairs"].item() == 2500
    assert refused.filter(pl.col("rule") == "words")["pairs"].item() == 0


def test_nothing_to_link() -> None:
    prepared, _ = case()
    empty = Prepared(
        prepared.subjects,
        prepared.units,
        prepared.exact,
        prepared.rest.clear(),
        prepared.free,
        prepared.truth,
    )
    done = link_case(empty, load_link_tables())
    assert done.links.is_empty()
    assert done.review.is_empty()
