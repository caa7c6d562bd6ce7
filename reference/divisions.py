"""Divisions of Zhejiang and the gazetteer made of them: names and the county or town they mean.

Here: reading `divisions/*.csv` into small frames.  Not here: applying them (transforms/place.py).
"""

import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

import polars as pl

DIVISIONS_DIR = Path(__file__).parent / "divisions"
DIVISIONS_FILE = DIVISIONS_DIR / "divisions_zhejiang_2023.csv"
SUCCESSORS_FILE = Path(__file__).parent / "register" / "county_successors.csv"
VILLAGE_OFFICES = r"(?:社区)?居民委员会$|(?:社区)?居委会$|村民委员会$|村委会$|民委员会$"
TOWN_SUFFIX = r"(?:街道|镇|民族乡|乡)$"
PROVINCE_SUFFIX = r"(?:省|市|(?:壮族|回族|维吾尔)?自治区)$"
AUTONOMOUS = r"(?:[一-龥]{1,2}族)+自治县$"


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
    cores: pl.DataFrame  # scope, core, township_code: town names without their suffix
    city_cores: pl.DataFrame  # city_code, core, township_code: such names that occur once in the city
    villages: pl.DataFrame  # scope, village, township_code, division_code (12)
    town_villages: pl.DataFrame  # township_code, village, division_code (12)


def divisions_version() -> str:
    """Return the edition and a content hash of every division file."""
    files = sorted(DIVISIONS_DIR.glob("*.csv"))
    return f"nbs2023+{sha256(b''.join(f.read_bytes() for f in files)).hexdigest()[:12]}"


@cache
def load_gazetteer() -> Gazetteer:
    """Return the gazetteer of Zhejiang, built once per process."""
    return make_gazetteer(_read(DIVISIONS_FILE))


def make_gazetteer(rows: pl.DataFrame) -> Gazetteer:
    """Return the gazetteer of one province's division table (division_code, name, level); any province's."""
    towns = _level(rows, "township", 9)
    reach = _reach(rows)
    aliases = _town_aliases(towns)
    villages = _villages(rows)
    cities, scopes = _city_spellings(rows), _scopes(rows)
    province = _level(rows, "province", 2).select("code", "name").row(0)
    return Gazetteer(
        province=province,
        divisions=_division_names(rows),
        tokens=_tokens(cities, scopes, aliases, province[1]),
        hints=_hints(cities, scopes, _scope_codes(rows), province[1]),
        scopes=scopes,
        codes=_scope_codes(rows),
        units=_units(reach, rows),
        towns=_in_scope(aliases, reach, "alias"),
        city_towns=_unique(
            aliases.with_columns(city_code=pl.col("township_code").str.slice(0, 4)), "city_code"
        ),
        province_towns=_unique(aliases.filter("is_exact"), None),
        cores=_in_scope(_cores(towns), reach, "core"),
        city_cores=_cores(towns)
        .with_columns(city_code=pl.col("township_code").str.slice(0, 4))
        .unique(["city_code", "core"], keep="none"),
        villages=_in_scope(villages, reach, "village"),
        town_villages=villages.unique(["township_code", "village"], keep="none"),
    )


def _read(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, infer_schema=False)


def _level(rows: pl.DataFrame, level: str, digits: int) -> pl.DataFrame:
    return rows.filter(pl.col("level") == level).select(
        "name", code=pl.col("division_code").str.slice(0, digits)
    )


def _division_names(rows: pl.DataFrame) -> pl.DataFrame:
    digits = {"province": 2, "city": 4, "county": 6, "township": 9, "community": 12}
    levels = [_level(rows, level, n).with_columns(level=pl.lit(level)) for level, n in digits.items()]
    return pl.concat(levels).unique("code", keep="first", maintain_order=True)


def _city_spellings(rows: pl.DataFrame) -> pl.DataFrame:
    cities = _level(rows, "city", 4).rename({"code": "city_code"})
    short = cities.with_columns(name=pl.col("name").str.strip_suffix("市"))
    return pl.concat([cities, short]).rename({"name": "spelling"})


def _tokens(cities: pl.DataFrame, scopes: pl.DataFrame, aliases: pl.DataFrame, province: str) -> pl.DataFrame:
    """One row per name that may stand at the head of an address, longest first; short forms are not full."""
    city = cities.select(
        "city_code", token="spelling", is_full=pl.col("spelling").str.ends_with("市"), rank=pl.lit(0)
    )
    full = scopes.select("scope", token="scope", is_full=pl.lit(True), rank=pl.lit(1))
    short = _short_scopes(scopes).select("scope", token="short", is_full=pl.lit(False), rank=pl.lit(2))
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


def _short_scopes(scopes: pl.DataFrame) -> pl.DataFrame:
    """One row per county name without its suffix: short, scope. Names gone before 2000 have no short form.

    Of 余杭区, 余杭市 and 余杭县 the short form means the one that exists today.
    """
    lately = _successors().filter(pl.col("ended").cast(pl.Int32) >= 2000)["old_name"].implode()
    return (
        scopes.filter(~pl.col("is_former") | pl.col("scope").is_in(lately))
        .with_columns(short=pl.col("scope").str.replace(AUTONOMOUS, "").str.replace("[市县区]$", ""))
        .filter(pl.col("short").str.len_chars() >= 2)
        .sort("is_former", "scope")
        .unique("short", keep="first", maintain_order=True)
    )


def _hints(cities: pl.DataFrame, scopes: pl.DataFrame, codes: pl.DataFrame, province: str) -> pl.DataFrame:
    """One row per way a column may name a city or county: with and without suffix or province, codes."""
    numbers = cities.select("city_code").unique()
    city = [
        cities.select("city_code", spelling="spelling", rank=pl.lit(0)),
        *(numbers.with_columns(spelling=pl.col("city_code") + tail, rank=pl.lit(0)) for tail in ("", "00")),
    ]
    short = _short_scopes(scopes).select("city_code", spelling="short", hint_scope="scope", rank=pl.lit(2))
    full = scopes.select("city_code", spelling="scope", hint_scope="scope", rank=pl.lit(1))
    coded = codes.join(scopes, on="scope").select(
        "city_code", spelling="code", hint_scope="scope", rank=pl.lit(1)
    )
    named = pl.concat([*city, full, short, coded], how="diagonal")
    padded = named.filter(pl.col("spelling").str.contains(r"^\d{6}$")).with_columns(
        spelling=pl.col("spelling") + "000000"
    )
    whole = named.filter(~pl.col("spelling").str.contains(r"^\d")).with_columns(
        spelling=province + pl.col("spelling")
    )
    every = pl.concat([named, padded, whole]).sort("spelling", "rank", "hint_scope")
    return every.unique("spelling", keep="first", maintain_order=True).drop("rank")


def _successors() -> pl.DataFrame:
    return _read(SUCCESSORS_FILE).filter(pl.col("old_name").str.len_chars() > 1)


def _scopes(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per county name, present or former; generic former names (城区, 郊区) stand for nothing."""
    now = _level(rows, "county", 6).select(
        scope="name", county_code="code", city_code=pl.col("code").str.slice(0, 4), is_former=pl.lit(False)
    )
    usable = ~pl.col("old_name").is_in(["城区", "郊区", "滨海区"]) & ~pl.col("old_name").is_in(
        rows.filter(pl.col("level") == "city")["name"].implode()
    )
    former = (
        _successors()
        .filter(usable)
        .join(now, left_on="old_name", right_on="scope", how="anti")
        .group_by(scope="old_name")
        .agg(
            county_code=pl.when(pl.col("county_code").n_unique() == 1).then(pl.col("county_code").first()),
            city_code=pl.col("city_code").first(),
            is_former=pl.lit(True),
        )
        .join(now.select("city_code").unique(), on="city_code", how="semi")
    )
    spilled = pl.col("scope").is_in(_read(DIVISIONS_DIR / "county_spills.csv")["name"].implode())
    several = former.with_columns(county_code=pl.when(~spilled).then("county_code"))
    return pl.concat([_one_per_name(now), several]).sort("scope")


def _one_per_name(now: pl.DataFrame) -> pl.DataFrame:
    """One row per county name; where two counties of the province share it, their towns must decide."""
    alone = pl.col("scope").len() == 1
    return now.group_by("scope", "is_former").agg(
        pl.when(alone).then(pl.col("county_code").first()), pl.when(alone).then(pl.col("city_code").first())
    ).select(now.columns)  # fmt: skip


def _scope_codes(rows: pl.DataFrame) -> pl.DataFrame:
    now = _level(rows, "county", 6).select("code", scope="name")
    former = _successors().select(code="old_code", scope="old_name").join(now, on="code", how="anti")
    known = _scopes(rows).select("scope")
    return pl.concat([now, former.unique("code", keep="last", maintain_order=True)]).join(
        known, on="scope", how="semi"
    )


def _reach(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per scope and county it may mean today: scope, county_code, is_own."""
    now = _level(rows, "county", 6).select(scope="name", county_code="code")
    former = _scopes(rows).filter("is_former").drop_nulls("county_code").select("scope", "county_code")
    own = pl.concat([now, former]).with_columns(is_own=pl.lit(True))
    spills = _read(DIVISIONS_DIR / "county_spills.csv").select(
        scope="name", county_code="also_county_code", is_own=pl.lit(False)
    )
    return pl.concat([own, spills]).unique(["scope", "county_code"], keep="first", maintain_order=True)


def _units(reach: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """One row per look-up unit and county of today in it: a county by its code, a county name that covers
    several by the name, a city by its four digits."""
    several = reach.filter(pl.col("scope").is_duplicated()).select("county_code", unit="scope")
    counties = _level(rows, "county", 6).select(county_code="code")
    own = counties.with_columns(unit="county_code")
    city = counties.with_columns(unit=pl.col("county_code").str.slice(0, 4))
    return pl.concat([frame.select("unit", "county_code") for frame in (own, several, city)])


def _town_aliases(towns: pl.DataFrame) -> pl.DataFrame:
    """One row per spelling of a town: its name, and its name under another status (镇 became 街道 …)."""
    exact = towns.select(alias="name", township_code="code", is_exact=pl.lit(True))
    listed = _read(DIVISIONS_DIR / "town_aliases.csv").select("alias", "township_code", is_exact=pl.lit(True))
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


def _villages(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per spelling of a village that names its kind: village, township_code, division_code."""
    named = _level(rows, "community", 12).with_columns(bare=pl.col("name").str.replace(VILLAGE_OFFICES, ""))
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
