"""What the head of an address means: county and town by code, names and hints, and the rung that says so.

Here: the ladder by names, once per distinct head. Millions of addresses share some thousands of heads.
Not here: finding the names in a text (place_names.py), the tail and what is learned (place_learned.py).
"""

from collections.abc import Callable

import polars as pl

from reference.divisions import Gazetteer
from transforms.place_names import CITY, COUNTY, DEPTH, FULL, TOKENS, TOWN, has, token_bits

DECIDED = ("city_code", "county_code", "township_code", "unit", "method", "place_note")
_IN_CHAIN = [pl.col("chain") > i for i in range(DEPTH)]


def decide_heads(heads: pl.LazyFrame, gazetteer: Gazetteer) -> pl.LazyFrame:
    """The distinct heads (place_names.HEAD) plus DECIDED and `cut`; and what led there: text_scope, alias …

    township_code and method are those of the first rung that holds; `cut`: the name behind which the tail
    begins, null where that is the end of the chain; has_town: whether a town is named at all.
    """
    digits = heads.with_columns(pl.col("division_code").str.replace_all(r"\D", ""))
    named = _with_towns(_with_scope(_with_bits(digits, gazetteer), gazetteer), gazetteer)
    return _decided(_with_cores(_with_code(named, gazetteer), gazetteer), gazetteer)


def _with_bits(heads: pl.LazyFrame, gazetteer: Gazetteer) -> pl.LazyFrame:
    bits = lookup(token_bits(gazetteer), "token", "bits", pl.Int32())
    return heads.with_columns(bits(pl.col(f"t{i}")).fill_null(0).alias(f"b{i}") for i in range(DEPTH))


def _with_scope(read: pl.LazyFrame, gazetteer: Gazetteer) -> pl.LazyFrame:
    """Adds the city and county that text, code and hint name; in force: text before code before hint."""
    tokens, scopes, hints = gazetteer.tokens, gazetteer.scopes, gazetteer.hints
    scope_city = lookup(scopes, "scope", "city_code")
    counts = [_has_bit(i, FULL) | _IN_CHAIN[i] for i in range(DEPTH)]
    city, county = (
        pl.coalesce(pl.when(counts[i] & _has_bit(i, bit)).then(f"t{i}") for i in range(DEPTH))
        for bit in (CITY, COUNTY)
    )
    hint_city, hint_scope = lookup(hints, "spelling", "city_code"), lookup(hints, "spelling", "hint_scope")
    told = [pl.col(column) for column in ("county_hint", "city_hint")]
    text_scope = lookup(tokens, "token", "scope")(pl.col("_county"))
    code_scope = lookup(gazetteer.codes, "code", "scope")(pl.col("division_code").str.slice(0, 6))
    # A short name of another city's county is chance: 江山 in 宁波.
    is_whole = pl.col("_county") == pl.col("text_scope")
    fits = is_whole | (scope_city(pl.col("text_scope")) == pl.col("_known")).fill_null(True)
    return (
        read.with_columns(_city=city, _county=county)
        .with_columns(
            text_city=lookup(tokens, "token", "city_code")(pl.col("_city")),
            text_scope=text_scope,
            code_scope=code_scope,
            hint_scope=pl.coalesce(hint_scope(hint) for hint in told),
            hint_city=pl.coalesce(hint_city(hint) for hint in told),
        )
        .with_columns(_known=pl.coalesce("text_city", "hint_city"))
        .with_columns(text_scope=pl.when(fits).then("text_scope"))
        .with_columns(scope=pl.coalesce("text_scope", "code_scope", "hint_scope"))
        .with_columns(
            county_code=lookup(scopes, "scope", "county_code")(pl.col("scope")),
            scope_city=scope_city(pl.col("scope")),
        )
        .with_columns(city_code=pl.coalesce("text_city", "scope_city", "_known"))
        .drop("_city", "_county", "_known")
    )


def _with_towns(read: pl.LazyFrame, gazetteer: Gazetteer) -> pl.LazyFrame:
    """Adds the town that the first or second town name means in the county, city or province; and cut."""
    named = [pl.when(_has_bit(i, TOWN)).then(f"t{i}") for i in range(DEPTH)]
    other = [pl.when(pl.col(f"t{i}") != pl.col("alias")).then(named[i]) for i in range(1, DEPTH)]
    exact = pl.when("is_exact").then(pl.lit("=")).otherwise(pl.lit("~"))
    towns = gazetteer.towns.with_columns(meant=exact + pl.col("township_code"))
    in_scope = pair_lookup(towns, ("scope", "alias"), "meant")
    in_city = pair_lookup(gazetteer.city_towns, ("city_code", "alias"), "township_code")
    is_second = pl.col("_town0").is_null() & pl.col("_town1").is_not_null()
    by_city = pl.col("_town").is_null() & pl.col("_city0").is_null() & pl.col("_city1").is_not_null()
    meant = pl.when(is_second | by_city).then("alias1").otherwise("alias")
    # A name written twice is cut behind the first, which is not where the chain ends.
    single = [pl.lit(True), *(pl.col(f"t{i}") != pl.col(f"t{i - 1}") for i in range(1, DEPTH))]
    last = pl.coalesce(pl.when((pl.col("chain") == i + 1) & single[i]).then(f"t{i}") for i in range(DEPTH))
    return (
        read.with_columns(alias=pl.coalesce(named))
        .with_columns(alias1=pl.coalesce(other))
        .with_columns(
            _town0=in_scope(pl.col("scope"), pl.col("alias")),
            _town1=in_scope(pl.col("scope"), pl.col("alias1")),
            _city0=in_city(pl.col("city_code"), pl.col("alias")),
            _city1=in_city(pl.col("city_code"), pl.col("alias1")),
            province_town=lookup(gazetteer.province_towns, "alias", "township_code")(pl.col("alias")),
        )
        .with_columns(_town=pl.coalesce("_town0", "_town1"), city_town=pl.coalesce("_city0", "_city1"))
        .with_columns(has_town=pl.coalesce("_town", "city_town", "province_town").is_not_null())
        .with_columns(
            name_town=pl.col("_town").str.slice(1),
            is_exact=pl.col("_town").str.starts_with("="),
            cut=pl.when(pl.col("has_town") & meant.ne_missing(last)).then(meant),
        )
        .drop("_town", "_town0", "_town1", "_city0", "_city1")
    )


def _with_code(read: pl.LazyFrame, gazetteer: Gazetteer) -> pl.LazyFrame:
    """Adds code_town, the township that a code of 9 or 12 digits names."""
    towns = gazetteer.divisions.filter(pl.col("level") == "township")["code"]
    nine = pl.when(pl.col("division_code").str.len_chars() >= 9).then(pl.col("division_code").str.slice(0, 9))
    return read.with_columns(code_town=pl.when(nine.is_in(towns.implode())).then(nine))


def _with_cores(read: pl.LazyFrame, gazetteer: Gazetteer) -> pl.LazyFrame:
    """Adds core_town and core_in_city: the town whose name without suffix stands behind county or city."""
    in_scope = pair_lookup(gazetteer.cores, ("scope", "core"), "township_code")
    in_city = pair_lookup(gazetteer.city_cores, ("city_code", "core"), "township_code")
    is_open = pl.coalesce("code_town", "name_town", "city_town").is_null()
    no_scope = pl.when(pl.col("scope").is_null()).then("city_code")
    longest_first = ("core3", "core2")
    return read.with_columns(pl.when(is_open).then(core).alias(core) for core in longest_first).with_columns(
        core_town=pl.coalesce(in_scope(pl.col("scope"), pl.col(core)) for core in longest_first),
        core_in_city=pl.coalesce(in_city(no_scope, pl.col(core)) for core in longest_first),
    )


def _decided(found: pl.LazyFrame, gazetteer: Gazetteer) -> pl.LazyFrame:
    """Adds township_code and method of the first rung that holds, unit and place_note."""
    no_scope = pl.col("scope").is_null()
    nowhere = no_scope & pl.col("city_code").is_null()
    is_deep = pl.col("division_code").str.len_chars().eq(12) & ~pl.col("division_code").str.ends_with("000")
    by_name = pl.when(pl.col("is_exact")).then(pl.lit("town_name")).otherwise(pl.lit("town_former"))
    ladder = [
        (pl.col("code_town"), pl.when(is_deep).then(pl.lit("code12")).otherwise(pl.lit("code9"))),
        (pl.col("name_town"), by_name),
        (pl.when(no_scope).then("city_town"), pl.lit("town_in_city")),
        (pl.when(nowhere).then("province_town"), pl.lit("town_in_province")),
        (pl.col("core_town"), pl.lit("town_core")),
        (pl.col("core_in_city"), pl.lit("core_in_city")),
        (lookup(gazetteer.zones, "scope", "township_code")(pl.col("scope")), pl.lit("zone")),
    ]
    town = pl.coalesce(code for code, _ in ladder)
    several = gazetteer.units.filter(~pl.col("unit").str.contains(r"^\d+$"))["unit"].unique()
    wide = pl.when(pl.col("scope").is_in(several.implode())).then("scope")
    county = pl.coalesce(pl.col("township_code").str.slice(0, 6), "county_code")
    return (
        found.with_columns(
            township_code=town,
            method=pl.coalesce(pl.when(code.is_not_null()).then(method) for code, method in ladder),
            unit=pl.coalesce(wide, "county_code", "city_code"),
        )
        .with_columns(county_code=county, place_note=_note(gazetteer))
        .with_columns(city_code=pl.coalesce(pl.col("county_code").str.slice(0, 4), "city_code"))
        .with_columns(method=pl.coalesce("method", _county_method()))
        .drop(*TOKENS, *(f"b{i}" for i in range(DEPTH)))
    )


def _county_method() -> pl.Expr:
    in_county = (
        pl.when(pl.col("text_scope").is_not_null())
        .then(pl.lit("county_text"))
        .when(pl.col("code_scope").is_not_null())
        .then(pl.lit("county_code"))
        .when(pl.col("hint_scope").is_not_null())
        .then(pl.lit("county_hint"))
    )
    return (
        pl.when(pl.col("county_code").is_not_null())
        .then(in_county)
        .when(pl.col("text_city").is_not_null())
        .then(pl.lit("city_text"))
        .when(pl.col("city_code").is_not_null())
        .then(pl.lit("city_hint"))
    )


def _note(gazetteer: Gazetteer) -> pl.Expr:
    """Why a row needs a look: what text, code and hint disagree on, or what is missing.

    余杭市 and a code of 余杭区 agree: counties of today are compared, not names.
    """
    county = lookup(gazetteer.scopes, "scope", "county_code")
    text_county = county(pl.col("text_scope"))
    differs = {s: (county(pl.col(s)) != text_county).fill_null(False) for s in ("code_scope", "hint_scope")}
    other_town = (pl.col("code_town") != pl.col("name_town")).fill_null(False)
    open_town = pl.col("township_code").is_null()
    return (
        pl.when(differs["code_scope"] | other_town)
        .then(pl.lit("code_text_conflict"))
        .when(differs["hint_scope"])
        .then(pl.lit("hint_text_conflict"))
        .when((pl.col("text_city") != pl.col("scope_city")).fill_null(False))
        .then(pl.lit("city_county_conflict"))
        .when(pl.col("name_town").is_null() & pl.col("alias").is_not_null() & pl.col("scope").is_not_null())
        .then(pl.lit("town_not_in_county"))
        .when(open_town & pl.col("scope").is_not_null())
        .then(pl.lit("no_town_evidence"))
        .when(open_town & pl.col("city_code").is_not_null())
        .then(pl.lit("no_county_evidence"))
        .when(open_town)
        .then(pl.lit("no_evidence"))
    )


def _has_bit(i: int, bit: int) -> pl.Expr:
    return has(pl.col(f"b{i}"), bit)


def pair_lookup(
    table: pl.DataFrame, keys: tuple[str, str], value: str
) -> Callable[[pl.Expr, pl.Expr], pl.Expr]:
    """Return the expression that looks a pair of columns up in a small table; null where it is not there.

    One joined key, since a join on two columns costs several times as much.
    """
    known = table.select(pl.concat_str(*keys, separator="|")).to_series()
    return lambda first, second: pl.concat_str(first, second, separator="|").replace_strict(
        known, table[value], default=None, return_dtype=pl.String
    )


def lookup(
    table: pl.DataFrame, key: str, value: str, dtype: pl.DataType | None = None
) -> Callable[[pl.Expr], pl.Expr]:
    """Return the expression that looks a column up in a small table; null where it is not there."""
    return lambda column: column.replace_strict(
        table[key], table[value], default=None, return_dtype=dtype or pl.String()
    )
