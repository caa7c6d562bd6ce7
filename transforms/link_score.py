"""How probable each pair is: weights of agreement, then the rivals of both its sides.

Here: log odds of a pair, its probability beside all other candidates of its unit and of its subject.
Not here: levels of agreement (link_compare.py), who is linked (link_probable.py).
"""

import polars as pl

from transforms.link_compare import FEATURES, RARITIES

_BEYOND = 40.0  # log odds further out change nothing
_MOST_BITS = 20.0


def log_odds(compared: pl.DataFrame, weights: pl.DataFrame) -> pl.Series:
    """One number per compared pair: the sum of its levels' weights, nothing for a level without."""
    by_feature = {
        feature: dict(rows.select("level", "weight").iter_rows())
        for (feature,), rows in weights.group_by("feature")
    }
    levels = [
        pl.col(feature).replace_strict(by_feature[str(feature)], default=0.0, return_dtype=pl.Float64)
        for feature in FEATURES
        if feature in by_feature
    ]
    rarities = [pl.col(rarity).clip(0.0, _MOST_BITS) * by_feature[rarity][""] for rarity in RARITIES.values()]
    total = pl.sum_horizontal(*levels, *rarities) + by_feature["bias"][""]
    return compared.select(total.clip(-_BEYOND, _BEYOND).alias("log_odds")).to_series()


def with_probability(scored: pl.DataFrame) -> pl.DataFrame:
    """The pairs (unit, subject, log_odds) plus `probability`: of this pair, against no link and all rivals.

    A unit belongs to one subject or none, and a subject to one unit or none, so that two candidates equally
    good for one unit leave each less than a half.
    """
    odds = pl.col("log_odds").exp()
    rivals = odds.sum().over("unit") + odds.sum().over("subject") - odds
    return scored.with_columns((odds / (1.0 + rivals)).alias("probability"))
