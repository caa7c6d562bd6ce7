"""Divisions of Zhejiang and the gazetteer made of them: names and the county or town they mean.

Here: reading `divisions/*.csv` into small frames.  Not here: applying them (transforms/place.py).
"""

import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

import polars as pl

from reference.scopes import (
    DIVISIONS_DIR,
    county_codes,
    county_names,
    county_reach,
    lookup_units,
    of_level,
    read_division_file,
    short_names,
    zone_towns,
)

DIVISIONS_FILE = DIVISIONS_DIR / "divisions_zhejiang_2023.csv"
VILLAGE_OFFICES = r"(?:社区)?居民委员会$|(?:社区)?居委会$|村民委员会$|村委会$|民委员会$"
TOWN_SUFFIX = r"(?:街道|镇|民族乡|乡)$"
PROVINCE_SUFFIX = r"(?:省|市|(?:壮族|回族|维吾尔)?自治区)$"


@dataclass(frozen=True)
class Gazetteer:
    """Names and what they stand for; `scope` is a county name, present or former, as an address has it."""

    province: tuple[str, str]  # code (2 digits), name
    divisions: pl.DataFrame  # code (2..12 digits, unpadded), name, level
    tokens: pl.DataFrame  # token, city_code, scope, is_full, is_town: every name an address may begin with
    hints: pl.DataFrame  # spelling (a name or a code of a city or county), city_code, hint_scope
    scopes: pl.DataFrame  # scope, county_code (6 digits; null if it is several today), city_code, is_former
    codes: pl.DataFrame  # code (6 digits, present or former), scope
    units: pl.DataFrame  # unit, county_code: what an address is looked up in, and the counties it covers
    towns: pl.DataFrame  # scope, alias, township_code (9), is_exact
    city_towns: pl.DataFrame  # city_code, alias, township_code: names that occur once in the city
    province_towns: pl.DataFrame  # alias, township_code: names that occur once in the province
    zones: pl.DataFrame  # scope, township_code: functional zones that are one township
    cores: pl.DataFrame  # scope, core, township_code: town names without their suffix
    city_cores: pl.DataFrame  # city_code, core, township_code: such names that occur once in the city
    villages: pl.DataFrame  # scope, village, township_code, division_code (12)
    town_villages: pl.DataFrame  # township_code, village, division_code (12)


def divisions_version() -> str:
    """Return the edition and a content hash of every division file."""
    files = sorted(DIVISIONS_DIR.glob("*.csv"))
    return f"nbs2023+{sha256(b''.join(f.read_bytes() for f in files)).hexdigest()[:12]}"


@cache
def division_names() -> dict[str, str]:
    """Return the name of every division by its 12-digit code."""
    return dict(read_division_file(DIVISIONS_FILE).select("division_code", "name").iter_rows())


def name_of(code: str) -> str:
    """Return the name of a division by its code of 2 to 12 digits, the code itself if it is unknown."""
    return division_names().get(code.ljust(12, "0"), code)


@cache
def load_gazetteer() -> Gazetteer:
    """Return the gazetteer of Zhejiang, built once per process."""
    return make_gazetteer(read_division_file(DIVISIONS_FILE))


def make_gazetteer(rows: pl.DataFrame) -> Gazetteer:
    """Return the gazetteer of one province's division table (division_code, name, level); any province's."""
    towns = of_level(rows, "township", 9)
    reach = county_reach(rows)
    aliases = _town_aliases(towns)
    villages = village_spellings(rows)
    cities, scopes = _city_spellings(rows), county_names(rows)
    province = of_level(rows, "province", 2).select("code", "name").row(0)
    return Gazetteer(
        province=province,
        divisions=_division_names(rows),
        tokens=_tokens(cities, scopes, aliases, province[1]),
        hints=_hints(cities, scopes, county_codes(rows), province[1]),
        scopes=scopes,
        codes=county_codes(rows),
        units=lookup_units(reach, rows),
        towns=_in_scope(aliases, reach, "alias"),
        city_towns=_unique(
            aliases.with_columns(city_code=pl.col("township_code").str.slice(0, 4)), "city_code"
        ),
        province_towns=_unique(aliases.filter("is_exact"), None),
        zones=zone_towns(rows, towns),
        cores=_in_scope(_cores(towns), reach, "core"),
        city_cores=_cores(towns)
        .with_columns(city_code=pl.col("township_code").str.slice(0, 4))
        .unique(["city_code", "core"], keep="none"),
        villages=_in_scope(villages, reach, "village"),
        town_villages=villages.unique(["township_code", "village"], keep="none"),
    )


def _division_names(rows: pl.DataFrame) -> pl.DataFrame:
    digits = {"province": 2, "city": 4, "county": 6, "township": 9, "community": 12}
    levels = [of_level(rows, level, n).with_columns(level=pl.lit(level)) for level, n in digits.items()]
    return pl.concat(levels).unique("code", keep="first", maintain_order=True)


def _city_spellings(rows: pl.DataFrame) -> pl.DataFrame:
    cities = of_level(rows, "city", 4).rename({"code": "city_code"})
    short = cities.with_columns(name=pl.col("name").str.strip_suffix("市"))
    return pl.concat([cities, short]).rename({"name": "spelling"})


def _tokens(cities: pl.DataFrame, scopes: pl.DataFrame, aliases: pl.DataFrame, province: str) -> pl.DataFrame:
    """One row per name that may stand at the head of an address, longest first; short forms are not full."""
    city = cities.select(
        "city_code", token="spelling", is_full=pl.col("spelling").str.ends_with("市"), rank=pl.lit(0)
    )
    full = scopes.select("scope", token="scope", is_full=pl.lit(True), rank=pl.lit(1))
    short = short_names(scopes).select("scope", token="short", is_full=pl.lit(False), rank=pl.lit(2))
    town = aliases.select(
        token="alias", is_full=pl.lit(True), is_town=pl.lit(True), rank=pl.lit(3)
    ).unique("token")  # fmt: skip
    # The province by its short name means nothing, but stands in the chain.
    bare = pl.DataFrame({"token": [re.sub(PROVINCE_SUFFIX, "", province)], "is_full": [False], "rank": [4]})
    found = pl.concat([city, full, short, town, bare], how="diagonal_relaxed").sort("token", "rank")
    scope = pl.when(pl.col("city_code").is_null().all()).then(pl.col("scope").drop_nulls().first())
    return (
        found.group_by("token", maintain_order=True)
        .agg(
            pl.col("city_code").drop_nulls().first(),
            scope.alias("scope"),
            pl.col("is_full").any(),
            pl.col("is_town").fill_null(False).any(),
        )
        .sort(pl.col("token").str.len_chars(), "token", descending=[True, False])
    )


def _hints(cities: pl.DataFrame, scopes: pl.DataFrame, codes: pl.DataFrame, province: str) -> pl.DataFrame:
    """One row per way a column names a city, a county or both: with and without suffix or province, codes."""
    numbers = cities.select("city_code").unique()
    city = [
        cities.select("city_code", spelling="spelling", rank=pl.lit(0)),
        *(numbers.with_columns(spelling=pl.col("city_code") + tail, rank=pl.lit(0)) for tail in ("", "00")),
    ]
    short = short_names(scopes).select("city_code", spelling="short", hint_scope="scope", rank=pl.lit(2))
    full = scopes.select("city_code", spelling="scope", hint_scope="scope", rank=pl.lit(1))
    coded = codes.join(scopes, on="scope").select(
        "city_code", spelling="code", hint_scope="scope", rank=pl.lit(1)
    )
    both = _city_with_county(cities, pl.concat([full, short]))
    named = pl.concat([*city, full, short, coded, both], how="diagonal")
    padded = named.filter(pl.col("spelling").str.contains(r"^\d{6}$")).with_columns(
        spelling=pl.col("spelling") + "000000"
    )
    worded = named.filter(~pl.col("spelling").str.contains(r"^\d"))
    whole = [
        worded.with_columns(spelling=prefix + pl.col("spelling"))
        for prefix in (province, re.sub(PROVINCE_SUFFIX, "", province))
    ]
    every = pl.concat([named, padded, *whole]).sort("spelling", "rank", "hint_scope")
    return every.unique("spelling", keep="first", maintain_order=True).drop("rank")


def _city_with_county(cities: pl.DataFrame, counties: pl.DataFrame) -> pl.DataFrame:
    """One row per city and county named in one cell (杭州市余杭区, 杭州余杭) if that means one county."""
    pairs = cities.join(counties.rename({"spelling": "county"}), on="city_code").select(
        "city_code", "hint_scope", spelling=pl.col("spelling") + pl.col("county"), rank=pl.lit(3)
    )
    return pairs.unique().unique("spelling", keep="none")


def _town_aliases(towns: pl.DataFrame) -> pl.DataFrame:
    """One row per spelling of a town: its name, and its name under another status (镇 became 街道 …)."""
    exact = towns.select(alias="name", township_code="code", is_exact=pl.lit(True))
    listed = read_division_file(DIVISIONS_DIR / "town_aliases.csv").select(
        "alias", "township_code", is_exact=pl.lit(True)
    )
    swapped = (
        _cores(towns)
        .filter(pl.col("core").str.len_chars() >= 2)
        .join(pl.DataFrame({"suffix": ["街道", "镇", "乡"]}), how="cross")
        .select(
            alias=pl.col("core") + pl.col("suffix"), township_code="township_code", is_exact=pl.lit(False)
        )
    )
    return pl.concat([exact, listed, swapped]).unique(
        ["alias", "township_code"], keep="first", maintain_order=True
    )


def _cores(towns: pl.DataFrame) -> pl.DataFrame:
    has_suffix = pl.col("name").str.contains(TOWN_SUFFIX)
    return towns.filter(has_suffix).select(
        core=pl.col("name").str.replace(TOWN_SUFFIX, ""), township_code="code"
    ).filter(pl.col("core").str.len_chars() >= 2)  # fmt: skip


def village_spellings(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per spelling of a village that names its kind: village, township_code, division_code."""
    named = of_level(rows, "community", 12).with_columns(bare=pl.col("name").str.replace(VILLAGE_OFFICES, ""))
    kind = pl.when(pl.col("name").str.contains("村")).then(pl.lit("村")).otherwise(pl.lit("社区"))
    bare = pl.col("bare")
    spelled = pl.when(bare.str.contains("(?:村|社区)$")).then(bare).otherwise(bare + kind)
    return named.with_columns(village=spelled).filter(pl.col("village").str.len_chars() >= 3).select(
        "village", township_code=pl.col("code").str.slice(0, 9), division_code="code"
    )  # fmt: skip


def _in_scope(names: pl.DataFrame, reach: pl.DataFrame, column: str) -> pl.DataFrame:
    """One row per scope and name that means one town there; a county's own towns go before a spill's,
    a town's own name before one under another status."""
    best = pl.struct(~pl.col("is_own"), ~pl.col("is_exact") if "is_exact" in names.columns else pl.lit(False))
    scoped = (
        names.with_columns(county_code=pl.col("township_code").str.slice(0, 6))
        .join(reach, on="county_code")
        .with_columns(rank=best.rank("dense"))
        .filter(pl.col("rank") == pl.col("rank").min().over("scope", column))
    )
    return scoped.drop("county_code", "rank", "is_own").unique(["scope", column], keep="none")


def _unique(aliases: pl.DataFrame, within: str | None) -> pl.DataFrame:
    keys = ["alias", *([within] if within else [])]
    first = aliases.filter(
        pl.col("is_exact").cast(pl.Int8) == pl.col("is_exact").cast(pl.Int8).max().over(keys)
    )
    return first.unique(keys, keep="none").drop("is_exact")
