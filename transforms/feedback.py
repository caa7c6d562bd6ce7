"""What every kind of feedback goes through: each row is used, superseded, waiting or rejected, never lost.

Here: faults and broken rules to issues, the newest of rows of one key, the firm and batch of an event.
Not here: the rules of visits (feedback_visits.py) and of bank feeds (feedback_bank.py), files (flows/).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import polars as pl

NEWEST = ("extract_date", "received_as_of", "row_id")
"""What decides between rows of one key; the last makes the choice the same in whatever order files came."""
ISSUES = pl.Schema(
    {
        "row_id": pl.String,
        "column_name": pl.String,
        "value": pl.String,
        "issue": pl.String,
        "holds": pl.Boolean,
    }
)
FIRM = (
    "batch_id", "subject_key", "is_on_list", "city_code", "county_code", "township_code",
    "is_foreign_trade", "is_sci_tech", "is_private", "is_consumption",
)  # fmt: skip
"""What every fact says of its firm: cohort, place and slices, as the batch's list had them."""


_NEAREST: tuple[Literal["backward", "forward"], ...] = ("backward", "forward")


@dataclass(frozen=True)
class Rule:
    """One rule of a feed: a row it is `broken` for gets the issue at that column; `waits`: not rejected."""

    issue: str
    column: str
    broken: pl.Expr
    waits: bool = False


@dataclass(frozen=True)
class Settled:
    """Every row with its `status` (used, superseded, waiting, rejected), and the issues by row_id."""

    rows: pl.DataFrame
    issues: pl.DataFrame

    @property
    def used(self) -> pl.DataFrame:
        """Return the rows that count."""
        return self.rows.filter(pl.col("status") == "used")


def settle(
    rows: pl.DataFrame, faults: pl.DataFrame, rules: Sequence[Rule], keys: Sequence[Sequence[str]]
) -> Settled:
    """Return the rows with their status.

    `rows`: row_id, received_as_of, extract_date and the feed's columns.  `faults`: row_id, column_name,
    value, reason_code of cells that could not be read.  A row with an issue is rejected, or waits if only
    waiting rules are broken; of the rest the newest of each key in turn is used.
    """
    typed = faults.select("row_id", "column_name", "value", issue="reason_code", holds=pl.lit(False))
    broken = [_broken(rows, rule) for rule in rules]
    found = pl.concat([typed.cast(ISSUES), *broken])
    # A cell that could not be read is empty here; the rule that misses it would repeat what is known.
    issues = found.unique(["row_id", "column_name"], keep="first", maintain_order=True)
    verdict = issues.group_by("row_id").agg(waits=pl.col("holds").all())
    judged = rows.join(verdict, on="row_id", how="left")
    good = judged.filter(pl.col("waits").is_null()).select(*rows.columns)
    kept = _newest(good, keys)
    status = (
        pl.when(pl.col("waits")).then(pl.lit("waiting"))
        .when(pl.col("waits").is_not_null()).then(pl.lit("rejected"))
        .when(pl.col("is_kept")).then(pl.lit("used"))
        .otherwise(pl.lit("superseded"))
    )  # fmt: skip
    marked = judged.join(kept.select("row_id", is_kept=True), on="row_id", how="left")
    done = marked.with_columns(pl.col("is_kept").fill_null(False)).with_columns(status=status)
    return Settled(done.drop("waits", "is_kept").sort("row_id"), issues.sort("row_id", maintain_order=True))


def with_firm(events: pl.DataFrame, firms: pl.DataFrame, on: str) -> pl.DataFrame:
    """Return the events with the firm as the newest batch not after the event had it; FIRM null if none.

    `events`: uscc and the date column `on`.  `firms`: one row per batch and firm, list_as_of, uscc, FIRM
    columns.  An event before the first batch takes the earliest one: the mechanism is older than the lists.
    """
    known = firms.filter(pl.col("uscc").is_not_null()).sort("list_as_of").select("uscc", "list_as_of", *FIRM)
    numbered = events.with_row_index("_row")
    dated = numbered.filter(pl.col(on).is_not_null() & pl.col("uscc").is_not_null()).sort(on)
    keys = dated.select("_row", "uscc", on)
    before, after_it = (
        keys.join_asof(
            known, left_on=on, right_on="list_as_of", by="uscc", strategy=way, check_sortedness=False
        ).filter(pl.col("batch_id").is_not_null())
        for way in _NEAREST
    )
    found = pl.concat([before, after_it]).unique("_row", keep="first", maintain_order=True)
    return numbered.join(found.select("_row", *FIRM), on="_row", how="left").sort("_row").drop("_row")


def after(column: str, as_of: date) -> Rule:
    """Return the rule that a date is not after the date of the reckoning."""
    return Rule("after_as_of", column, pl.col(column) > as_of)


def _broken(rows: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    value = pl.col(rule.column).cast(pl.String) if rule.column in rows.columns else pl.lit(None, pl.String)
    return rows.filter(rule.broken.fill_null(False)).select(
        "row_id",
        column_name=pl.lit(rule.column),
        value=value,
        issue=pl.lit(rule.issue),
        holds=pl.lit(rule.waits),
    )


def _newest(rows: pl.DataFrame, keys: Sequence[Sequence[str]]) -> pl.DataFrame:
    """Return the newest row of each key; a row whose key is not whole competes with none."""
    for key in keys:
        whole = pl.all_horizontal(pl.col(column).is_not_null() for column in key)
        ranked = rows.filter(whole).sort(*NEWEST, nulls_last=False)
        rows = pl.concat([ranked.unique(list(key), keep="last", maintain_order=True), rows.filter(~whole)])
    return rows
