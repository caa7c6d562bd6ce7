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
from transforms.place_index import PlaceFacts, learn_places, make_lookup, merge_facts, shipped_facts
from transforms.place_subjects import OFFICE, place_subjects, subject_addresses, teaching

ADDRESS_COLUMNS = ("row_id", "address", "division_code", "city_hint", "county_hint")


@cache
def known_places() -> PlaceFacts:
    """Return what ships about places, as facts; built once per process."""
    return shipped_facts(load_places(), load_gazetteer().villages.select("township_code", "village"))


def known_in_city(city: str) -> PlaceFacts:
    """Return what ships about the places of one city (4 digits), a tenth of it all on average."""
    inside = pl.col("county_code").str.starts_with(city)
    return PlaceFacts(known_places().names.filter(inside), known_places().numbers.filter(inside))


def place_city(
    city: str, subjects: pl.LazyFrame, units: pl.LazyFrame, census_on: date
) -> tuple[pl.DataFrame, PlaceFacts]:
    """Return the placement of each subject (subject_key, …) and what the city's own addresses taught."""
    gazetteer, places = load_gazetteer(), load_places()
    addresses = subject_addresses(subjects, units, census_on).collect()
    read = read_addresses(
        addresses.lazy().select(ADDRESS_COLUMNS), gazetteer, places, load_text_tables()
    ).collect()
    learned = learn_places(teaching(read.lazy(), addresses.lazy()))
    lookup = make_lookup(merge_facts([known_in_city(city), learned]), gazetteer.units, places.trust)
    placed = place_read(read.lazy(), gazetteer, places, lookup).collect()
    confidence = places.methods.filter(pl.col("method") == OFFICE)["confidence"].item()
    return place_subjects(addresses.lazy(), placed.lazy(), confidence).collect(), learned
