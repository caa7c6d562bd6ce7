"""Neighbouring numbers of a road: each row finds the nearest known one, however many rows ask at once."""

from dataclasses import replace

import polars as pl

from reference.places import load_places
from transforms.place_learned import with_neighbours

ROWS, ROADS, LONGEST = 300_000, 50, 2_000
KNOWN = (*range(7, LONGEST, 170), *range(8, LONGEST, 90))
TRUST = pl.DataFrame(
    {"distance_band": [0, 1, 2, 3, 4], "trust": [1.0, 0.9, 0.8, 0.7, 0.6]},
    schema_overrides={"distance_band": pl.Int8},
)
ROAD = {"unit": pl.lit("330106"), "road": pl.format("路{}", "road")}


def nearest(number: int, side: int) -> int | None:
    """The nearest known number of the same side of the road, below (-1) or above (1), within 60."""
    met = [n for n in KNOWN if n % 2 == number % 2 and 0 <= (n - number) * side <= 60]
    return min(met, key=lambda n: abs(n - number), default=None)


def test_many_rows_find_both_neighbours_on_their_side_of_the_road() -> None:
    """A join in between that shuffled the rows made the second search miss some, another time others."""
    number = (pl.int_range(ROWS) * 7919 % LONGEST + 1).cast(pl.Int32)
    asked = pl.select(row_id=pl.int_range(ROWS), road=pl.int_range(ROWS) % ROADS, number=number)
    known = pl.DataFrame({"number": KNOWN}, schema={"number": pl.Int32}).join(
        pl.select(road=pl.int_range(ROADS)), how="cross"
    ).with_columns(
        **ROAD,
        town=pl.col("number").cast(pl.String),
        trust=pl.lit(0.9),
        other=pl.lit(None, pl.String),
        other_trust=pl.lit(None, pl.Float64),
        support=pl.lit(1, pl.Int64),
    )  # fmt: skip
    places = replace(load_places(), near_trust=TRUST)
    found = with_neighbours(asked.lazy().with_columns(**ROAD), known, places).collect()
    expected = pl.DataFrame(
        [(n, *(None if (k := nearest(n, side)) is None else str(k) for side in (-1, 1)))
         for n in range(1, LONGEST + 1)],
        schema={"number": pl.Int32, "below": pl.String, "above": pl.String}, orient="row",
    )  # fmt: skip
    compared = found.join(expected, on="number", how="left")
    wrong = compared.filter(
        pl.col("below").ne_missing(pl.col("below_town")) | pl.col("above").ne_missing(pl.col("above_town"))
    )
    assert found.height == ROWS
    assert wrong.height == 0
