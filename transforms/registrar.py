"""Where a subject is registered: city and county of today, from codes first and names second.

Here: the register's own place evidence, old county codes and names carried to their successors.
Not here: where the subject works or is to be visited (place.py).
"""

import polars as pl

from reference.register import RegisterCodes

_HINT_TEXT = pl.concat_str("city_name", "county_name", ignore_nulls=True)
_HINT = pl.when(_HINT_TEXT != "").then(_HINT_TEXT)

PROVINCE_OFFICE = "3300"  # the province's own register, and whatever no city can be told for


def register_place(frame: pl.LazyFrame, named: pl.LazyFrame, codes: RegisterCodes) -> pl.LazyFrame:
    """The same rows plus `register_city_code` (4 digits) and `register_county_code` (6 digits or null).

    Evidence in order: division code of the domicile, county and city as written, registrar's code,
    registrar's name, and last characters 3 to 8 of the USCC (the authority of first registration).
    The first that names a city decides it; the county comes from the first that names one in that city.
    `named` is `named_places(place_texts(…))` of the same rows.
    """
    is_sound = pl.col("uscc_check").is_in(["valid", "repaired"])
    prefix = pl.when(is_sound).then(pl.col("uscc").str.slice(2, 6))
    told = frame.with_columns(_HINT.alias("_hint"))
    told = with_county_of(told, pl.col("dom_div_code"), codes.counties, "_domicile")
    told = _join_named(told, named, "_hint")
    told = with_county_of(told, pl.col("reg_org_code"), codes.counties, "_registrar")
    told = _join_named(told, named, "reg_org")
    told = with_county_of(told, prefix, codes.counties, "_prefix")
    sources = ("_domicile", "_hint", "_registrar", "reg_org", "_prefix")
    cities, counties = ([f"{source}_{level}" for source in sources] for level in ("city", "county"))
    city = pl.coalesce(cities).fill_null(PROVINCE_OFFICE)
    county = pl.coalesce(
        [pl.when(pl.col(c).str.slice(0, 4) == pl.col("register_city_code")).then(c) for c in counties]
    )
    return (
        told.with_columns(city.alias("register_city_code"))
        .with_columns(county.alias("register_county_code"))
        .drop("_hint", *cities, *counties)
    )


def place_texts(staged: pl.LazyFrame) -> pl.LazyFrame:
    """One row per text of the staged register that may name its city or county: `text`; repeated."""
    return pl.concat([staged.select(_HINT.alias("text")), staged.select(pl.col("reg_org").alias("text"))])


def with_county_of(frame: pl.LazyFrame, code: pl.Expr, counties: pl.DataFrame, name: str) -> pl.LazyFrame:
    """The same rows plus `<name>_city` and `<name>_county` of today for a division code of 6 to 12 digits.

    Null outside Zhejiang; the county is null too if it was split since, or the code names only a city.
    """
    known = counties.lazy().select(
        pl.col("code").alias("_code"),
        pl.col("city_code").alias(f"{name}_city"),
        pl.col("county_code").alias(f"{name}_county"),
    )
    # A join and not replace_strict: that one is no streaming step and would hold every row in memory.
    return (
        frame.with_columns(code.str.slice(0, 6).alias("_code"))
        .join(known, on="_code", how="left", build_side="force_right")
        .drop("_code")
    )


def named_places(texts: pl.LazyFrame, places: pl.DataFrame) -> pl.LazyFrame:
    """One row per distinct text that names a city or county of Zhejiang: text, city, county.

    A full name beats a short one, a longer beats a shorter; two equally good counties give none.
    """
    found = (
        texts.filter(pl.col("text").is_not_null())
        .unique()
        .with_columns(
            spelling=pl.col("text").str.extract_many(places["spelling"].to_list(), overlapping=True)
        )
        .explode("spelling")
        .join(places.lazy(), on="spelling", validate="m:1")
        .with_columns((pl.col("is_full") * 100 + pl.col("spelling").str.len_chars()).alias("score"))
    )
    is_city = pl.col("kind") == "city"
    named_city = _best("city_code", is_city)
    inside = ~is_city & (pl.col("named_city").is_null() | (pl.col("city_code") == pl.col("named_city")))
    return (
        found.with_columns(named_city.over("text").alias("named_city"))
        .group_by("text", "named_city")
        .agg(_best("city_code", inside).alias("county_city"), _best("county_code", inside).alias("county"))
        .select("text", pl.coalesce("named_city", "county_city").alias("city"), "county")
    )


def _best(column: str, among: pl.Expr) -> pl.Expr:
    """Of a text's spellings, the `column` that the best-scored of them agree on; null if they do not."""
    score = pl.col("score").filter(among)
    best = pl.col(column).filter(among).filter(score == score.max())
    return pl.when(best.n_unique() == 1).then(best.first())


def _join_named(frame: pl.LazyFrame, named: pl.LazyFrame, column: str) -> pl.LazyFrame:
    renamed = named.rename({"text": column, "city": f"{column}_city", "county": f"{column}_county"})
    return frame.join(renamed, on=column, how="left", build_side="force_right")
