"""Census units that tell another place or another name than the register (conflicts K3 and K6).

Here: which units those are and what they tell. No draw: the rest of the province stays as it is.
Not here: the other answers of a unit (census.py), who is believed (truth_conflicts.py).
"""

import polars as pl

from simulator.census import CENSUS_DAY
from simulator.places import WITHOUT_TOWN

BY_CODE = ("L1", "L2", "L3")
"""Rounds that find a unit whatever place and name it tells."""


def told_otherwise(units: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
    """One row per such unit: true_uscc, planted, new_div12 and new_addr (moved), new_name (renamed).

    planted: moved_unregistered, which the register never learned; moved_since the census, as the register
    tells, or moved_somewhere since, where the register's address names no town; renamed since.
    """
    known = subjects.select(
        "serial", "event_date", "story", "city", "name", true_uscc="uscc", address_case="case"
    )
    found = units.filter(pl.col("round").is_in(BY_CODE)).select("true_uscc", "loc_div12", "loc_addr")
    told = found.join(known, on="true_uscc", maintain_order="left").sort("loc_div12", "true_uscc")
    # Half a city of firms further on is another county.
    beyond = (pl.int_range(pl.len()) + pl.len() // 2) % pl.len()
    told = told.with_columns(
        new_div12=pl.col("loc_div12").gather(beyond), new_addr=pl.col("loc_addr").gather(beyond)
    )
    is_plain, since = pl.col("story") == "files", pl.col("event_date") > CENSUS_DAY
    elsewhere = pl.col("new_div12").str.slice(0, 6) != pl.col("loc_div12").str.slice(0, 6)
    moved = is_plain & elsewhere & (pl.col("serial") % 43 == 13)
    at_town = ~pl.col("address_case").is_in(WITHOUT_TOWN)
    planted = (
        pl.when(moved & ~since).then(pl.lit("moved_unregistered"))
        .when(moved & at_town).then(pl.lit("moved_since"))
        .when(moved).then(pl.lit("moved_somewhere"))
        .when(is_plain & since & (pl.col("serial") % 7 == 1)).then(pl.lit("renamed"))
    )  # fmt: skip
    is_renamed = pl.col("planted") == "renamed"
    return told.with_columns(planted=planted).drop_nulls("planted").select(
        "true_uscc", "planted",
        *(pl.when(~is_renamed).then(name).alias(name) for name in ("new_div12", "new_addr")),
        new_name=pl.when(is_renamed).then(_former_name()),
    )  # fmt: skip


def with_told(units: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """The units plus `planted`, those of `told_otherwise` with the place or name told there."""
    written = {"loc_div12": "new_div12", "loc_addr": "new_addr", "unit_name": "new_name"}
    joined = units.join(told, on="true_uscc", how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce(new, name).alias(name) for name, new in written.items()).drop(
        *written.values()
    )


def settled_where_seen(facts: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """The facts of subjects, town_code and division_code where the census saw a move nobody registered."""
    seen = told.filter(planted="moved_unregistered").select(
        uscc="true_uscc", division_code="new_div12", town_code=pl.col("new_div12").str.slice(0, 9)
    )
    return facts.update(seen, on="uscc")


def _former_name() -> pl.Expr:
    """A name nobody bears now: the city's, 旧 and three letters of the own brand, trade and form."""
    own = pl.col("name").str.slice(pl.col("city").str.len_chars())
    return pl.concat_str("city", pl.lit("旧"), own.str.slice(2, 3).str.reverse(), own.str.slice(5))
