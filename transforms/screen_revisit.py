"""Cross-batch dedupe (跨批次去重): R01, a firm visited lately is not sent out again without a reason.

Here: the newest effective visit known on the date, as facts, and the rule on it.
Not here: which visits count as facts (feedback), what the list does with the hit (target.py).
"""

from datetime import date, timedelta

import polars as pl

from reference.errors import InputProblem
from reference.rules import Rule
from transforms.evidence import months_before
from transforms.screen_finding import Finding, columns

VISITS = pl.Schema({"uscc": pl.String, "visited_on": pl.Date, "outcome": pl.String})
GROUNDS = {
    "need_changed": "need_changed",
    "renewal_due": "renewal_due",
    "foreign_trade": "is_foreign_trade",
}
"""Reasons to visit a firm again before its time, and the facts column that tells each."""


def with_last_visit(
    facts: pl.LazyFrame, visits: pl.LazyFrame | None, loans: pl.LazyFrame, rule: Rule, as_of: date
) -> pl.LazyFrame:
    """The facts plus R01_visited_on, R01_outcome, need_changed, renewal_due; null and false without a visit.

    `visits`: VISITS, and where they are known the booleans need_changed and renewal_due of the visit's firm.
    Only outcomes that the rule counts, on or before the date, are looked at; the newest of a firm wins.
    A renewal is also due where a loan (`loans`: loan_evidence.LOANS) ends within the rule's renewal_days.
    """
    rows = pl.LazyFrame(schema=VISITS) if visits is None else visits
    has = set(rows.collect_schema().names())
    grounds = [
        (pl.col(name).fill_null(False) if name in has else pl.lit(False)).alias(name)
        for name in ("need_changed", "renewal_due")
    ]
    counted = pl.col("outcome").is_in(rule.parameters.codes("outcomes")) & (pl.col("visited_on") <= as_of)
    newest = (
        rows.filter(counted)
        .select("uscc", *grounds, R01_visited_on="visited_on", R01_outcome="outcome")
        .sort("R01_visited_on", "R01_outcome", descending=True)
        .unique("uscc", keep="first", maintain_order=True)
    )
    last = as_of + timedelta(days=rule.parameters.number("renewal_days"))
    ends_soon = (pl.col("ends_on") > as_of) & (pl.col("ends_on") <= last) & (pl.col("seen_on") <= as_of)
    due = loans.filter(ends_soon).select("uscc").unique().with_columns(_due=True)
    return (
        facts.join(newest, on="uscc", how="left", validate="m:1")
        .join(due, on="uscc", how="left", validate="m:1")
        .with_columns(
            pl.col("need_changed").fill_null(False),
            renewal_due=pl.any_horizontal(pl.col("renewal_due", "_due").fill_null(False)),
        )
        .drop("_due")
    )


def visited_lately(rule: Rule, as_of: date) -> Finding:
    """R01: an effective visit within the last months, and no ground to come again."""
    since = months_before(as_of, rule.parameters.number("revisit_m"))
    grounds = rule.parameters.codes("exceptions")
    if unknown := sorted(set(grounds) - set(GROUNDS)):
        raise InputProblem(
            f"rule R01: exceptions: {unknown[0]!r} is unknown 未知取值; known: {', '.join(GROUNDS)}"
        )
    again = pl.any_horizontal(pl.col(GROUNDS[ground]) for ground in grounds)
    fields = {"visited_on": pl.col("R01_visited_on"), "outcome": pl.col("R01_outcome")}
    fields |= columns("need_changed", "renewal_due", "is_foreign_trade")
    lately = (pl.col("R01_visited_on") > since).fill_null(False)
    return Finding(lately & ~again, fields, "visits")
