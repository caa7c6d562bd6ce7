"""Which address of a subject is placed: census, operating place, domicile or the registrar's county (K3).

Here: the order of domain rule K3 and the fall-back to the registering county's pool (待认领).
Not here: how one address is placed (place.py).
"""

from datetime import date

import polars as pl

from reference.divisions import Gazetteer
from transforms.place import OUTPUT, place_addresses

REGISTRAR_CONFIDENCE = 0.6


def place_subjects(
    subjects: pl.LazyFrame, units: pl.LazyFrame, gazetteer: Gazetteer, census_on: date
) -> pl.LazyFrame:
    """One row per subject: subject_key, the columns of `place_addresses`, and place_source.

    The census place wins unless the register was changed after `census_on`; then the operating address,
    then the domicile. The first that knows the township decides; else the first that knows the county.
    """
    register = subjects.select(
        "subject_key",
        "address",
        "operating_address",
        "domicile_division_code",
        "approved_on",
        city_hint=pl.coalesce("city_name", "register_city_code"),
        county_hint=pl.coalesce("county_name", "register_county_code"),
    )
    changed = register.filter(pl.col("approved_on") > census_on).select("subject_key")
    elsewhere = pl.col("operating_address").is_not_null() & (pl.col("operating_address") != pl.col("address"))
    coded = pl.col("domicile_division_code")
    none = pl.lit(None, dtype=pl.String)
    census = units.select(
        "subject_key", address="loc_addr", division_code="loc_div12", city_hint=none, county_hint=none
    )
    sources = [
        ("census", 0, census.join(changed, on="subject_key", how="anti")),
        ("operating", 1, _as_rows(register.filter(elsewhere), "operating_address", none)),
        (
            "domicile",
            2,
            _as_rows(register.filter(~elsewhere | pl.col("address").is_not_null()), "address", coded),
        ),
        ("census", 3, census.join(changed, on="subject_key", how="semi")),
    ]
    placed = _placed(sources, gazetteer)
    best = placed.sort("subject_key", "_depth", "_order").unique(
        "subject_key", keep="first", maintain_order=True
    )
    return _with_registrar(register.select("subject_key", "county_hint", "city_hint"), best, gazetteer)


def _as_rows(register: pl.LazyFrame, column: str, code: pl.Expr) -> pl.LazyFrame:
    return register.select(
        "subject_key",
        address=pl.col(column),
        division_code=code,
        city_hint="city_hint",
        county_hint="county_hint",
    )


def _placed(sources: list[tuple[str, int, pl.LazyFrame]], gazetteer: Gazetteer) -> pl.LazyFrame:
    """The rows of all sources that any place is known for; one call, for the names are compiled per call."""
    keyed = [
        rows.select(
            pl.exclude("subject_key"),
            row_id=pl.struct("subject_key", place_source=pl.lit(source), _order=pl.lit(order)),
        )
        for source, order, rows in sources
    ]
    level = pl.col("level")
    depth = (
        pl.when(level.is_in(["township", "community"])).then(0).when(level == "county").then(1).otherwise(2)
    )
    from_hint = pl.col("method") == "county_hint"
    return (
        place_addresses(pl.concat(keyed), gazetteer)
        .unnest("row_id")
        .filter(level.is_not_null())
        .with_columns(
            place_source=pl.when(from_hint).then(pl.lit("registrar")).otherwise("place_source"),
            confidence=pl.when(from_hint).then(REGISTRAR_CONFIDENCE).otherwise("confidence"),
            _depth=depth,
        )
    )


def _with_registrar(register: pl.LazyFrame, best: pl.LazyFrame, gazetteer: Gazetteer) -> pl.LazyFrame:
    """One row per subject; those no address places go to their registering county's or city's pool."""
    joined = register.join(best, on="subject_key", how="left", validate="1:1")
    empty = pl.lit(None, dtype=pl.String)
    homeless = joined.filter(pl.col("place_source").is_null()).select(
        "subject_key", address=empty, division_code=empty, city_hint="city_hint", county_hint="county_hint"
    )
    pooled = _placed([("registrar", 4, homeless)], gazetteer)
    columns = [*OUTPUT, "place_source"]
    return joined.join(pooled, on="subject_key", how="left", suffix="_pool").select(
        "subject_key",
        *(
            pl.coalesce(c, f"{c}_pool").alias(c)
            if c != "place_source"
            else pl.coalesce(c, pl.when(pl.col("level_pool").is_not_null()).then(pl.lit("registrar"))).alias(
                c
            )
            for c in columns
        ),
    )
