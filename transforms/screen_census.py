"""What the census (统计普查) says against a firm: Z04, Z06 and K8.

Here: rules on census answers, which exclude only if the rules file allows it (use_census_for_exclusion).
Not here: figures of the census, which no rule may state (统计法); how units are linked (link.py).
"""

from datetime import date

import polars as pl

from reference.rules import Rule
from transforms.screen_finding import Finding, columns


def closed_in_census(rule: Rule, _as_of: date) -> Finding:
    """Z04: the census found the firm closed or stopped, and nothing since shows life."""
    census_on = rule.parameters.day("census_on")
    silent_since = (pl.col("live_on") <= census_on).fill_null(True)
    grown = pl.col("age_m") >= rule.parameters.number("grace_m")
    fires = closed_by_census(rule) & silent_since & grown
    return Finding(fires, columns("live_on", "live_source", "age_m") | _allowed(rule), "census")


def not_found_in_census(rule: Rule, _as_of: date) -> Finding:
    """Z06: the census neither found nor reached the firm, and it is on the abnormal list (R1 or R4)."""
    not_found = pl.col("census_check_result").is_in(rule.parameters.codes("check_results")).fill_null(False)
    fields = {
        f"{code}_listed_on": pl.col(f"{code}_listed_on") for code in rule.parameters.codes("reason_codes")
    }
    listed = pl.any_horizontal(column.is_not_null() for column in fields.values())
    fires = not_found & listed & pl.lit(may_exclude(rule))
    return Finding(fires, fields | _allowed(rule), "census, abnormal_list")


def outside_census(rule: Rule, _as_of: date) -> Finding:
    """K8: old enough for the census and in its trades, but no unit is linked; no evidence of a zombie."""
    due = pl.col("established_on") <= rule.parameters.day("census_on")
    covered = ~pl.col("industry_section").is_in(rule.parameters.codes("uncounted_sections"))
    delivered = pl.when("census_is_covered").then(True)
    fires = ~pl.col("has_unit") & due & covered & delivered
    return Finding(fires, columns("established_on", "industry_section", "has_unit"), "registry, census")


def closed_by_census(rule: Rule) -> pl.Expr:
    """Whether the census found the firm closed, and the rules file lets it say so."""
    closed = pl.col("census_op_status").is_in(rule.parameters.codes("closed_statuses")).fill_null(False)
    return closed & pl.lit(may_exclude(rule))


def may_exclude(rule: Rule) -> bool:
    """Return whether census data may exclude a firm at all (domain: off unless the bureaus agreed)."""
    return rule.parameters.switch("use_census_for_exclusion")


def _allowed(rule: Rule) -> dict[str, pl.Expr]:
    return {"use_census_for_exclusion": pl.lit(may_exclude(rule))}
