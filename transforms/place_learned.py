"""Placing by the index: the town for which names, road numbers and villages speak most together.

Here: the evidence on one address, added up per town, with the runner-up.  Not here: how it was learned
(place_index.py), how a margin becomes confidence (place_trust.py), the rungs by name (place_names.py).
"""

from collections.abc import Sequence
from typing import Literal

import polars as pl

from reference.places import PlaceKnowledge
from transforms.place_index import PlaceLookup, name_key
from transforms.place_tail import PREFIXES, beginnings
from transforms.place_verdict import TOLD, with_verdict

GROUPS: dict[str, tuple[tuple[str, str], ...]] = {
    "lead": (("start", "start"), *((f"p{k}", f"p{k}") for k in reversed(PREFIXES))),
    "inner": (("inner", "start"), ("inner", "seg1"), ("inner", "seg2")),
    "village": (("village", "start"), ("village", "seg1"), ("village", "seg2")),
}
"""Kinds of evidence that count apart, each with its (slot of the index, column of the address)."""
SIDES = ("below", "above")
KINDS = (*GROUPS, *SIDES)
_STRATEGIES: tuple[tuple[str, Literal["backward", "forward"]], ...] = (
    ("below", "backward"),
    ("above", "forward"),
)


def place_by_index(rows: pl.LazyFrame, lookup: PlaceLookup, places: PlaceKnowledge) -> pl.LazyFrame:
    """The rows plus learned_town, margin, runner_up, learned_kind (which evidence weighed most) and support.

    Takes unit (county code; the county's name or the city's code where that is not certain) and the tail
    features. Of `places`: near_trust (distance_band, trust of a neighbouring number) and limits.
    """
    asked = rows.with_columns(beginnings("tail"))
    named = pl.concat([asked, *_by_names(asked, lookup)], how="horizontal")
    told = with_neighbours(named, lookup.numbers, places).drop(f"p{k}" for k in PREFIXES)
    decided = with_verdict(told, KINDS, places.limits.surest_trust)
    return decided.with_columns(pl.col("learned_town", "runner_up").cast(pl.String))


def _by_names(asked: pl.LazyFrame, lookup: PlaceLookup) -> list[pl.LazyFrame]:
    """Per group {group}_town, _trust, _other, _other_trust, _support, in the order of the rows asked.

    The joins carry one number out and two back: a join copies all columns it is given, for each key anew.
    """
    numbered = lookup.names.lazy().with_row_index("at")
    frames = []
    for group, keys in GROUPS.items():
        found = [
            asked.select(key=name_key(pl.col(column)))
            .join(
                numbered.filter(pl.col("slot") == slot).select("key", "at", "trust"),
                on="key",
                how="left",
                maintain_order="left",
            )
            .select(pl.col("at").alias(f"at{i}"), pl.col("trust").alias(f"trust{i}"))
            for i, (slot, column) in enumerate(keys)
        ]
        numbers = range(len(keys))
        best = pl.max_horizontal(f"trust{i}" for i in numbers)
        at = pl.coalesce(pl.when(pl.col(f"trust{i}") == pl.col("best")).then(f"at{i}") for i in numbers)
        told = [pl.lit(lookup.names[what]).gather(pl.col("at")).alias(f"{group}_{what}") for what in TOLD]
        whole = pl.concat(found, how="horizontal").with_columns(best=best)
        frames.append(whole.select(at=at).select(told))
    return frames


def with_neighbours(rows: pl.LazyFrame, numbers: pl.DataFrame, places: PlaceKnowledge) -> pl.LazyFrame:
    """Adds below_… and above_…: what the nearest known numbers on the same side of the road tell."""
    asked = rows.with_columns(is_odd=pl.col("number") % 2 == 1).sort("number", nulls_last=True)
    known = numbers.lazy().with_columns(is_odd=pl.col("number") % 2 == 1).sort("number")
    for side, strategy in _STRATEGIES:
        told = [pl.col(what).alias(f"{side}_{what}") for what in TOLD]
        table = known.select("unit", "road", "is_odd", "number", pl.col("number").alias("_at"), *told)
        asked = asked.join_asof(
            table,
            on="number",
            by=["unit", "road", "is_odd"],
            strategy=strategy,
            tolerance=places.limits.number_reach,
            check_sortedness=False,
        ).with_columns(
            distance_band=distance_band(pl.col("number") - pl.col("_at"), places.limits.distance_bands)
        )
        asked = (
            # The next search needs the rows in order of their numbers; a join keeps none unless told to.
            asked.join(
                places.near_trust.lazy().rename({"trust": "_near"}),
                on="distance_band",
                how="left",
                maintain_order="left",
            )
            .with_columns(pl.col(f"{side}_trust") * pl.col("_near"))
            .drop("_at", "_near", "distance_band")
        )
    return asked.drop("is_odd")


def distance_band(difference: pl.Expr, bands: Sequence[int]) -> pl.Expr:
    """0 for the same number, then 1 and up by how far apart two numbers are (PlaceLimits.distance_bands)."""
    far = difference.abs()
    return pl.sum_horizontal((far > bound).cast(pl.Int8) for bound in bands)
