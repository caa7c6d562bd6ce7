"""Placing one city's subjects: read every address, learn from the certain ones, place the rest.

Here: wiring of the pure transforms.
Not here: the ladder (transforms/place*.py), the index file (place_store.py).
"""

from collections.abc import Mapping
from datetime import date
from functools import cache, cached_property
from pathlib import Path

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


class PlacedCity:
    """One city's addresses, part by part: all are read before the first is placed, as each may teach.

    What was read lies in `folder` meanwhile. `told`: visit_evidence.TOLD of the whole province.
    """

    def __init__(self, folder: Path, told: pl.LazyFrame, census_on: date) -> None:
        self._folder, self._census_on = folder, census_on
        self._told = told_inside(told, load_places().other_provinces)
        self._towns = load_gazetteer().divisions.filter(pl.col("level") == "township")["code"]
        self._taught: list[PlaceFacts] = []
        self._cities: set[str] = set()

    def read(self, part: int, frames: Mapping[str, pl.LazyFrame]) -> None:
        """Read the addresses of a part (its subjects and units) and learn from those that are certain."""
        addresses = subject_addresses(
            frames["subjects"], frames["units"], self._told, self._census_on, self._towns
        ).collect()
        read = _read(addresses)
        self._taught.append(learn_places(teaching(read.lazy(), addresses.lazy())))
        self._cities |= set(read["city_code"].drop_nulls())
        for name, frame in (("addresses", addresses), ("read", read)):
            frame.write_parquet(self._folder / f"{name}-{part:05}.parquet", compression="uncompressed")

    @cached_property
    def learned(self) -> PlaceFacts:
        """What the city's own addresses taught."""
        return merge_facts(self._taught)

    def place(self, part: int, subjects: pl.LazyFrame) -> pl.DataFrame:
        """Return the placement of each subject of a part: subject_key, …"""
        places = load_places()
        addresses, read = (
            pl.read_parquet(self._folder / f"{name}-{part:05}.parquet") for name in ("addresses", "read")
        )
        office = places.methods.filter(pl.col("method") == OFFICE)["confidence"].item()
        rows = _place(read, self._lookup)
        placed = place_subjects(addresses.lazy(), rows, office, places.limits).collect()
        homeless = registrar_addresses(subjects, placed.lazy()).collect()
        pooled = place_by_registrar(homeless.lazy(), _place(_read(homeless), self._lookup), places.limits)
        return pl.concat([placed, pooled.collect().select(placed.columns)])

    @cached_property
    def _lookup(self) -> PlaceLookup:
        places = load_places()
        known = known_in(pl.Series(sorted(self._cities), dtype=pl.String))
        facts = merge_facts([known, self.learned])
        return make_lookup(facts, load_gazetteer().units, places.trust, known_common(), places.limits)


def _read(addresses: pl.DataFrame) -> pl.DataFrame:
    rows = addresses.lazy().select(ADDRESS_COLUMNS)
    return read_addresses(rows, load_gazetteer(), load_places(), load_text_tables()).collect()


def _place(read: pl.DataFrame, lookup: PlaceLookup) -> pl.LazyFrame:
    return place_read(read.lazy(), load_gazetteer(), load_places(), lookup).collect().lazy()
