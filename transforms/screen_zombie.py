"""Zombie subjects (僵尸企业): Z02 no reports and no sign of life, Z05 reports that state nothing but zero.

Here: rules on activity.
Not here: revoked licences (screen_closed.py), how reports are counted (report_history.py).
"""

from datetime import date

import polars as pl

from reference.rules import Rule
from transforms.evidence import months_before
from transforms.report_history import last_due_year, newest_year
from transforms.screen_finding import Finding, columns


def unreported(rule: Rule, as_of: date) -> Finding:
    """Z02: the due annual reports of several years in a row are missing, and nothing else shows life."""
    missing = pl.col("miss_n") >= rule.parameters.number("years")
    fields = columns("miss_n", "age_m", "live_on", "live_source")
    fields["missed_years"] = _missed_years(as_of)
    return Finding(
        missing & _lifeless(rule, as_of) & _past_grace(rule), fields, "annual_reports, customs, census"
    )


def all_zero(rule: Rule, as_of: date) -> Finding:
    """Z05: the last reports each state zero insured staff, revenue and tax, and nothing else shows life."""
    old_enough = pl.col("age_m") >= rule.parameters.number("min_age_m")
    fires = old_enough & pl.col("zero_reports") & _lifeless(rule, as_of) & _past_grace(rule)
    fields = columns("zero_reports", "age_m", "live_on", "live_source")
    fields["report_years"] = _report_years(as_of)
    return Finding(fires, fields, "annual_reports, customs, census")


def _lifeless(rule: Rule, as_of: date) -> pl.Expr:
    since = months_before(as_of, rule.parameters.number("evidence_m"))
    return (pl.col("live_on") < since).fill_null(True)


def _past_grace(rule: Rule) -> pl.Expr:
    return pl.col("age_m") >= rule.parameters.number("grace_m")


def _missed_years(as_of: date) -> pl.Expr:
    """The missed years as text: `2023`, or `2022-2023` for several in a row; null if none."""
    last = last_due_year(as_of)
    first = last - pl.col("miss_n") + 1
    return (
        pl.when(pl.col("miss_n") == 1).then(pl.lit(str(last)))
        .when(pl.col("miss_n") > 1).then(pl.format("{}-{}", first, pl.lit(last)))
    )  # fmt: skip


def _report_years(as_of: date) -> pl.Expr:
    """The years of the newest reports as text, newest first: `2023, 2021`."""
    mask = pl.col("last_reports_mask")
    named = [
        pl.when(mask & (1 << back) != 0).then(pl.lit(str(newest_year(as_of) - back))) for back in range(12)
    ]
    return pl.concat_str(named, separator=", ", ignore_nulls=True)
