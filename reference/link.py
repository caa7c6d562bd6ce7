"""Tables of the probabilistic link: weights of agreement, caps of blocks, thresholds, conflicts.

Here: reading `link/*.csv`.
Not here: applying them (transforms/link_*.py), fitting them (simulator/link_fit.py).
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

from reference.divisions import DIVISIONS_FILE, TOWN_SUFFIX

LINK_DIR = Path(__file__).parent / "link"
WEIGHTS_FILE = LINK_DIR / "weights.csv"
CALIBRATION_FILE = LINK_DIR / "calibration.csv"


@dataclass(frozen=True)
class LinkTables:
    """What the probabilistic round takes as data; all frames are small."""

    caps: pl.DataFrame  # rule, most_pairs (of one block), most_per_unit (of the whole rule, on average)
    weights: pl.DataFrame  # feature, level, weight (log odds); levels nobody has seen weigh nothing
    calibration: pl.DataFrame  # share, right: how often pairs of such a share of the odds were right
    left_out: tuple[str, ...]  # entity classes that a run does not compare in this round
    towns: pl.DataFrame  # town_code (9 digits), town (without 镇, 街道, 乡)
    believe_code_from: float  # log odds of place, door, date and industry, where the names are two
    link_from: float
    review_from: float
    show_from: float
    show_most: int


@cache
def load_conflict_order() -> pl.DataFrame:
    """Return who wins each conflict: the first line whose condition holds, by conflict and order."""
    return pl.read_csv(LINK_DIR / "conflicts.csv", infer_schema=False)


@cache
def load_link_tables() -> LinkTables:
    """Return the tables of `reference/link/`, read once per process."""
    thresholds = dict(pl.read_csv(LINK_DIR / "thresholds.csv").select("name", "value").iter_rows())
    return LinkTables(
        caps=pl.read_csv(LINK_DIR / "blocks.csv").select("rule", "most_pairs", "most_per_unit"),
        weights=pl.read_csv(WEIGHTS_FILE, schema_overrides={"level": pl.String}).fill_null(""),
        calibration=pl.read_csv(CALIBRATION_FILE).cast(pl.Float64),
        left_out=tuple(pl.read_csv(LINK_DIR / "compared.csv").filter(~pl.col("compared"))["class"].to_list()),
        towns=_towns(),
        believe_code_from=thresholds["believe_code_from"],
        link_from=thresholds["link_from"],
        review_from=thresholds["review_from"],
        show_from=thresholds["show_from"],
        show_most=int(thresholds["show_most"]),
    )


def _towns() -> pl.DataFrame:
    rows = pl.read_csv(DIVISIONS_FILE, infer_schema=False).filter(pl.col("level") == "township")
    return rows.select(
        pl.col("division_code").str.slice(0, 9).alias("town_code"),
        pl.col("name").str.replace(TOWN_SUFFIX, "").alias("town"),
    )
