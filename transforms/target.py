"""Decisions and the visit target list (走访目标企业清单): what follows from the hits of each subject.

Here: one decision per subject, and the list of those to visit.
Not here: the rules (screen.py), how the list is split among townships (dispatch).
"""

from collections.abc import Collection
from datetime import date
from functools import reduce

import polars as pl

from reference.rules import CATEGORIES

TARGET_COLUMNS = (
    "batch_id", "as_of", "subject_key", "uscc", "city_code", "county_code", "township_code",
    "division_code", "place_method", "place_confidence", "size_class", "is_foreign_trade", "is_sci_tech",
    "is_private", "is_consumption", "priority", "in_census", "in_registry", "flags",
)  # fmt: skip


def decide(facts: pl.LazyFrame, hits: pl.LazyFrame, scope: Collection[str]) -> pl.LazyFrame:
    """One row per subject: disposition (target|excluded|out_of_scope|superseded), primary_rule, flags.

    `scope`: the entity classes the list holds (`RuleSet.scope`). An excluded subject's primary_rule is of
    the first category that hits, then the lowest rule id. A branch merged into its parent is
    superseded (P04), and so is a firm that an earlier batch's visit speaks for (R01).
    """
    in_scope = pl.col("entity_class").is_in(list(scope))
    excluding, merging = pl.col("_excluding"), pl.col("_merging").is_not_null()
    return (
        facts.select("subject_key", "entity_class")
        .join(_hits_of_subject(hits), on="subject_key", how="left")
        .select(
            "subject_key",
            disposition=pl.when(~in_scope).then(pl.lit("out_of_scope"))
            .when(excluding.is_not_null()).then(pl.lit("excluded"))
            .when(merging).then(pl.lit("superseded"))
            .otherwise(pl.lit("target")),
            primary_rule=pl.when(in_scope & excluding.is_not_null()).then(excluding.str.slice(1))
            .when(in_scope).then(pl.col("_merging")),
            flags=pl.col("flags").fill_null(""),
        )
    )  # fmt: skip


def visit_targets(enterprises: pl.LazyFrame, batch_id: str, as_of: date) -> pl.LazyFrame:
    """One row per target of the batch, ordered by subject_key, with the division codes of its place.

    city_code and county_code have 6 digits, township_code 9, division_code 12; null below the placed
    level (a county pool waits to be claimed by its townships, 待认领).
    """
    level = pl.col("place_level")
    code = pl.col("division_code")
    in_county = level.is_in(["county", "township", "community"])
    in_township = level.is_in(["township", "community"])
    in_city = level.is_not_null() & (level != "province")
    city = pl.when(in_city).then(code.str.slice(0, 4)).otherwise("register_city_code")
    return (
        enterprises.filter(pl.col("disposition") == "target")
        .with_columns(
            batch_id=pl.lit(batch_id),
            as_of=pl.lit(as_of),
            city_code=city + "00",
            county_code=pl.when(in_county).then(code.str.slice(0, 6)),
            township_code=pl.when(in_township).then(code.str.slice(0, 9)),
            in_registry=pl.lit(True),
        )
        .select(TARGET_COLUMNS)
        .sort("subject_key")
    )


def _hits_of_subject(hits: pl.LazyFrame) -> pl.LazyFrame:
    """One row per subject with a hit: _excluding (category rank and rule id), _merging, flags."""
    rank = pl.col("category").replace_strict(
        {category: str(place) for place, category in enumerate(CATEGORIES)}, return_dtype=pl.String
    )
    severity, rule = pl.col("severity"), pl.col("rule_id")
    excluding = hits.filter(severity.is_in(["exclude", "hold"])).select("subject_key", _excluding=rank + rule)
    # P05 drops other rows of this subject; these give up the subject itself.
    merging = hits.filter((severity == "dedupe") & rule.is_in(["P04", "R01"])).select(
        "subject_key", _merging=rule
    )
    flags = hits.filter(severity == "flag").select("subject_key", flags=rule)
    several = pl.col("subject_key").is_duplicated()
    parts = [
        excluding.group_by("subject_key").agg(pl.col("_excluding").min()),
        merging.group_by("subject_key").agg(pl.col("_merging").min()),
        # Most subjects have one flag: joining a group of one costs as much as of many.
        pl.concat([
            flags.filter(~several),
            flags.filter(several).group_by("subject_key").agg(pl.col("flags").sort().str.join(",")),
        ]),
    ]  # fmt: skip
    return reduce(lambda one, other: one.join(other, on="subject_key", how="full", coalesce=True), parts)
