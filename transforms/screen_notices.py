"""Notices and records on the registration (公告, 备案, 期限): C03 to C07 and Z07.

Here: rules on dated records of market supervision and courts.
Not here: which record counts on the date (dated_lists.py), the register's own status (screen_closed.py).
"""

from datetime import date

import polars as pl

from reference.rules import Rule
from transforms.evidence import months_before
from transforms.screen_finding import Finding, columns, recorded


def in_liquidation(rule: Rule, _as_of: date) -> Finding:
    """C03: a liquidation or bankruptcy accepted and not ended (清算, 破产), or the status says so."""
    by_status = pl.col("status").is_in(rule.parameters.codes("statuses"))
    fields = columns("status", "status_text") | recorded(
        rule.id, "accepted_on", "case_type", "case_no", "court"
    )
    day, case = fields["accepted_on"].cast(pl.String), fields["case_no"].cast(pl.String)
    fields["ground_zh"] = pl.coalesce(
        pl.format("{}受理，案号{}", day, case),
        pl.format("{}受理", day),
        pl.format("登记状态：{}", "status_text"),
    )
    fields["ground"] = pl.coalesce(
        pl.format("accepted on {}", day), pl.format("register status {}", "status_text")
    )
    return Finding(by_status | fields["accepted_on"].is_not_null(), fields, "registry, liquidations")


def simply_deregistering(rule: Rule, _as_of: date) -> Finding:
    """C04: a notice of simplified deregistration (简易注销公告) nobody objected to; blank is unknown."""
    fields = recorded(rule.id, "announced_on", "until", "has_objection")
    fires = fields["announced_on"].is_not_null() & ~fields["has_objection"]
    return Finding(fires, fields, "simple_deregistrations")


def forcibly_deregistering(rule: Rule, _as_of: date) -> Finding:
    """C05: a notice of forced deregistration (强制注销公告) is running."""
    fields = recorded(rule.id, "announced_on", "until", "doc_no", "decide_org")
    return Finding(fields["announced_on"].is_not_null(), fields, "forced_deregistrations")


def suspended(rule: Rule, _as_of: date) -> Finding:
    """C06: a registered suspension (歇业备案) under way."""
    fields = recorded(rule.id, "from_on", "until", "doc_no")
    return Finding(fields["from_on"].is_not_null(), fields, "suspensions")


def term_expired(_rule: Rule, as_of: date) -> Finding:
    """C07: the term on the register (经营期限) is over, and no report was filed since; no term never ends."""
    over = (pl.col("term_to") < as_of).fill_null(False)
    silent = (pl.col("last_report_on") <= pl.col("term_to")).fill_null(True)
    return Finding(over & silent, columns("term_to", "last_report_on"), "registry, annual_reports")


def idle_on_site(rule: Rule, _as_of: date) -> Finding:
    """Z07: the newest on-site check found the firm idle for months, and nothing since shows life."""
    fields = recorded(rule.id, "checked_on", "result", "idle_since", "check_org")
    months = rule.parameters.number("idle_m")
    long_enough = fields["idle_since"].dt.offset_by(f"{months}mo") <= fields["checked_on"]
    is_idle = (fields["result"].cast(pl.String) == rule.parameters.code("result")).fill_null(False)
    stayed_so = (pl.col("live_on") <= fields["checked_on"]).fill_null(True)
    fields |= columns("live_on", "live_source")
    return Finding(is_idle & long_enough & stayed_so, fields, "onsite_checks")


def closed_by_visit(rule: Rule) -> pl.Expr:
    """Whether the newest visit found the firm closed or gone."""
    return pl.col("visit_outcome").is_in(rule.parameters.codes("closed_outcomes")).fill_null(False)


def months_open(start: pl.Expr, months: int, as_of: date) -> pl.Expr:
    """Whether a listing has stood open for so many months; false without one."""
    return (start <= months_before(as_of, months)).fill_null(False)
