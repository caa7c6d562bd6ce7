"""How probable each pair is: weights of agreement, the rivals of both its sides, what experience makes of it.

Here: log odds of a pair, its share beside all other candidates of its unit and of its subject, the
calibrated probability.
Not here: levels of agreement (link_compare.py), who is linked (link_probable.py).
"""

from collections.abc import Sequence
from functools import reduce
from operator import add

import polars as pl

from transforms.link_compare import FEATURES, RARITIES

_BEYOND = 40.0  # log odds further out change nothing
_MOST_BITS = 20.0


def log_odds(compared: pl.DataFrame, weights: pl.DataFrame) -> pl.Series:
    """One number per compared pair: the sum of its levels' weights, nothing for a level without."""
    single = {
        feature: weight
        for feature, level, weight in weights.select("feature", "level", "weight").iter_rows()
        if not level
    }
    rarities = [pl.col(rarity).clip(0.0, _MOST_BITS) * single[rarity] for rarity in RARITIES.values()]
    total = reduce(add, rarities, summed_weights(weights, FEATURES)) + single["bias"]
    return compared.select(total.clip(-_BEYOND, _BEYOND).alias("log_odds")).to_series()


def summed_weights(weights: pl.DataFrame, features: Sequence[str]) -> pl.Expr:
    """The sum of the weights of these features' levels, always added in this order.

    sum_horizontal adds in an order that depends on the number of threads, and the last digit with it.
    """
    by_feature = {
        str(feature): dict(rows.select("level", "weight").iter_rows())
        for (feature,), rows in weights.group_by("feature")
    }
    return reduce(
        add,
        (
            pl.col(feature).replace_strict(by_feature[feature], default=0.0, return_dtype=pl.Float64)
            for feature in features
        ),
    )


def with_share(scored: pl.DataFrame) -> pl.DataFrame:
    """The pairs (unit, subject, log_odds) plus `share`: of this pair, against no link and all rivals.

    A unit belongs to one subject or none, and a subject to one unit or none, so that two candidates equally
    good for one unit leave each less than a half.
    """
    odds = pl.col("log_odds").exp()
    rivals = odds.sum().over("unit") + odds.sum().over("subject") - odds
    return scored.with_columns((odds / (1.0 + rivals)).alias("share"))


def calibrated(share: pl.Series, calibration: pl.DataFrame) -> pl.Series:
    """The share as how often pairs of such a share were right, four decimals: `probability`.

    `calibration`: share and right, both rising from 0 to 1; between its lines the value is interpolated.
    """
    lines, right = calibration["share"], calibration["right"]
    above = lines.search_sorted(share, side="left").clip(1, len(lines) - 1)
    low, high = lines.gather(above - 1), lines.gather(above)
    from_, to = right.gather(above - 1), right.gather(above)
    return (from_ + (to - from_) * (share - low) / (high - low)).round(4).alias("probability")
