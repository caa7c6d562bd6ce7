"""Placing one city's subjects: read every address, learn from the certain ones, place the rest.

Here: wiring of the pure transforms.
Not here: the ladder (transforms/place*.py), the index file (place_store.py).
"""

from datetime import date
from functools import cache

import polars as pl

from reference.divisions import load_gazetteer
from reference.places import load_places
from reference.text_tables import load_text_tables
from transforms.place import place_read, read_addresses
from transforms.place_index import (
    PlaceFacts,
    PlaceLookup,
    common_names,
    learn_places,
    make_lookup,
    merge_facts,
    shipped_facts,
)
from transforms.place_subjects import (
    OFFICE,
    place_by_registrar,
    place_subjects,
    registrar_addresses,
    subject_addresses,
    teaching,
    told_inside,
)

ADDRESS_COLUMNS = ("row_id", "address", "division_code", "city_hint", "county_hint")


@cache
def known_places() -> PlaceFacts:
    """Return what ships about places, as facts; built once per process."""
    return shipped_facts(load_places(), load_gazetteer().villages.select("township_code", "village"))


@cache
def known_common() -> pl.DataFrame:
    """Return which names are met in several counties of the province."""
    return common_names(known_places(), load_places().limits)


def known_in(cities: pl.Series) -> PlaceFacts:
    """Return what ships about the places of some cities (4 digits each): mostly one, a tenth of it all."""
    inside = pl.col("county_code").str.slice(0, 4).is_in(cities.implode())
    return PlaceFacts(known_places().names.filter(inside), known_places().numbers.filter(inside))


def place_city(
    subjects: pl.LazyFrame, units: pl.LazyFrame, told: pl.LazyFrame, census_on: date
) -> tuple[pl.DataFrame, PlaceFacts]:
    """Return the placement of each subject (subject_key, …) and what the city's own addresses taught.

    `told`: visit_evidence.TOLD of the whole province.
    """
    gazetteer, places = load_gazetteer(), load_places()
    towns = gazetteer.divisions.filter(pl.col("level") == "township")["code"]
    inside = told_inside(told, places.other_provinces)
    addresses = subject_addresses(subjects, units, inside, census_on, towns).collect()
    read = _read(addresses)
    learned = learn_places(teaching(read.lazy(), addresses.lazy()))
    facts = merge_facts([known_in(read["city_code"].unique()), learned])
    lookup = make_lookup(facts, gazetteer.units, places.trust, known_common(), places.limits)
    office = places.methods.filter(pl.col("method") == OFFICE)["confidence"].item()
    placed = place_subjects(addresses.lazy(), _place(read, lookup), office, places.limits).collect()
    homeless = registrar_addresses(subjects, placed.lazy()).collect()
    pooled = place_by_registrar(homeless.lazy(), _place(_read(homeless), lookup), places.limits).collect()
    return pl.concat([placed, pooled.select(placed.columns)]), learned


def _read(addresses: pl.DataFrame) -> pl.DataFrame:
    rows = addresses.lazy().select(ADDRESS_COLUMNS)
    return read_addresses(rows, load_gazetteer(), load_places(), load_text_tables()).collect()


def _place(read: pl.DataFrame, lookup: PlaceLookup) -> pl.LazyFrame:
    return place_read(read.lazy(), load_gazetteer(), load_places(), lookup).collect().lazy()
