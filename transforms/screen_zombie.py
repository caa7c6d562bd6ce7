"""Zombie subjects (僵尸企业): Z02, Z03, Z05, Z08 and the variants for co-operatives and households.

Here: rules on activity.
Not here: revoked licences (screen_closed.py), the census (screen_census.py), checks (screen_notices.py),
how reports are counted (report_history.py).
"""

from datetime import date

import polars as pl

from reference.rules import Rule
from transforms.evidence import months_before
from transforms.report_history import last_due_year, newest_year
from transforms.screen_census import closed_by_census
from transforms.screen_finding import Finding, columns, recorded
from transforms.screen_notices import closed_by_visit, months_open


def unreported(rule: Rule, as_of: date) -> Finding:
    """Z02: the due annual reports of several years in a row are missing, and nothing else shows life."""
    missing = pl.col("miss_n") >= rule.parameters.number("years")
    fields = columns("miss_n", "age_m") | _silence()
    fields["missed_years"] = _missed_years(as_of)
    return Finding(missing & _silent(rule, as_of) & _past_grace(rule), fields, f"annual_reports, {_LIFE}")


def unreachable(rule: Rule, as_of: date) -> Finding:
    """Z03: on the abnormal list as unreachable (R4, 失联) for months, and nothing else shows life."""
    fields = recorded("R4", "listed_on", "decide_org", "doc_no") | columns("age_m") | _silence()
    long_open = months_open(fields["listed_on"], rule.parameters.number("months"), as_of)
    return Finding(long_open & _silent(rule, as_of) & _past_grace(rule), fields, f"abnormal_list, {_LIFE}")


def all_zero(rule: Rule, as_of: date) -> Finding:
    """Z05: the last reports each state zero insured staff, revenue and tax, and nothing else shows life."""
    old_enough = pl.col("age_m") >= rule.parameters.number("min_age_m")
    fires = old_enough & pl.col("zero_reports") & _lifeless(rule, as_of) & _past_grace(rule)
    fields = columns("zero_reports", "age_m", "live_on", "live_source")
    fields["report_years"] = _report_years(as_of)
    return Finding(fires, fields, f"annual_reports, {_LIFE}")


def idle_coop(_rule: Rule, _as_of: date) -> Finding:
    """Z05c: the co-operative's last reports state neither revenue nor trade with members (空壳社)."""
    fields = recorded("Z05c", "is_idle", "filed_on")
    return Finding(fields["filed_on"].is_not_null() & fields["is_idle"], fields, "annual_reports")


def marked_household(rule: Rule, as_of: date) -> Finding:
    """Z02h: a household (个体工商户) marked for missing reports (R1) over several years, without life."""
    marked, fields = _marked(rule, as_of)
    return Finding(marked & _lifeless(rule, as_of) & _past_grace(rule), fields, f"abnormal_list, {_LIFE}")


def gone_household(rule: Rule, as_of: date) -> Finding:
    """Z02hx: the same, and it is unreachable too (R4), or a visit or the census found it closed."""
    marked, fields = _marked(rule, as_of)
    unreachable_now = pl.col("R4_listed_on").is_not_null()
    by_visit = closed_by_visit(rule)
    by_census = closed_by_census(rule)
    ground = (
        pl.when(unreachable_now).then(pl.lit("R4"))
        .when(by_visit).then(pl.lit("visit"))
        .when(by_census).then(pl.lit("census"))
    )  # fmt: skip
    names = {"R4": "登记场所无法联系", "visit": "走访已停业或查无", "census": "普查未在营业"}
    fields |= {
        "ground": ground,
        "ground_zh": ground.replace_strict(names, default=None, return_dtype=pl.String),
    }
    fires = marked & _lifeless(rule, as_of) & _past_grace(rule) & (unreachable_now | by_visit | by_census)
    return Finding(fires, fields, f"abnormal_list, {_LIFE}")


def over_indebted(rule: Rule, _as_of: date) -> Finding:
    """Z08: a medium firm with a loan under way, over-indebted for years and at a loss (财务疑似僵尸)."""
    fields = recorded(rule.id, "lent_on", "is_over_indebted", "has_loss")
    is_medium = pl.col("size_class").is_in(rule.parameters.codes("size_classes"))
    fires = is_medium & fields["lent_on"].is_not_null() & fields["is_over_indebted"] & fields["has_loss"]
    return Finding(fires, fields | columns("size_class"), "annual_reports, loans")


_LIFE = "tax_filings, customs, loans, visits, electricity, census"


def _marked(rule: Rule, as_of: date) -> tuple[pl.Expr, dict[str, pl.Expr]]:
    """Whether the open mark covers enough report years; it was set in the year after the first of them."""
    listed_on = pl.col("R1_listed_on")
    years = (last_due_year(as_of) - listed_on.dt.year() + 2).cast(pl.Int32)
    fields = {"listed_on": listed_on, "marked_years": years} | columns("age_m", "live_on", "live_source")
    return (years >= rule.parameters.number("years")).fill_null(False), fields


def _silent(rule: Rule, as_of: date) -> pl.Expr:
    """Without activity: no tax filing where the county's feed tells of them, else no sign of life at all.

    Whoever a visit met at work is not silent, whatever the feed misses.
    """
    since = months_before(as_of, rule.parameters.number("evidence_m"))
    unfiled = (pl.col("tax_filed_on") < since).fill_null(True)
    unmet = (pl.col("live_visit_on") < since).fill_null(True)
    return pl.when("tax_is_covered").then(unfiled & unmet).otherwise(_lifeless(rule, as_of))


def _silence() -> dict[str, pl.Expr]:
    """What the silence is told by, in the words of a reason and as evidence."""
    fields = columns("tax_is_covered", "tax_filed_on", "live_on", "live_source")
    fields["silence_zh"] = (
        pl.when("tax_is_covered").then(pl.lit("无纳税申报")).otherwise(pl.lit("无经营迹象"))
    )
    fields["silence"] = (
        pl.when("tax_is_covered").then(pl.lit("no tax filing")).otherwise(pl.lit("no sign of life"))
    )
    return fields


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
