"""Which address of a subject is placed: visit, census, operating place, domicile, office, registrar (K3).

Here: the order of domain rule K3 and the fall-back to the registering county's pool (待认领).
Not here: how one address is placed (place.py).
"""

from collections.abc import Sequence
from datetime import date

import polars as pl

from reference.places import PlaceLimits
from transforms.place import OUTPUT, teaches

OFFICE = "office"
VISIT = "visit"
LATE = 4
"""Rank of a census place that the register is believed before."""
OFFICE_SUFFIX = r"(?:(?:市场监督管理|市场监管|工商行政管理|工商|监管)?(?:分局|所))$"
_NONE = pl.lit(None, dtype=pl.String)


def subject_addresses(
    subjects: pl.LazyFrame, units: pl.LazyFrame, told: pl.LazyFrame, census_on: date, towns: pl.Series
) -> pl.LazyFrame:
    """One row per address of a subject, best first: row_id, subject_key, source, rank, address,
    division_code, city_hint, county_hint, left_county (that a visit says the firm left).

    What a visit told (`told`: visit_evidence.TOLD) comes first if it is younger than the register's last
    change, else not at all. Then the census place, but last if the register was changed after `census_on` or
    the link is weak; the operating address before the domicile; then the supervising office (市场监管所),
    whose name may be a township's. Where the census gives a code of one of `towns` (9 digits), no address
    of the register could change the answer.
    """
    register = subjects.select(*_REGISTER, **_HINTS)
    changed = register.filter(pl.col("approved_on") > census_on).select("subject_key")
    census = units.select(
        "subject_key", address="loc_addr", division_code="loc_div12", city_hint=_NONE, county_hint=_NONE
    )
    late = pl.concat([changed, units.filter(pl.col("link_strength") == "weak").select("subject_key")])
    current = census.join(late, on="subject_key", how="anti")
    is_sure = pl.col("division_code").str.slice(0, 9).is_in(towns.implode())
    open_register = register.join(current.filter(is_sure), on="subject_key", how="anti")
    elsewhere = pl.col("operating_address").is_not_null() & pl.col("operating_address").ne_missing(
        pl.col("address")
    )
    at_home = pl.any_horizontal(pl.col("address", "domicile_division_code").is_not_null())
    bureau = pl.col("supervising_office").str.replace(OFFICE_SUFFIX, "").str.replace("市场监督管理局", "")
    home = _rows(open_register.filter(at_home), pl.col("address"), pl.col("domicile_division_code"))
    sources = [
        (VISIT, 0, _told(register, told)),
        ("census", 1, current),
        ("operating", 2, _rows(open_register.filter(elsewhere), pl.col("operating_address"), _NONE)),
        ("domicile", 3, home),
        ("census", LATE, census.join(late, on="subject_key", how="semi")),
        (OFFICE, 5, _rows(open_register, bureau, _NONE).drop_nulls("address")),
    ]
    return pl.concat(
        [
            rows.with_columns(source=pl.lit(source), rank=pl.lit(rank, pl.Int8))
            for source, rank, rows in sources
        ],
        how="diagonal",
    ).with_row_index("row_id")


def told_inside(told: pl.LazyFrame, other_provinces: Sequence[str]) -> pl.LazyFrame:
    """The told addresses but those that begin with another province: 江苏省…, 江苏苏州市… but not 江苏路.

    Whoever left the province is in none of its towns, whatever road or town there has the same name.
    """
    begins = rf"^\s*(?:{'|'.join(other_provinces)})(?:省|市|.{{0,4}}自治区|特别行政区|[一-龥]{{1,4}}[市州县])"
    return told.filter(~pl.col("told_address").str.contains(begins))


def teaching(read: pl.LazyFrame, addresses: pl.LazyFrame) -> pl.LazyFrame:
    """The read addresses whose township is certain and undisputed: they teach the index."""
    real = addresses.filter(pl.col("source") != OFFICE).select("row_id")
    return read.filter(teaches()).join(real, on="row_id", how="semi")


def place_subjects(
    addresses: pl.LazyFrame, placed: pl.LazyFrame, office_confidence: float, limits: PlaceLimits
) -> pl.LazyFrame:
    """One row per subject that an address places: subject_key, the columns OUTPUT, and place_source.

    `placed`: the addresses through `place_read`. The first address that knows the township decides; else the
    first that knows the county, else the city. A visit decides too that names another county than the one
    the firm left: that county's pool (待认领) is nearer to it than its old township. So is the pool of the
    county the register names where the census, which it is believed before, saw the firm in another.
    """
    level = pl.col("level")
    in_town = level.is_in(["township", "community"])
    from_hint = pl.col("method").is_in(["county_hint", "city_hint"])
    from_office, from_visit = pl.col("source") == OFFICE, pl.col("source") == VISIT
    elsewhere = pl.col("left_county") != pl.col("division_code").str.slice(0, 6)
    is_new_county = ((level == "county") & ~from_hint & elsewhere).fill_null(value=False)
    depth = pl.when(in_town | is_new_county).then(0).when(level == "county").then(1).otherwise(2)
    # An office says nothing of the county that the registrar does not, nor does a visit placed by its hint.
    tells = (~from_office | in_town) & ~(from_visit & from_hint)
    rows = addresses.select("row_id", "subject_key", "source", "rank", "left_county").join(
        placed, on="row_id"
    )
    return (
        rows.join(_left_behind(rows), on="row_id", how="anti")
        .filter(level.is_not_null() & tells)
        .with_columns(
            place_source=pl.when(from_hint).then(pl.lit("registrar")).otherwise("source"),
            confidence=pl.when(from_hint)
            .then(limits.registrar_confidence)
            .when(from_office)
            .then(office_confidence)
            .otherwise("confidence"),
            method=pl.when(from_office).then(pl.lit(OFFICE)).otherwise("method"),
            _depth=depth,
        )
        .sort("subject_key", "_depth", "rank")
        .unique("subject_key", keep="first", maintain_order=True)
        .select("subject_key", *OUTPUT, "place_source")
    )


def _left_behind(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The late census places of a county that no address of the register is in: row_id."""
    located = rows.filter(pl.col("level") != "city").select(
        "row_id", "subject_key", "source", "rank", county=pl.col("division_code").str.slice(0, 6)
    )
    registered = located.filter(pl.col("source").is_in(["operating", "domicile"]))
    late = located.filter((pl.col("source") == "census") & (pl.col("rank") == LATE))
    return (
        late.join(registered, on="subject_key", how="semi")
        .join(registered, on=["subject_key", "county"], how="anti")
        .select("row_id")
    )


def registrar_addresses(subjects: pl.LazyFrame, placed: pl.LazyFrame) -> pl.LazyFrame:
    """One row per subject that no address places: row_id, subject_key, and what its registrar tells."""
    homeless = subjects.join(placed, on="subject_key", how="anti").select(*_REGISTER, **_HINTS)
    return _rows(homeless, _NONE, _NONE).with_row_index("row_id")


def place_by_registrar(homeless: pl.LazyFrame, placed: pl.LazyFrame, limits: PlaceLimits) -> pl.LazyFrame:
    """One row per such subject, in its registering county's or city's pool; unplaced if nobody knows."""
    known = pl.col("level").is_not_null()
    return homeless.select("row_id", "subject_key").join(placed, on="row_id").select(
        "subject_key",
        *(c for c in OUTPUT if c != "confidence"),
        confidence=pl.when(known).then(limits.registrar_confidence),
        place_source=pl.when(known).then(pl.lit("registrar")),
    )  # fmt: skip


_REGISTER = (
    "subject_key", "uscc", "address", "operating_address", "domicile_division_code", "approved_on",
    "supervising_office",
)  # fmt: skip
_HINTS = {
    "city_hint": pl.coalesce("city_name", "register_city_code"),
    "county_hint": pl.coalesce("county_name", "register_county_code"),
}


def _rows(register: pl.LazyFrame, address: pl.Expr, code: pl.Expr) -> pl.LazyFrame:
    return register.select(
        "subject_key", address=address, division_code=code, city_hint="city_hint", county_hint="county_hint"
    )


def _told(register: pl.LazyFrame, told: pl.LazyFrame) -> pl.LazyFrame:
    """The addresses visits told after the register's last change, with the city and county the firm was in.

    Who left the county may be in any: then the county is no hint.
    """
    later = (pl.col("told_on") > pl.col("approved_on")).fill_null(value=True)
    stays, county = ~pl.col("is_county_left"), pl.col("told_county")
    return register.join(told, on="uscc", validate="m:1").filter(later).select(
        "subject_key",
        address="told_address",
        division_code=_NONE,
        city_hint=pl.coalesce("told_city", "city_hint"),
        county_hint=pl.when(stays).then(pl.coalesce(county, "county_hint")),
        left_county=pl.when(~stays).then(county),
    )  # fmt: skip
