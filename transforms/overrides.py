"""Overrides in force (人工干预): what was decided by hand about a subject, and what a visit lifts.

Here: decisions and witnessed visits as facts, rules O01 to O03, and which hits they lift.
Not here: whether a decision may stand (override_checks.py), who made it: documents alone are told.
"""

from datetime import date

import polars as pl

from reference.rules import Parameters, Rule
from transforms.evidence import is_open_on, known_on, months_before
from transforms.screen_finding import Finding

RELEASED = "released"
"""Severity of a hit that an override or a visit lifts: it is kept, and decides nothing."""
_LIFTED_BY_FORCE = ("exclude", "hold", "dedupe")
VISIT = "走访"


def with_overrides(
    facts: pl.LazyFrame, overrides: pl.LazyFrame, visits: pl.LazyFrame, limits: Parameters, as_of: date
) -> pl.LazyFrame:
    """The facts plus released_rules, _by, _until, force_in_doc_no, _level, _until, and the same of force_out.

    `overrides`: subject_key and the contract's columns. `visits`: VISITS. A decision counts from valid_from
    to valid_to, both included, once it was made. Of forcing in and out the newest decision counts.
    """
    end = pl.col("valid_to").dt.offset_by("1d")
    in_force = known_on(as_of) & (pl.col("created_on") <= as_of) & is_open_on(as_of, "valid_from", end)
    now = overrides.filter(in_force)
    return (
        facts.join(_released(facts, now, visits, limits, as_of), on="subject_key", how="left", validate="1:1")
        .join(_forced(now), on="subject_key", how="left", validate="m:1")
        .with_columns(pl.col("released_rules").fill_null(pl.lit([], pl.List(pl.String))))
    )


def _released(
    facts: pl.LazyFrame, overrides: pl.LazyFrame, visits: pl.LazyFrame, limits: Parameters, as_of: date
) -> pl.LazyFrame:
    """One row per subject that has rules released, and by what; lists of all the others would cost most."""
    by_visit = pl.col("visit_release_on").is_not_null()
    none = pl.lit([], pl.List(pl.String))
    lifted = pl.when(by_visit).then(pl.lit(list(limits.codes("visit_rules")))).otherwise(none)
    told = pl.format(VISIT + "{}", "visit_release_on")
    return (
        facts.select("subject_key", "uscc")
        .join(_releases(overrides), on="subject_key", how="left", validate="m:1")
        .join(_met(visits, limits, as_of), on="uscc", how="left", validate="m:1")
        .filter(pl.col("_rules").is_not_null() | by_visit)
        .select(
            "subject_key", "released_until", "visit_release_on",
            released_rules=pl.col("_rules").fill_null(none).list.concat(lifted).list.unique().list.sort(),
            released_by=pl.concat_str("_docs", told, separator="、", ignore_nulls=True).replace("", None),
        )
    )  # fmt: skip


def released(rule: Rule, limits: Parameters) -> pl.Expr:
    """Whether a hit of the rule is lifted: the rule is released, or the subject forced in at a fit level."""
    named = pl.col("released_rules").list.contains(rule.id)
    if rule.id in limits.codes("never"):
        return pl.lit(value=False)
    if rule.severity not in _LIFTED_BY_FORCE:
        return named
    forced = pl.col("force_in_doc_no").is_not_null()
    if rule.id in limits.codes("province"):
        forced = forced & (pl.col("force_in_level") == "province")
    return named | forced.fill_null(value=False)


def released_by(rule: Rule, limits: Parameters) -> pl.Expr:
    """The documents that lift a hit of the rule, null where it stands."""
    named = pl.col("released_rules").list.contains(rule.id)
    told = pl.when(named).then("released_by").otherwise("force_in_doc_no")
    return pl.when(released(rule, limits)).then(told)


def forced_out(_rule: Rule, _as_of: date) -> Finding:
    """O01: taken off the list by hand, such as a confirmed finding 31 to 33 of a visit."""
    return _forced_finding("force_out")


def forced_in(_rule: Rule, _as_of: date) -> Finding:
    """O02: put on the list by hand."""
    return _forced_finding("force_in")


def rules_released(_rule: Rule, _as_of: date) -> Finding:
    """O03: rules that do not act on this subject for the time being."""
    fields = {
        "rules": pl.col("released_rules").list.join("、"),
        "doc_no": pl.col("released_by"),
        "valid_to": pl.col("released_until"),
    }
    return Finding(pl.col("released_rules").list.len() > 0, fields, "overrides, visits")


def _forced_finding(name: str) -> Finding:
    fields = {"doc_no": pl.col(f"{name}_doc_no"), "valid_to": pl.col(f"{name}_until")}
    return Finding(pl.col(f"{name}_doc_no").is_not_null(), fields, "overrides")


def _releases(now: pl.LazyFrame) -> pl.LazyFrame:
    """One row per subject: the rules released, the documents, the first day one of them ends."""
    return (
        now.filter(pl.col("action") == "release_rule")
        .group_by("subject_key")
        .agg(
            _rules=pl.col("rule_id").unique(),
            _docs=pl.col("doc_no").unique().sort().str.join("、"),
            released_until=pl.col("valid_to").min(),
        )
    )


def _forced(now: pl.LazyFrame) -> pl.LazyFrame:
    """One row per subject: the newest decision to force it in or out; of one day, out counts."""
    newest = (
        now.filter(pl.col("action") != "release_rule")
        .sort("subject_key", "created_on", "action", "doc_no", descending=[False, True, True, True])
        .unique("subject_key", keep="first", maintain_order=True)
    )
    columns = [
        pl.when(pl.col("action") == action).then(column).alias(f"{action}_{name}")
        for action in ("force_in", "force_out")
        for column, name in (("doc_no", "doc_no"), ("level", "level"), ("valid_to", "until"))
    ]
    return newest.select("subject_key", *columns)


def _met(visits: pl.LazyFrame, limits: Parameters, as_of: date) -> pl.LazyFrame:
    """One row per firm that witnesses met at work within the term: visit_release_on."""
    since = months_before(as_of, limits.number("visit_m"))
    met = pl.col("is_alive") & pl.col("is_witnessed") & (pl.col("visited_on") > since)
    return visits.filter(met.fill_null(value=False)).select("uscc", visit_release_on="visited_on")
