"""How a batch differs from the one before it (与上批相比): counts and shares by county and by source.

Here: a batch's figures as COUNTS, two of them side by side with what passes a limit.
Not here: the limits (reference/gates/drift.yml), reading a warehouse, words for people (flows/run_drift.py).
"""

from collections.abc import Mapping, Sequence

import polars as pl

from reference.drift import DriftLimit

KEYS = ("measure", "level", "city_code", "county_code", "source", "category")
COUNTS = pl.Schema({**dict.fromkeys(KEYS, pl.String()), "part": pl.Int64(), "whole": pl.Int64()})
"""One figure a row. level: province, county or source; whole: what part is a share of, null for a count.

A row of level county without its code is the pool of its city (待认领)."""
ALL = "all"
"""The category that stands for every exclusion."""
_TINY = 1e-12
"""A change does not pass its limit for want of binary digits."""


def batch_counts(
    counties: pl.DataFrame, exclusions: pl.DataFrame, account: pl.DataFrame, categories: Sequence[str]
) -> pl.DataFrame:
    """Return COUNTS of one batch.

    `counties`: city_code, county_code, targets, placed_targets, excluded, one row a county or pool;
    `exclusions`: city_code, county_code, category, excluded; `account`: source, rows_in, used, quarantined.
    A county with any candidate has a row for every category, whether or not it excluded anybody there.
    """
    candidates = pl.col("targets") + pl.col("excluded")
    counties = counties.filter(candidates > 0)
    known = counties.with_columns(candidates=candidates, category=pl.lit(ALL))
    each = _by_category(known, exclusions, categories)
    by_county = pl.concat([
        _figures(counties, "targets", "county", "targets"),
        _figures(known, "excluded_share", "county", "excluded", "candidates"),
        _figures(each, "excluded_share", "county", "excluded", "candidates"),
        _figures(counties, "placed_share", "county", "placed_targets", "targets"),
    ])  # fmt: skip
    is_share = pl.col("whole").count() > 0
    province = by_county.group_by("measure", "category", maintain_order=True).agg(
        part=pl.col("part").sum(), whole=pl.when(is_share).then(pl.col("whole").sum())
    )
    return pl.concat([
        *(_figures(part, str(measure), "province", "part", "whole")
          for (measure,), part in province.group_by("measure", maintain_order=True)),
        by_county,
        _figures(account, "rows_in", "source", "rows_in"),
        _figures(account, "used_share", "source", "used", "rows_in"),
        _figures(account, "quarantined_share", "source", "quarantined", "rows_in"),
    ])  # fmt: skip


def drift(before: pl.DataFrame, after: pl.DataFrame, limits: Mapping[str, DriftLimit]) -> pl.DataFrame:
    """Return every figure of two batches, both COUNTS, side by side.

    Adds to KEYS: part_before, whole_before, part_after, whole_after (rows or firms); before, after (a count,
    or a share 0 to 1, null of nothing); change (after − before); relative (change ÷ before, null from zero);
    limit; is_alert. A count that one of them lacks is 0 there. Ordered as `limits` are.
    """
    both = before.join(after, on=KEYS, how="full", coalesce=True, nulls_equal=True, suffix="_after").rename(
        {"part": "part_before", "whole": "whole_before"}
    )
    known = both.join(_limits(limits), on="measure", how="inner", validate="m:1")
    own = _limits_by_source(limits)
    measured = known.join(own, on=["measure", "source"], how="left", validate="m:1").with_columns(
        pl.col("part_before", "part_after").fill_null(0), limit=pl.coalesce("own_limit", "limit")
    )
    valued = measured.with_columns(before=_value("before"), after=_value("after"))
    change = pl.col("after") - pl.col("before")
    changed = valued.with_columns(
        change=change, relative=pl.when(pl.col("before") != 0).then(change / pl.col("before"))
    ).with_columns(is_alert=_is_alert())
    return changed.sort("order", "level", *KEYS[2:], descending=[False, True, *[False] * 4]).select(
        *KEYS, "part_before", "whole_before", "part_after", "whole_after",
        "before", "after", "change", "relative", "limit", "is_alert",
    )  # fmt: skip


_IS_COUNT = pl.col("kind") == "count"


def _figures(
    frame: pl.DataFrame, measure: str, level: str, part: str, whole: str | None = None
) -> pl.DataFrame:
    """One measure of a table as COUNTS; keys the table lacks are null."""
    keys = [pl.col(k) if k in frame.columns else pl.lit(None, pl.String).alias(k) for k in KEYS[2:]]
    counted = frame.select(
        *keys,
        measure=pl.lit(measure),
        level=pl.lit(level),
        part=pl.col(part).cast(pl.Int64),
        whole=(pl.col(whole) if whole else pl.lit(None)).cast(pl.Int64),
    )
    return counted.select(COUNTS.names())


def _by_category(known: pl.DataFrame, exclusions: pl.DataFrame, categories: Sequence[str]) -> pl.DataFrame:
    """Every county with every category: how many of its candidates were excluded for it."""
    each = pl.DataFrame({"category": categories}, schema={"category": pl.String})
    keys = ["city_code", "county_code", "category"]
    return (
        known.drop("excluded", "category")
        .join(each, how="cross")
        .join(exclusions, on=keys, how="left", nulls_equal=True, validate="1:1")
        .with_columns(pl.col("excluded").fill_null(0))
    )


def _limits(limits: Mapping[str, DriftLimit]) -> pl.DataFrame:
    rows = [(o, one.id, one.kind, one.max_change, one.min_base) for o, one in enumerate(limits.values())]
    names = {"order": pl.Int64, "measure": pl.String, "kind": pl.String, "limit": pl.Float64}
    return pl.DataFrame(rows, schema={**names, "min_base": pl.Int64}, orient="row")


def _limits_by_source(limits: Mapping[str, DriftLimit]) -> pl.DataFrame:
    rows = [
        (one.id, source, most) for one in limits.values() for source, most in one.max_change_by_source.items()
    ]
    schema = {"measure": pl.String, "source": pl.String, "own_limit": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _value(side: str) -> pl.Expr:
    """A count as it is, a share of what it is of; null of nothing."""
    whole = pl.col(f"whole_{side}")
    share = pl.when(whole > 0).then(pl.col(f"part_{side}") / whole)
    return pl.when(_IS_COUNT).then(pl.col(f"part_{side}").cast(pl.Float64)).otherwise(share)


def _is_alert() -> pl.Expr:
    """Whether a change passes its limit, where there are rows enough to speak of one."""
    scale = pl.when(_IS_COUNT).then(pl.col("before")).otherwise(1.0)
    base = (
        pl.when(_IS_COUNT).then(pl.max_horizontal("part_before", "part_after"))
        .otherwise(pl.min_horizontal("whole_before", "whole_after", ))
    )  # fmt: skip
    passes = pl.col("change").abs() > pl.col("limit") * scale + _TINY
    return (passes & (base >= pl.col("min_base"))).fill_null(False)
