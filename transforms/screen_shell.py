"""Shell subjects (空壳企业): S01 six signs, S02 false registration or address; D03 defaulting representative.

Here: rules on the subject's own facts.  Not here: what it shares with others (screen_shared.py).
"""

from datetime import date

import polars as pl

from reference.rules import Rule
from transforms.evidence import months_before
from transforms.screen_finding import Finding, columns

SIGNS = ("zero_staff", "zero_insured", "zero_revenue", "no_premises", "no_phone", "unpaid")
"""The six signs of S01; which of them hold is not told, since one is the census's."""


def six_signs(rule: Rule, as_of: date) -> Finding:
    """S01: enough signs whatever the unknown ones are; not enough even if all of those held; else unknown."""
    true = pl.sum_horizontal(pl.col(sign).fill_null(value=False).cast(pl.Int8) for sign in SIGNS)
    unknown = pl.sum_horizontal(pl.col(sign).is_null().cast(pl.Int8) for sign in SIGNS)
    least = rule.parameters.number("score")
    enough = pl.when(true >= least).then(True).when(true + unknown < least).then(False)
    lifeless = _lifeless(as_of, rule.parameters.number("live_m"))
    fields = {"score_n": true, "known_n": len(SIGNS) - unknown, **columns("age_m", "live_on", "live_source")}
    source = "annual_reports, registry, census"
    return Finding(enough & lifeless & (pl.col("age_m") >= rule.parameters.number("grace_m")), fields, source)


def false_registration(_rule: Rule, _as_of: date) -> Finding:
    """S02: a finding on the subject itself, or on the door it is registered at."""
    own, door = pl.col("S02_found_on"), pl.col("false_door_on")
    by_own = own.is_not_null()
    fields = {
        "found_on": pl.coalesce(own, door),
        "doc_no": pl.when(by_own).then("S02_doc_no").otherwise("false_door_doc_no"),
        "ground": pl.when(by_own)
        .then(pl.lit("registration"))
        .when(door.is_not_null())
        .then(pl.lit("address")),
    }
    return Finding(by_own | door.is_not_null(), fields, "false_registrations, address_lists")


def defaulting_representative(_rule: Rule, _as_of: date) -> Finding:
    """D03: the legal representative is a published judgment defaulter; the person is not named."""
    fields = {name: pl.col(f"D03_{name}") for name in ("published_on", "case_no", "court")}
    return Finding(pl.col("D03_published_on").is_not_null(), fields, "judgment_defaulters")


def _lifeless(as_of: date, months: int) -> pl.Expr:
    return (pl.col("live_on") < months_before(as_of, months)).fill_null(value=True)
