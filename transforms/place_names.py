"""Reading the names at the head of an address: city, county, township, and the tail behind them.

Here: one row in, one row out, by the gazetteer's names only.  Not here: villages, roads and what is learned
(place_tail.py, place_learned.py), codes and the decision (place.py).
"""

from collections.abc import Callable

import polars as pl

from reference.divisions import Gazetteer

DEPTH = 5
"""How many names an address is read for: city, county, town, and a repeated pair."""
NEVER_SHORT = r"^[路街镇乡大巷弄桥江山村新区县市]"
"""A short name before one of these is part of another name: 余杭路, 江山村, 绍兴大厦."""
FULL, TOWN, CITY, COUNTY = 1, 2, 4, 8


def read_names(rows: pl.LazyFrame, gazetteer: Gazetteer) -> pl.LazyFrame:
    """The rows plus the city and county that text, code and hint name, city_code, scope and county_code,
    alias, name_town, is_exact, city_town, province_town; `tail`, what stands behind the last name read.

    Takes `text` (place_text.main_text), division_code (digits), city_hint and county_hint. Short names (义乌,
    余杭) count only in an unbroken chain from the start, full ones anywhere.
    """
    chained = _with_chain(_with_tokens(rows, gazetteer))
    return _with_towns(_with_scope(chained, gazetteer), gazetteer)


def _with_tokens(rows: pl.LazyFrame, gazetteer: Gazetteer) -> pl.LazyFrame:
    """Adds t0 … t4, the first names met, and what each may be as bits: b0 … b4."""
    tokens = gazetteer.tokens.with_columns(
        bits=pl.col("is_full") * FULL
        + pl.col("is_town") * TOWN
        + pl.col("city_code").is_not_null() * CITY
        + pl.col("scope").is_not_null() * COUNTY
    )
    bits = _lookup(tokens, "token", "bits", pl.Int32())
    found = pl.col("text").str.extract_many(tokens["token"].to_list(), leftmost=True)
    names = [pl.col("_found").list.get(i, null_on_oob=True).alias(f"t{i}") for i in range(DEPTH)]
    return (
        rows.with_columns(_found=found)
        .with_columns(names)
        .with_columns(bits(pl.col(f"t{i}")).fill_null(0).alias(f"b{i}") for i in range(DEPTH))
        .drop("_found")
    )


def _with_chain(read: pl.LazyFrame) -> pl.LazyFrame:
    """Adds in0 …, whether each name belongs to the chain from the start, and r1 …, the text behind it."""
    read = read.with_columns(r0="text", in_before=pl.lit(True), had=pl.lit(0, pl.Int32))
    for i in range(DEPTH):
        token, rest, behind = pl.col(f"t{i}"), pl.col(f"r{i}"), pl.col("_behind")
        read = read.with_columns(_behind=rest.str.strip_prefix(token))
        # After a county a short name is no longer a name of a county: 拱墅区余杭塘路.
        short_ok = ~behind.str.contains(NEVER_SHORT) & ~_has(pl.col("had"), COUNTY)
        belongs = rest.str.starts_with(token) & ~_has(pl.col("had"), TOWN) & (_has_bit(i, FULL) | short_ok)
        read = read.with_columns(
            (belongs & pl.col("in_before")).fill_null(False).alias(f"in{i}")
        ).with_columns(
            pl.when(f"in{i}").then(behind).otherwise(rest).alias(f"r{i + 1}"),
            pl.when(f"in{i}").then(pl.col("had") | pl.col(f"b{i}")).otherwise("had").alias("had"),
            pl.col(f"in{i}").alias("in_before"),
        )
    return read.drop("in_before", "had", "_behind")


def _with_scope(read: pl.LazyFrame, gazetteer: Gazetteer) -> pl.LazyFrame:
    """Adds the city and county that text, code and hint name; in force: text before code before hint."""
    tokens, scopes, hints = gazetteer.tokens, gazetteer.scopes, gazetteer.hints
    scope_city = _lookup(scopes, "scope", "city_code")
    counts = [_has_bit(i, FULL) | pl.col(f"in{i}") for i in range(DEPTH)]
    city, county = (
        pl.coalesce(pl.when(counts[i] & _has_bit(i, bit)).then(f"t{i}") for i in range(DEPTH))
        for bit in (CITY, COUNTY)
    )
    hint_city, hint_scope = _lookup(hints, "spelling", "city_code"), _lookup(hints, "spelling", "hint_scope")
    told = [pl.col(column) for column in ("county_hint", "city_hint")]
    text_scope = _lookup(tokens, "token", "scope")(pl.col("_county"))
    code_scope = _lookup(gazetteer.codes, "code", "scope")(pl.col("division_code").str.slice(0, 6))
    # A short name of another city's county is chance: 江山 in 宁波.
    is_whole = pl.col("_county") == pl.col("text_scope")
    fits = is_whole | (scope_city(pl.col("text_scope")) == pl.col("_known")).fill_null(True)
    return (
        read.with_columns(_city=city, _county=county)
        .with_columns(
            text_city=_lookup(tokens, "token", "city_code")(pl.col("_city")),
            text_scope=text_scope,
            code_scope=code_scope,
            hint_scope=pl.coalesce(hint_scope(hint) for hint in told),
            hint_city=pl.coalesce(hint_city(hint) for hint in told),
        )
        .with_columns(_known=pl.coalesce("text_city", "hint_city"))
        .with_columns(text_scope=pl.when(fits).then("text_scope"))
        .with_columns(scope=pl.coalesce("text_scope", "code_scope", "hint_scope"))
        .with_columns(
            county_code=_lookup(scopes, "scope", "county_code")(pl.col("scope")),
            scope_city=scope_city(pl.col("scope")),
        )
        .with_columns(city_code=pl.coalesce("text_city", "scope_city", "_known"))
        .drop("_city", "_county", "_known")
    )


def _with_towns(read: pl.LazyFrame, gazetteer: Gazetteer) -> pl.LazyFrame:
    """Adds the town that the first or second town name means in the county, city or province; and tail."""
    named = [pl.when(_has_bit(i, TOWN)).then(f"t{i}") for i in range(DEPTH)]
    other = [pl.when(pl.col(f"t{i}") != pl.col("alias")).then(named[i]) for i in range(1, DEPTH)]
    exact = pl.when("is_exact").then(pl.lit("=")).otherwise(pl.lit("~"))
    towns = gazetteer.towns.with_columns(meant=exact + pl.col("township_code"))
    in_scope = pair_lookup(towns, ("scope", "alias"), "meant")
    in_city = pair_lookup(gazetteer.city_towns, ("city_code", "alias"), "township_code")
    is_second = pl.col("town0").is_null() & pl.col("town1").is_not_null()
    found = (
        read.with_columns(alias=pl.coalesce(named))
        .with_columns(alias1=pl.coalesce(other))
        .with_columns(
            town0=in_scope(pl.col("scope"), pl.col("alias")),
            town1=in_scope(pl.col("scope"), pl.col("alias1")),
            _city0=in_city(pl.col("city_code"), pl.col("alias")),
            _city1=in_city(pl.col("city_code"), pl.col("alias1")),
            province_town=_lookup(gazetteer.province_towns, "alias", "township_code")(pl.col("alias")),
        )
        .with_columns(_town=pl.coalesce("town0", "town1"), city_town=pl.coalesce("_city0", "_city1"))
    )
    by_city = pl.col("_town").is_null() & pl.col("_city0").is_null() & pl.col("_city1").is_not_null()
    has_town = pl.coalesce("_town", "city_town", "province_town").is_not_null()
    token = pl.when(has_town).then(pl.when(is_second | by_city).then("alias1").otherwise("alias"))
    behind = pl.col("text").str.splitn(token, 2).struct.field("field_1")
    return found.with_columns(
        name_town=pl.col("_town").str.slice(1),
        is_exact=pl.col("_town").str.starts_with("="),
        tail=pl.when(has_town).then(behind.str.strip_prefix("街道")).otherwise(f"r{DEPTH}").fill_null(""),
        rest=f"r{DEPTH}",
    ).drop(
        "_town",
        "town0",
        "town1",
        f"r{DEPTH}",
        *(f"{c}{i}" for c in ("t", "b", "r", "in") for i in range(DEPTH)),
    )


def _has(bits: pl.Expr, bit: int) -> pl.Expr:
    return (bits & bit) != 0


def _has_bit(i: int, bit: int) -> pl.Expr:
    return _has(pl.col(f"b{i}"), bit)


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


def _lookup(
    table: pl.DataFrame, key: str, value: str, dtype: pl.DataType | None = None
) -> Callable[[pl.Expr], pl.Expr]:
    """Return the expression that looks a column up in a small table; null where it is not there."""
    return lambda column: column.replace_strict(
        table[key], table[value], default=None, return_dtype=dtype or pl.String()
    )
