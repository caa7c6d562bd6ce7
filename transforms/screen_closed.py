"""Closed subjects (注销, 迁出): C01, C02, and Z01 (吊销), which reads the same register columns.

Here: rules on the registration itself.
Not here: notices and records on it (screen_notices.py), activity (screen_zombie.py).
"""

from datetime import date

import polars as pl

from reference.rules import Rule
from transforms.screen_finding import Finding, columns


def deregistered(rule: Rule, as_of: date) -> Finding:
    """C01: struck off or annulled, or the deregistration date has come."""
    fires = _status_in(rule) | (pl.col("cancelled_on") <= as_of).fill_null(False)
    return Finding(fires, columns("status", "status_text", "cancelled_on"), "registry")


def moved_out(rule: Rule, _as_of: date) -> Finding:
    """C02: moved out; conforming has preferred an active row of another county if there was one."""
    return Finding(_status_in(rule), columns("status", "status_text"), "registry")


def licence_revoked(rule: Rule, as_of: date) -> Finding:
    """Z01: licence revoked and not restored."""
    restored = pl.col("status").is_in(rule.parameters.codes("restored_statuses"))
    revoked = (pl.col("revoked_on") <= as_of).fill_null(False) & ~restored
    return Finding(_status_in(rule) | revoked, columns("status", "status_text", "revoked_on"), "registry")


def _status_in(rule: Rule) -> pl.Expr:
    return pl.col("status").is_in(rule.parameters.codes("statuses"))
