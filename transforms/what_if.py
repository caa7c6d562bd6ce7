"""What other rules would have decided (试算): two decisions on the same firms, counted against each other.

Here: the counts of one city, and their sums by rule, category, county and priority.
Not here: the decisions (target.py), the evidence they rest on (gather.py).
"""

import polars as pl

_KEYS = (
    "city_code", "county_code", "disposition_before", "disposition_after", "rule_before", "rule_after",
    "priority_before", "priority_after",
)  # fmt: skip


def decision_counts(published: pl.LazyFrame, decided: pl.LazyFrame, classified: pl.LazyFrame) -> pl.LazyFrame:
    """Count the firms of a city by place, both decisions and both priorities: `firms` per combination.

    `published`: the curated enterprises. `decided`: `target.decide` under the other rules. `classified`:
    subject_key, priority under them. city_code and county_code have 6 digits, by place of visit, else of
    registration.
    """
    code, level = pl.col("division_code"), pl.col("place_level")
    city = pl.when(code.is_not_null()).then(code.str.slice(0, 4)).otherwise("register_city_code") + "00"
    county = (
        pl.when(level.is_in(["county", "township", "community"])).then(code.str.slice(0, 6))
        .when(code.is_null()).then("register_county_code")
    )  # fmt: skip
    old = published.select(
        "subject_key",
        city_code=city,
        county_code=county,
        disposition_before="disposition",
        rule_before="primary_rule",
        priority_before="priority",
    )
    new = decided.select("subject_key", disposition_after="disposition", rule_after="primary_rule")
    return (
        old.join(new, on="subject_key", how="left", validate="1:1")
        .join(classified.select("subject_key", priority_after="priority"), on="subject_key", how="left")
        .group_by(_KEYS)
        .agg(firms=pl.len().cast(pl.Int64))
    )


def hit_counts(before: pl.LazyFrame, after: pl.LazyFrame) -> pl.LazyFrame:
    """Count the hits of a city by rule and category, under either rules: hits_before, hits_after."""
    keys = ("rule_id", "category")
    old = before.group_by(keys).agg(hits_before=pl.len().cast(pl.Int64))
    new = after.group_by(keys).agg(hits_after=pl.len().cast(pl.Int64))
    return old.join(new, on=keys, how="full", coalesce=True).with_columns(
        pl.col("hits_before", "hits_after").fill_null(0)
    )


def difference_by_rule(decisions: pl.DataFrame, hits: pl.DataFrame) -> pl.DataFrame:
    """One row per rule that differs: its hits, and the firms it decided, before and after."""
    decided = _before_and_after(decisions.filter(_is_off_list("before") | _is_off_list("after")), "rule")
    counted = hits.group_by("rule_id", "category").sum()
    joined = counted.join(decided.rename({"rule": "rule_id"}), on="rule_id", how="full", coalesce=True)
    names = ("hits_before", "hits_after", "firms_before", "firms_after")
    return (
        joined.with_columns(pl.col(names).fill_null(0))
        .filter(
            (pl.col("hits_before") != pl.col("hits_after"))
            | (pl.col("firms_before") != pl.col("firms_after"))
        )
        .select("category", "rule_id", *names)
        .sort("category", "rule_id")
    )


def difference_by_category(decisions: pl.DataFrame, categories: dict[str, str]) -> pl.DataFrame:
    """One row per category (of `categories`, by rule) whose number of firms taken off the list differs."""
    off = decisions.filter(_is_off_list("before") | _is_off_list("after"))
    named = off.with_columns(
        pl.col(f"rule_{side}")
        .replace_strict(categories, default=None, return_dtype=pl.String)
        .alias(f"category_{side}")
        for side in ("before", "after")
    )
    counted = _before_and_after(named, "category")
    return counted.filter(pl.col("firms_before") != pl.col("firms_after")).sort("category")


def difference_by_county(decisions: pl.DataFrame) -> pl.DataFrame:
    """One row per county (or pool of a city) whose list differs: targets before and after, entered, left."""
    was, now = (pl.col(f"disposition_{side}") == "target" for side in ("before", "after"))
    firms = pl.col("firms")
    return (
        decisions.group_by("city_code", "county_code")
        .agg(
            targets_before=firms.filter(was).sum(),
            targets_after=firms.filter(now).sum(),
            entered=firms.filter(now & ~was).sum(),
            left=firms.filter(was & ~now).sum(),
        )
        .filter((pl.col("entered") > 0) | (pl.col("left") > 0))
        .sort("city_code", "county_code")
    )


def difference_by_priority(decisions: pl.DataFrame) -> pl.DataFrame:
    """One row per visit priority whose number of targets differs."""
    sides = [
        decisions.filter(pl.col(f"disposition_{side}") == "target")
        .group_by(priority=f"priority_{side}")
        .agg(pl.col("firms").sum().alias(f"targets_{side}"))
        for side in ("before", "after")
    ]
    joined = sides[0].join(sides[1], on="priority", how="full", coalesce=True)
    both = joined.with_columns(pl.col("targets_before", "targets_after").fill_null(0))
    return both.filter(pl.col("targets_before") != pl.col("targets_after")).sort("priority")


def totals(decisions: pl.DataFrame) -> dict[str, int]:
    """Return targets_before, targets_after, entered and left of the whole list."""
    was, now = (pl.col(f"disposition_{side}") == "target" for side in ("before", "after"))
    firms = pl.col("firms")
    found: dict[str, int] = decisions.select(
        targets_before=firms.filter(was).sum(),
        targets_after=firms.filter(now).sum(),
        entered=firms.filter(now & ~was).sum(),
        left=firms.filter(was & ~now).sum(),
    ).to_dicts()[0]
    return found


def _is_off_list(side: str) -> pl.Expr:
    return pl.col(f"disposition_{side}") != "target"


def _before_and_after(decisions: pl.DataFrame, name: str) -> pl.DataFrame:
    """Firms off the list by what decided: `name`, firms_before, firms_after."""
    sides = [
        decisions.filter(_is_off_list(side) & pl.col(f"{name}_{side}").is_not_null())
        .group_by(pl.col(f"{name}_{side}").alias(name))
        .agg(pl.col("firms").sum().alias(f"firms_{side}"))
        for side in ("before", "after")
    ]
    joined = sides[0].join(sides[1], on=name, how="full", coalesce=True)
    return joined.with_columns(pl.col("firms_before", "firms_after").fill_null(0))
