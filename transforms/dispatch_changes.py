"""What a corrected list changed for one township: firms that came, went, or whose cells differ.

Here: two versions of the same list as text frames.  Not here: files (flows/dispatch_units.py).
"""

import polars as pl

CHANGE, CHANGED = "变化", "变更的列"
ADDED, REMOVED, ALTERED = "新增", "移出", "变更"


def list_changes(before: pl.DataFrame, now: pl.DataFrame, key: str, shown: list[str]) -> pl.DataFrame:
    """One row per difference: 变化 (新增, 移出, 变更), the `key` column, `shown`, 变更的列; ordered by them.

    Both frames hold text and have the key once a row; columns that only one of them has are not compared.
    """
    common = [name for name in now.columns if name in before.columns and name != key]
    both = now.join(before, on=key, suffix="_before", validate="1:1")
    differing = [pl.when(pl.col(c).ne_missing(pl.col(f"{c}_before"))).then(pl.lit(c)) for c in common]
    names = pl.concat_str(differing, separator="、", ignore_nulls=True)
    kinds = [
        now.join(before, on=key, how="anti").with_columns(**{CHANGE: pl.lit(ADDED), CHANGED: pl.lit(None)}),
        before.join(now, on=key, how="anti").with_columns(**{CHANGE: pl.lit(REMOVED), CHANGED: pl.lit(None)}),
        both.with_columns(names.alias(CHANGED), pl.lit(ALTERED).alias(CHANGE)).filter(pl.col(CHANGED) != ""),
    ]
    columns = [CHANGE, key, *shown, CHANGED]
    found = pl.concat([kind.select(columns).cast(pl.String) for kind in kinds])
    return found.sort(columns, nulls_last=True)
