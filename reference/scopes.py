"""Names that stand for a county in an address: counties of today and before, functional zones.

`scope` is such a name as an address has it; it may cover several counties of today.
Here: reading the division files into small frames.  Not here: towns and villages (divisions.py).
"""

from pathlib import Path

import polars as pl

DIVISIONS_DIR = Path(__file__).parent / "divisions"
SUCCESSORS_FILE = Path(__file__).parent / "register" / "county_successors.csv"
AUTONOMOUS = r"(?:[一-龥]{1,2}族)+自治县$"


def read_division_file(path: Path) -> pl.DataFrame:
    """Return a division file, every column as text."""
    return pl.read_csv(path, infer_schema=False)


def of_level(rows: pl.DataFrame, level: str, digits: int) -> pl.DataFrame:
    """Return the divisions of one level: name, code (its first digits)."""
    return rows.filter(pl.col("level") == level).select(
        "name", code=pl.col("division_code").str.slice(0, digits)
    )


def successors() -> pl.DataFrame:
    """Return the county codes of before: old_code, old_name, ended, county_code …"""
    return read_division_file(SUCCESSORS_FILE).filter(pl.col("old_name").str.len_chars() > 1)


def county_names(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per county name, present or former; generic former names (城区, 郊区) stand for nothing."""
    now = of_level(rows, "county", 6).select(
        scope="name", county_code="code", city_code=pl.col("code").str.slice(0, 4), is_former=pl.lit(False)
    )
    usable = ~pl.col("old_name").is_in(["城区", "郊区", "滨海区"]) & ~pl.col("old_name").is_in(
        rows.filter(pl.col("level") == "city")["name"].implode()
    )
    former = (
        successors()
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
    spilled = pl.col("scope").is_in(read_division_file(DIVISIONS_DIR / "county_spills.csv")["name"].implode())
    several = former.with_columns(county_code=pl.when(~spilled).then("county_code"))
    zones = (
        _zones(rows)
        .group_by("scope")
        .agg(
            county_code=pl.when(pl.len() == 1).then(pl.col("county_code").first()),
            city_code=pl.col("county_code").first().str.slice(0, 4),
            is_former=pl.lit(True),
        )
    )
    return pl.concat([_one_per_name(now), several, zones]).sort("scope")


def short_names(scopes: pl.DataFrame) -> pl.DataFrame:
    """One row per county name without its suffix: short, scope. Names gone before 2000 have no short form.

    Of 余杭区, 余杭市 and 余杭县 the short form means the one that exists today.
    """
    lately = successors().filter(pl.col("ended").cast(pl.Int32) >= 2000)["old_name"].implode()
    return (
        scopes.filter(~pl.col("is_former") | pl.col("scope").is_in(lately))
        .with_columns(short=pl.col("scope").str.replace(AUTONOMOUS, "").str.replace("[市县区]$", ""))
        .filter(pl.col("short").str.len_chars() >= 2)
        .sort("is_former", "scope")
        .unique("short", keep="first", maintain_order=True)
    )


def county_codes(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the scope that each county code means, present or former: code, scope."""
    now = of_level(rows, "county", 6).select("code", scope="name")
    former = successors().select(code="old_code", scope="old_name").join(now, on="code", how="anti")
    known = county_names(rows).select("scope")
    return pl.concat([now, former.unique("code", keep="last", maintain_order=True)]).join(
        known, on="scope", how="semi"
    )


def county_reach(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per scope and county it may mean today: scope, county_code, is_own."""
    now = of_level(rows, "county", 6).select(scope="name", county_code="code")
    former = county_names(rows).filter("is_former").drop_nulls("county_code").select("scope", "county_code")
    zones = _zones(rows).select("scope", "county_code")
    own = pl.concat([now, former, zones]).with_columns(is_own=pl.lit(True))
    spills = read_division_file(DIVISIONS_DIR / "county_spills.csv").select(
        scope="name", county_code="also_county_code", is_own=pl.lit(False)
    )
    return pl.concat([own, spills]).unique(["scope", "county_code"], keep="first", maintain_order=True)


def lookup_units(reach: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """One row per look-up unit and county of today in it: a county by its code, a county name that covers
    several by the name, a city by its four digits."""
    several = reach.filter(pl.col("scope").is_duplicated()).select("county_code", unit="scope")
    counties = of_level(rows, "county", 6).select(county_code="code")
    own = counties.with_columns(unit="county_code")
    city = counties.with_columns(unit=pl.col("county_code").str.slice(0, 4))
    return pl.concat([frame.select("unit", "county_code") for frame in (own, several, city)])


def zone_towns(rows: pl.DataFrame, towns: pl.DataFrame) -> pl.DataFrame:
    """One row per functional zone that is one township: scope, township_code."""
    named = towns.select(township="name", township_code="code", county_code=pl.col("code").str.slice(0, 6))
    return _zones(rows).join(named, on=["county_code", "township"]).select("scope", "township_code")


def _zones(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per functional zone (功能区) and county it lies in: scope, county_code, township."""
    counties = of_level(rows, "county", 6).select(counties="name", county_code="code")
    listed = read_division_file(DIVISIONS_DIR / "zones.csv").with_columns(pl.col("counties").str.split(";"))
    return listed.explode("counties").join(counties, on="counties").select(
        "county_code", "township", scope="zone"
    )  # fmt: skip


def _one_per_name(now: pl.DataFrame) -> pl.DataFrame:
    """One row per county name; where two counties of the province share it, their towns must decide."""
    alone = pl.col("scope").len() == 1
    return now.group_by("scope", "is_former").agg(
        pl.when(alone).then(pl.col("county_code").first()), pl.when(alone).then(pl.col("city_code").first())
    ).select(now.columns)  # fmt: skip
