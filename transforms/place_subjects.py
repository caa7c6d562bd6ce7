"""Which address of a subject is placed: census, operating place, domicile, office or registrar (K3).

Here: the order of domain rule K3 and the fall-back to the registering county's pool (待认领).
Not here: how one address is placed (place.py).
"""

from datetime import date

import polars as pl

from transforms.place import CERTAIN, OUTPUT

REGISTRAR_CONFIDENCE = 0.6
OFFICE = "office"
OFFICE_SUFFIX = r"(?:(?:市场监督管理|市场监管|工商行政管理|工商|监管)?(?:分局|所))$"
CONTRADICTORY = "code_text_conflict"
_NONE = pl.lit(None, dtype=pl.String)


def subject_addresses(subjects: pl.LazyFrame, units: pl.LazyFrame, census_on: date) -> pl.LazyFrame:
    """One row per address of a subject, best first: row_id, subject_key, source, rank, address,
    division_code, city_hint, county_hint.

    The census place comes first unless the register was changed after `census_on`, then last; the operating
    address before the domicile; then the supervising office (市场监管所), whose name may be a township's.
    """
    register = subjects.select(
        "subject_key", "address", "operating_address", "domicile_division_code", "approved_on",
        "supervising_office",
        city_hint=pl.coalesce("city_name", "register_city_code"),
        county_hint=pl.coalesce("county_name", "register_county_code"),
    )  # fmt: skip
    changed = register.filter(pl.col("approved_on") > census_on).select("subject_key")
    census = units.select(
        "subject_key", address="loc_addr", division_code="loc_div12", city_hint=_NONE, county_hint=_NONE
    )
    elsewhere = pl.col("operating_address").is_not_null() & (pl.col("operating_address") != pl.col("address"))
    at_home = pl.any_horizontal(pl.col("address", "domicile_division_code").is_not_null())
    bureau = pl.col("supervising_office").str.replace(OFFICE_SUFFIX, "")
    sources = [
        ("census", 0, census.join(changed, on="subject_key", how="anti")),
        ("operating", 1, _rows(register.filter(elsewhere), pl.col("operating_address"), _NONE)),
        ("domicile", 2, _rows(register.filter(at_home), pl.col("address"), pl.col("domicile_division_code"))),
        ("census", 3, census.join(changed, on="subject_key", how="semi")),
        (OFFICE, 4, _rows(register, bureau, _NONE).drop_nulls("address")),
        ("registrar", 5, _rows(register, _NONE, _NONE)),
    ]
    columns = ("subject_key", "address", "division_code", "city_hint", "county_hint")
    return pl.concat(
        rows.select(*columns, source=pl.lit(source), rank=pl.lit(rank, pl.Int8))
        for source, rank, rows in sources
    ).with_row_index("row_id")


def teaching(read: pl.LazyFrame, addresses: pl.LazyFrame) -> pl.LazyFrame:
    """The read addresses whose township is certain and undisputed: they teach the index."""
    real = addresses.filter(~pl.col("source").is_in([OFFICE, "registrar"])).select("row_id")
    undisputed = pl.col("place_note").ne_missing(pl.lit(CONTRADICTORY))
    return read.filter(pl.col("method").is_in(CERTAIN) & undisputed).join(real, on="row_id", how="semi")


def place_subjects(addresses: pl.LazyFrame, placed: pl.LazyFrame, office_confidence: float) -> pl.LazyFrame:
    """One row per subject with an address: subject_key, the columns OUTPUT, and place_source.

    `placed`: the addresses through `place_read`. The first address that knows the township decides; else the
    first that knows the county, else the city. Where only the registrar speaks, its county keeps the subject.
    """
    level = pl.col("level")
    in_town = level.is_in(["township", "community"])
    depth = pl.when(in_town).then(0).when(level == "county").then(1).when(level.is_not_null()).then(2)
    from_hint = (pl.col("method") == "county_hint") | (pl.col("source") == "registrar")
    from_office = (pl.col("source") == OFFICE) & (depth == 0)
    return (
        addresses.select("row_id", "subject_key", "source", "rank")
        .join(placed, on="row_id")
        .with_columns(
            place_source=pl.when(from_hint).then(pl.lit("registrar")).otherwise("source"),
            confidence=pl.when(from_hint & level.is_not_null())
            .then(REGISTRAR_CONFIDENCE)
            .when(from_office)
            .then(office_confidence)
            .otherwise("confidence"),
            method=pl.when(from_office).then(pl.lit(OFFICE)).otherwise("method"),
            _depth=depth.fill_null(3),
        )
        # An office says nothing of the county that the registrar does not.
        .filter((pl.col("source") != OFFICE) | from_office)
        .sort("subject_key", "_depth", "rank")
        .unique("subject_key", keep="first", maintain_order=True)
        .select("subject_key", *OUTPUT, place_source=pl.when(level.is_not_null()).then("place_source"))
    )


def _rows(register: pl.LazyFrame, address: pl.Expr, code: pl.Expr) -> pl.LazyFrame:
    return register.select(
        "subject_key", address=address, division_code=code, city_hint="city_hint", county_hint="county_hint"
    )
