"""Where firms that moved went: a real township of their county (22) or of the next county (23).

Here: the new township and the address a visitor writes down.  Not here: who moved (events.py, campaign.py).
"""

import polars as pl

from simulator.places import DIVISIONS

WITHIN, AWAY = "22", "23"


def with_moves(visits: pl.DataFrame) -> pl.DataFrame:
    """Add new_town_code (9 digits) and new_addr to visits with outcome and division_code; null for others.

    Within the county it is the next township in order of codes, else the first of the next county, which may
    be another city's; after the last comes the first.
    """
    towns = _towns()
    first = towns.unique("county_code", keep="first", maintain_order=True)
    follows = pl.col("town_code").shift(-1)
    in_county = follows.over("county_code").fill_null(pl.col("town_code").first().over("county_code"))
    beside = towns.select("town_code", within=in_county)
    county = first.select(
        "county_code", first="town_code", away=follows.fill_null(pl.col("town_code").first())
    )
    outcome, code = pl.col("outcome"), pl.col("division_code")
    return (
        visits.with_columns(town_code=code.str.slice(0, 9), county_code=code.str.slice(0, 6))
        .join(beside, on="town_code", how="left", maintain_order="left")
        .join(county, on="county_code", how="left", maintain_order="left")
        .with_columns(
            new_town_code=pl.when(outcome == WITHIN)
            .then(pl.coalesce("within", "first"))
            .when(outcome == AWAY)
            .then("away")
        )
        .drop("town_code", "county_code", "within", "first", "away")
        .join(
            towns.select(new_town_code="town_code", new_addr="address"),
            on="new_town_code",
            how="left",
            maintain_order="left",
        )
    )


def _towns() -> pl.DataFrame:
    """One row per township in order of codes: town_code, county_code, its address."""
    table = pl.read_csv(DIVISIONS, infer_schema=False)
    names = dict(table.select("division_code", "name").iter_rows())
    code = pl.col("division_code")
    above = [code.str.slice(0, width).str.pad_end(12, "0").replace(names) for width in (2, 4, 6)]
    return (
        table.filter(pl.col("level") == "township")
        .sort("division_code")
        .select(
            town_code=code.str.slice(0, 9),
            county_code=code.str.slice(0, 6),
            address=pl.concat_str(*above, "name", pl.lit("88号")),
        )
    )
