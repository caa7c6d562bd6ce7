"""Placing for tests: some addresses through the ladder, with what they teach or only what ships."""

from collections.abc import Sequence
from functools import cache

import polars as pl

from flows.steps_place import known_common, known_places
from reference.divisions import Gazetteer, load_gazetteer
from reference.places import load_places
from reference.text_tables import load_text_tables
from transforms.place import CERTAIN, place_read, read_addresses
from transforms.place_index import PlaceFacts, PlaceLookup, learn_places, make_lookup

NONE = pl.lit(None, dtype=pl.String)


def read(
    addresses: Sequence[str | None],
    *,
    city: str | None = None,
    codes: Sequence[str | None] | None = None,
    gazetteer: Gazetteer | None = None,
) -> pl.DataFrame:
    rows = pl.DataFrame(
        {
            "row_id": range(len(addresses)),
            "address": addresses,
            "division_code": codes or [None] * len(addresses),
        },
        schema={"row_id": pl.Int64, "address": pl.String, "division_code": pl.String},
    ).with_columns(city_hint=pl.lit(city, dtype=pl.String), county_hint=NONE)
    return read_addresses(
        rows.lazy(), gazetteer or load_gazetteer(), load_places(), load_text_tables()
    ).collect()


def taught_by(rows: pl.DataFrame) -> PlaceFacts:
    return learn_places(rows.lazy().filter(pl.col("method").is_in(CERTAIN)))


@cache
def shipped() -> PlaceLookup:
    places = load_places()
    return make_lookup(known_places(), load_gazetteer().units, places.trust, known_common(), places.limits)


def place(
    addresses: Sequence[str | None],
    *,
    city: str | None = None,
    codes: Sequence[str | None] | None = None,
    taught: PlaceFacts | None = None,
    gazetteer: Gazetteer | None = None,
) -> pl.DataFrame:
    """The addresses placed by what is `taught`, or where nothing is, by what ships; in their order."""
    divisions, places = gazetteer or load_gazetteer(), load_places()
    rows = read(addresses, city=city, codes=codes, gazetteer=divisions)
    lookup = (
        make_lookup(taught, divisions.units, places.trust, known_common(), places.limits)
        if taught
        else shipped()
    )
    return place_read(rows.lazy(), divisions, places, lookup).collect().sort("row_id")


def learn_and_place(addresses: Sequence[str]) -> pl.DataFrame:
    """The addresses placed by what they teach themselves and nothing else; in their order."""
    return place(addresses, taught=taught_by(read(addresses)))
