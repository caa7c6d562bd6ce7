"""The code lists: complete, without contradictions, and every spelling reachable."""

import polars as pl

from reference.register import RegisterCodes, bare_text, load_register_codes

CODES: RegisterCodes = load_register_codes()
CLASSES = {"enterprise", "branch", "household", "coop", "other"}


def test_every_spelling_leads_to_a_listed_status_and_is_written_as_it_is_looked_up() -> None:
    spellings = CODES.status_spellings
    assert set(spellings["status"]) <= set(CODES.statuses["status"])
    assert spellings["spelling"].is_unique().all()
    assert spellings.filter(bare_text(pl.col("spelling")) != pl.col("spelling")).is_empty()


def test_status_ranks_are_an_order_that_begins_with_existing_subjects() -> None:
    assert sorted(CODES.statuses["rank"]) == list(range(1, CODES.statuses.height + 1))
    assert CODES.statuses.sort("rank")["status"][0] == "A"


def test_every_type_has_a_class_and_every_wording_a_type() -> None:
    assert CODES.subject_types["code"].is_unique().all()
    assert set(CODES.subject_types["entity_class"]) <= CLASSES
    assert set(CODES.type_texts["code"]) <= set(CODES.subject_types["code"])
    assert CODES.type_texts["text"].is_unique().all()
    for patterns in (CODES.type_patterns, CODES.name_patterns):
        assert set(patterns["entity_class"]) <= CLASSES


def test_counties_lead_to_counties_of_today() -> None:
    today = CODES.counties.filter(pl.col("code") == pl.col("county_code"))
    assert today.height == 90
    assert CODES.counties["code"].is_unique().all()
    assert set(CODES.counties["county_code"].drop_nulls()) == set(today["code"])
    inside = pl.col("county_code").str.slice(0, 4) == pl.col("city_code")
    assert CODES.counties.filter(~inside).is_empty()


def test_place_spellings_are_unique() -> None:
    assert CODES.places["spelling"].is_unique().all()
    assert CODES.name_prefixes["prefix"].is_unique().all()
