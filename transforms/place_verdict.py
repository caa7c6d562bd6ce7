"""The verdict on one address: the town for which all its evidence speaks most, and how far ahead it is.

Here: adding up kinds of evidence.  Not here: gathering them (place_learned.py), what a margin is worth
(place_trust.py).
"""

from collections.abc import Sequence

import polars as pl

TOLD = ("town", "trust", "other", "other_trust", "support")
"""What each kind of evidence tells: {kind}_town … {kind}_support."""


def with_verdict(rows: pl.LazyFrame, kinds: Sequence[str], surest: float) -> pl.LazyFrame:
    """Adds learned_town, margin, runner_up, learned_kind, support; drops the evidence behind them.

    No trust counts for more than `surest` (PlaceLimits.surest_trust).

    Each kind adds -ln(1 - trust) to its town, and less to the other one it knows: two that are right nine
    times in ten weigh as one that is right 99 times in a hundred. `margin`: the lead over the next town.
    """
    scored, count = _with_scores(rows, kinds, surest)
    numbers = range(count)
    best = pl.max_horizontal(f"_score{i}" for i in numbers)
    town = pl.coalesce(pl.when(pl.col(f"_score{i}") == pl.col("_best")).then(f"_town{i}") for i in numbers)
    losing = [pl.when(pl.col(f"_town{i}") != pl.col("learned_town")).then(f"_score{i}") for i in numbers]
    next_town = pl.coalesce(
        pl.when(loss == pl.col("_next")).then(f"_town{i}") for i, loss in enumerate(losing)
    )
    decided = (
        scored.with_columns(_best=best)
        .with_columns(learned_town=town)
        .with_columns(_next=pl.max_horizontal(losing))
        .with_columns(margin=pl.col("_best") - pl.col("_next").fill_null(0), runner_up=next_town)
    )
    return (
        _with_kind(decided, kinds)
        .drop("_best", "_next", *(f"_{what}{i}" for what in ("town", "score", "weight") for i in numbers))
        .drop(f"{kind}_{what}" for kind in kinds for what in TOLD)
    )


def _with_scores(rows: pl.LazyFrame, kinds: Sequence[str], surest: float) -> tuple[pl.LazyFrame, int]:
    """Adds _town0 …, every town some kind names, and _score0 …, what all kinds together say for it."""
    pairs = [(f"{kind}_town", f"{kind}_trust") for kind in kinds]
    pairs += [(f"{kind}_other", f"{kind}_other_trust") for kind in kinds]
    named = rows.with_columns(
        *(pl.col(town).alias(f"_town{i}") for i, (town, _) in enumerate(pairs)),
        *(
            (-(1 - pl.col(trust).clip(0, surest)).log()).alias(f"_weight{i}")
            for i, (_, trust) in enumerate(pairs)
        ),
    )
    numbers = range(len(pairs))
    totals = [
        pl.sum_horizontal(
            pl.when(pl.col(f"_town{j}") == pl.col(f"_town{i}")).then(f"_weight{j}") for j in numbers
        )
        for i in numbers
    ]
    scores = [
        pl.when(pl.col(f"_town{i}").is_not_null()).then(total).alias(f"_score{i}")
        for i, total in enumerate(totals)
    ]
    return named.with_columns(scores), len(pairs)


def _with_kind(decided: pl.LazyFrame, kinds: Sequence[str]) -> pl.LazyFrame:
    """Adds learned_kind and support: of the kinds that name the town, the one trusted most."""
    agrees = {kind: pl.col(f"{kind}_town") == pl.col("learned_town") for kind in kinds}
    trust = pl.max_horizontal(pl.when(agrees[kind]).then(f"{kind}_trust") for kind in kinds)
    leads = {kind: agrees[kind] & (pl.col(f"{kind}_trust") == pl.col("_trust")) for kind in kinds}
    return (
        decided.with_columns(_trust=trust)
        .with_columns(
            learned_kind=pl.coalesce(pl.when(leads[kind]).then(pl.lit(kind)) for kind in kinds),
            support=pl.coalesce(pl.when(leads[kind]).then(f"{kind}_support") for kind in kinds),
        )
        .drop("_trust")
    )
