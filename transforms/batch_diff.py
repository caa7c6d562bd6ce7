"""What changed between two lists (批次差异): who entered, left, moved or changed, each with one reason.

Here: two batches, or two versions of one, to one row per firm that differs.
Not here: which batches are compared (flows/changes.py), the words (reference/batches), counting (marts).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

PLACE = ("city_code", "county_code", "division_code")
FIELDS = (
    "size_class", "is_foreign_trade", "is_sci_tech", "is_private", "is_consumption", "priority", "in_census",
    "flags",
)  # fmt: skip
"""What makes a firm `moved`, and what makes it `changed`."""
REVISIT, MOVED_OUT = "R01", "C02"
"""Rules whose going or coming has a name of its own in 走访: visited lately, moved out of the province."""


@dataclass(frozen=True)
class ListSide:
    """One of the two batches: its name, and its curated tables.

    `cities`: register cities (4 digits) the batch covers, empty for the whole province. `enterprises` needs
    subject_key, uscc, register_city_code, established_on, disposition, primary_rule.
    """

    batch_id: str
    version: int
    as_of: date
    cities: Sequence[str]
    enterprises: pl.LazyFrame
    rule_hits: pl.LazyFrame
    visit_targets: pl.LazyFrame


def batch_changes(
    before: ListSide, after: ListSide, words: pl.DataFrame, names: pl.DataFrame
) -> pl.LazyFrame:
    """One row per firm whose place on the list differs: the columns of the curated table `batch_changes`.

    change: entered | left | moved | changed. list(after) = list(before) − left + entered, by subject_key.
    `words`: reference/batches; `names`: field, zh, en of the list's columns.
    """
    both = _both_lists(before, after)
    reasons = [
        _reasons_of_leaving(both, before, after),
        _reasons_of_entering(both, before, after),
        _reasons_of_staying(both, names),
    ]
    told = pl.concat(reasons, how="diagonal_relaxed").join(words.lazy(), on="reason_kind", how="left")
    return (
        both.drop("change")
        .join(told, on="subject_key", how="inner", validate="1:1")
        .select(
            "subject_key",
            "uscc",
            "change",
            "reason_kind",
            *[pl.col(f"{c}{side}").alias(f"{c}_{when}") for c in PLACE for side, when in _SIDES],
            "changed_fields",
            batch_id=pl.lit(after.batch_id),
            version=pl.lit(after.version, pl.Int64),
            against_batch_id=pl.lit(before.batch_id),
            against_version=pl.lit(before.version, pl.Int64),
            reason_rule_id=pl.coalesce("rule_id", "_rule"),
            reason_zh=pl.concat_str("zh", pl.coalesce("_zh", pl.lit("")), ignore_nulls=True),
            reason_en=pl.concat_str("en", pl.lit(" ") + pl.col("_en"), ignore_nulls=True),
        )
    )


_SIDES = (("", "before"), ("_after", "after"))


def _both_lists(before: ListSide, after: ListSide) -> pl.LazyFrame:
    """One row per firm that differs: both sides' columns and `change`."""
    old, new = (
        side.visit_targets.select("subject_key", "uscc", *PLACE, *FIELDS, listed=True)
        for side in (before, after)
    )
    joined = old.join(new, on="subject_key", how="full", coalesce=True, suffix="_after", validate="1:1")
    change = (
        pl.when(pl.col("listed").is_null()).then(pl.lit("entered"))
        .when(pl.col("listed_after").is_null()).then(pl.lit("left"))
        .when(_differ(PLACE)).then(pl.lit("moved"))
        .when(_differ(FIELDS)).then(pl.lit("changed"))
    )  # fmt: skip
    return joined.with_columns(change=change, uscc=pl.coalesce("uscc_after", "uscc")).filter(
        pl.col("change").is_not_null()
    )


def _differ(columns: Sequence[str]) -> pl.Expr:
    return pl.any_horizontal(pl.col(c).ne_missing(pl.col(f"{c}_after")) for c in columns)


def _reasons_of_leaving(both: pl.LazyFrame, before: ListSide, after: ListSide) -> pl.LazyFrame:
    """One row per firm that left: what the later batch decided, or why it does not know the firm."""
    left = both.filter(pl.col("change") == "left").select("subject_key", "change")
    homes = before.enterprises.select("subject_key", "register_city_code")
    kind = (
        pl.when(pl.col("disposition").is_null() & ~_covers(after)).then(pl.lit("not_covered"))
        .when(pl.col("disposition").is_null()).then(pl.lit("not_on_register"))
        .when(pl.col("disposition") == "out_of_scope").then(pl.lit("out_of_scope"))
        .when(pl.col("_rule") == REVISIT).then(pl.lit("visited"))
        .when(pl.col("disposition") == "superseded").then(pl.lit("merged"))
        .when(pl.col("_severity") == "hold").then(pl.lit("held"))
        .otherwise(pl.lit("excluded"))
    )  # fmt: skip
    return _decisions(left.join(homes, on="subject_key", how="left"), after).select(
        "subject_key", "change", *_TOLD, reason_kind=kind
    )


def _reasons_of_entering(both: pl.LazyFrame, before: ListSide, after: ListSide) -> pl.LazyFrame:
    """One row per firm that entered: what of the earlier decision no longer holds, or that it is new."""
    entered = both.filter(pl.col("change") == "entered").select("subject_key", "change")
    homes = after.enterprises.select("subject_key", "register_city_code", "established_on")
    kind = (
        pl.when(pl.col("disposition").is_null() & ~_covers(before)).then(pl.lit("covered"))
        .when(pl.col("disposition").is_null() & (pl.col("established_on") > before.as_of)).then(pl.lit("new"))
        .when(pl.col("disposition").is_null()).then(pl.lit("appeared"))
        .when(pl.col("disposition") == "out_of_scope").then(pl.lit("in_scope"))
        .when(pl.col("_rule") == REVISIT).then(pl.lit("revisit_due"))
        .when(pl.col("disposition") == "superseded").then(pl.lit("unmerged"))
        .when(pl.col("_severity") == "hold").then(pl.lit("released"))
        .when(pl.col("_rule") == MOVED_OUT).then(pl.lit("moved_in"))
        .when(pl.col("_category") == "dishonest").then(pl.lit("repaired"))
        .otherwise(pl.lit("lifted"))
    )  # fmt: skip
    return _decisions(entered.join(homes, on="subject_key", how="left"), before).select(
        "subject_key", "change", *_TOLD, reason_kind=kind
    )


_TOLD = ("_rule", "_zh", "_en")


def _decisions(firms: pl.LazyFrame, side: ListSide) -> pl.LazyFrame:
    """The firms with what that side decided of them: disposition (null: unknown there), its deciding hit."""
    keys = firms.select("subject_key")
    decided = side.enterprises.select("subject_key", "disposition", _rule="primary_rule")
    hits = side.rule_hits.join(keys, on="subject_key", how="semi").select(
        "subject_key",
        _rule="rule_id",
        _severity="severity",
        _category="category",
        _zh="reason_zh",
        _en="reason_en",
    )
    return (
        firms.join(decided, on="subject_key", how="left", validate="1:1")
        .join(hits, on=["subject_key", "_rule"], how="left", validate="1:1")
        .with_columns(pl.coalesce(text, "_rule") for text in ("_zh", "_en"))
    )


def _covers(side: ListSide) -> pl.Expr:
    return pl.col("register_city_code").is_in(list(side.cities)) if side.cities else pl.lit(True)


def _reasons_of_staying(both: pl.LazyFrame, names: pl.DataFrame) -> pl.LazyFrame:
    """One row per firm on both lists: that it moved, or which of its facts changed."""
    told = {row["field"]: row for row in names.to_dicts()}

    def changed(label: str, separator: str) -> pl.Expr:
        parts = [
            pl.when(_differ([name])).then(pl.lit(told[name][label] if label else name)) for name in FIELDS
        ]
        return pl.concat_str(parts, separator=separator, ignore_nulls=True)

    is_changed = pl.col("change") == "changed"
    return both.filter(pl.col("change").is_in(["moved", "changed"])).select(
        "subject_key",
        "change",
        reason_kind="change",
        _zh=pl.when(is_changed).then(changed("zh", "、")),
        _en=pl.when(is_changed).then(changed("en", ", ")),
        changed_fields=changed("", ","),
    )
