"""Shared doors, telephones, representatives (一址多照, 共用电话, 同一法人): S03, S03f, S04, S05, S06.

Here: rules on counts of the whole province. Others who share are told as a number, never by name.
Not here: counting (shared_counts.py).
"""

from datetime import date

import polars as pl

from reference.rules import Rule
from transforms.evidence import months_before
from transforms.screen_finding import Finding, columns

_DOOR = ("door_kind", "door_cap", "door_doc_no")
_LIFE = ("live_on", "live_source")


def inactive_cluster(rule: Rule, as_of: date) -> Finding:
    """S03: a crowded door, and this subject idle. Without a figure for the insured it is unknown."""
    fires = _door_at_least(rule.parameters.number("door_n")) & _idle(rule, as_of) & _past_grace(rule)
    return Finding(fires, {**_door_fields(), **columns("age_m")}, "registry, annual_reports, address_lists")


def shared_address(rule: Rule, as_of: date) -> Finding:
    """S03f: a crowded door without proof of idleness, or a less crowded one with it."""
    crowded, idle = _door_at_least(rule.parameters.number("door_n")), _idle(rule, as_of)
    some = _door_at_least(rule.parameters.number("few"))
    fires = (crowded & ~idle.fill_null(value=False)) | (~crowded & some & idle)
    return Finding(fires, _door_fields(), "registry, annual_reports, address_lists")


def shared_phone(rule: Rule, as_of: date) -> Finding:
    """S04: many give the same telephone, and this one shows no sign of life."""
    many = _at_least("phone_n", rule.parameters.number("n"))
    fields = columns("phone_n", "age_m", *_LIFE)
    return Finding(many & _lifeless(rule, as_of) & _past_grace(rule), fields, "registry")


def serial_representative(rule: Rule, _as_of: date) -> Finding:
    """S05: many have the same legal representative, and most of them show no sign of life."""
    many = _at_least("rep_n", rule.parameters.number("n"))
    share = pl.col("rep_idle_n") * 100 >= pl.col("rep_n") * rule.parameters.number("idle_pct")
    return Finding(many & share.fill_null(value=False), columns("rep_n", "rep_idle_n"), "registry")


def mass_registration(rule: Rule, _as_of: date) -> Finding:
    """S06: many were established at the same door on the same day."""
    fires = _at_least("door_day_n", rule.parameters.number("n")) & ~_covered()
    return Finding(fires, columns("door_day_n", "established_on", *_DOOR), "registry, address_lists")


def _door_at_least(least: int) -> pl.Expr:
    return _at_least("door_n", least) & ~_covered()


def _at_least(count: str, least: int) -> pl.Expr:
    """Whether so many share; keys that fewer share than any rule asks for are not counted at all."""
    return (pl.col(count) >= least).fill_null(value=False)


def _covered() -> pl.Expr:
    """Whether the whitelist covers the door: up to its cap, however many where it has none."""
    under = pl.col("door_cap").is_null() | (pl.col("door_n") <= pl.col("door_cap"))
    return (pl.col("door_kind").is_not_null() & under).fill_null(value=False)


def _idle(rule: Rule, as_of: date) -> pl.Expr:
    """No insured staff, no revenue stated, no sign of life; null if the insured are not told."""
    earns = pl.col("zero_revenue").fill_null(value=True)
    return pl.col("zero_insured") & earns & _lifeless(rule, as_of)


def _lifeless(rule: Rule, as_of: date) -> pl.Expr:
    since = months_before(as_of, rule.parameters.number("evidence_m"))
    return (pl.col("live_on") < since).fill_null(value=True)


def _past_grace(rule: Rule) -> pl.Expr:
    return pl.col("age_m") >= rule.parameters.number("grace_m")


def _door_fields() -> dict[str, pl.Expr]:
    own = columns(*_DOOR, "zero_insured", "zero_revenue", *_LIFE)
    return {"door_n_here": pl.col("door_n"), **own}
