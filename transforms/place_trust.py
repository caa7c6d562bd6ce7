"""How far the index is trusted, measured on addresses it has not seen.

Here: the share of right answers per class of key, and per margin of the verdict.
Not here: the verdict (place_learned.py).
"""

import polars as pl

from reference.places import PlaceLimits
from transforms.place_index import (
    NAME_KEY,
    NUMBER_KEY,
    TRUST_KEY,
    PlaceFacts,
    by_unit,
    rank_towns,
    with_bands,
    with_beginnings,
)
from transforms.place_learned import GROUPS
from transforms.place_tail import beginnings

MOST = 0.995
FEW = 12
"""Answers below which a class leans on what its neighbours show."""


def key_answers(
    asked: pl.LazyFrame,
    facts: PlaceFacts,
    units: pl.DataFrame,
    common: pl.DataFrame,
    limits: PlaceLimits,
) -> pl.DataFrame:
    """One row per key of an address that the facts know: TRUST_KEY, purity, is_right.

    `asked` has truth, unit and the tail features; its addresses taught none of the facts.
    """
    named = by_unit(with_beginnings(facts.names.lazy()), units)
    names = with_bands(rank_towns(named, NAME_KEY), common, limits)
    rows = asked.with_columns(beginnings("tail"))
    keys = {pair for pairs in GROUPS.values() for pair in pairs}
    answers = [
        rows.select("truth", "unit", name=column).join(
            names.filter(pl.col("slot") == slot), on=["unit", "name"]
        )
        for slot, column in sorted(keys)
    ]
    numbered = rank_towns(by_unit(facts.numbers.lazy(), units), NUMBER_KEY)
    numbers = with_bands(numbered.with_columns(slot=pl.lit("number"), name="road"), common, limits)
    by_number = rows.select("truth", "unit", "road", "number").join(numbers, on=NUMBER_KEY)
    return pl.concat(
        frame.select(*TRUST_KEY, "purity", is_right=pl.col("town") == pl.col("truth"))
        for frame in (*answers, by_number)
    ).collect()


def measure_trust(answers: pl.DataFrame, limits: PlaceLimits) -> pl.DataFrame:
    """One row per class of key: TRUST_KEY, trust."""
    prior = pl.col("purity").mean() * 0.9
    trust = (pl.col("is_right").sum() + FEW * prior) / (pl.len() + FEW)
    measured = answers.group_by(TRUST_KEY).agg(trust=trust)
    return measured.with_columns(pl.col("trust").clip(0.02, limits.surest_trust)).sort(TRUST_KEY)


def measure_confidence(verdicts: pl.DataFrame, bins: int = 100) -> pl.DataFrame:
    """One row per level and margin class: level, margin (its lower bound), confidence, never falling.

    Never above MOST either: no few hundred answers prove more.

    `verdicts`: truth, learned_town, margin, level.
    """
    parts = []
    for (level,), part in verdicts.drop_nulls("learned_town").partition_by("level", as_dict=True).items():
        ordered = part.sort("margin").with_columns(
            is_right=(pl.col("learned_town") == pl.col("truth")).cast(pl.Float64),
            bin=pl.int_range(pl.len()) * bins // pl.len(),
        )
        steps = ordered.group_by("bin", maintain_order=True).agg(
            margin=pl.col("margin").min(), right=pl.col("is_right").sum(), n=pl.len()
        )
        confidence = _never_falling(steps["right"].to_list(), steps["n"].to_list())
        parts.append(
            steps.select(pl.lit(level).alias("level"), "margin", pl.Series("confidence", confidence))
        )
    return pl.concat(parts)


def _never_falling(right: list[float], count: list[int]) -> list[float]:
    """Pool neighbouring classes until the shares rise (isotonic regression over a few dozen classes)."""
    pools: list[list[float]] = []
    for hits, n in zip(right, count, strict=True):
        pools.append([hits, n, 1])
        while len(pools) > 1 and pools[-2][0] * pools[-1][1] >= pools[-1][0] * pools[-2][1]:
            hits_, n_, k = pools.pop()
            pools[-1] = [pools[-1][0] + hits_, pools[-1][1] + n_, pools[-1][2] + k]
    return [min(pool[0] / pool[1], MOST) for pool in pools for _ in range(int(pool[2]))]
