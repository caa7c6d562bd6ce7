"""Which rules on shells, sharing and decisions must fire, told apart from the code under test.

Here: the simulator's own reading of domain §4.2 S01 to S06, D03 and of §4.5.
Not here: what is planted (shared.py, decided.py), the other rules (truth.py).
"""

from datetime import date

import polars as pl

NEVER, PROVINCE = ("C01", "O01"), ("D01", "D02", "D05")
COVERED = ("market",)
"""Doors whose whitelist entry is in force and whose cap is not passed."""


def shell_facts(sources: dict[str, pl.DataFrame], as_of: date) -> list[pl.DataFrame]:
    """Per source one row per uscc: the newest report, findings, own person, the decision in force."""
    reports = sources["annual_reports"].filter(pl.col("submit_date") <= as_of)
    newest = reports.sort("report_year").unique("uscc", keep="last", maintain_order=True)
    found = sources["false_registrations"].filter(_is_open(as_of, "in_date", pl.col("out_date")))
    cases = sources["judgment_defaulters"].filter("is_own_person")
    term = pl.coalesce("remove_date", pl.col("publish_date").dt.offset_by("24mo"))
    decided = sources["overrides"].filter(
        (pl.col("valid_from") <= as_of) & (pl.col("valid_to") >= as_of) & (pl.col("created_on") <= as_of)
    )
    return [
        newest.select("uscc", last_staff="emp_count", last_insured="si_pension", last_revenue="revenue"),
        found.select("uscc").unique().with_columns(is_false=pl.lit(value=True)),
        cases.filter(_is_open(as_of, "publish_date", term)).select("uscc").unique()
        .with_columns(has_defaulter=pl.lit(value=True)),
        decided.select("uscc", ov_action="action", ov_rule="rule_id", ov_level="level"),
    ]  # fmt: skip


def shell_rules(as_of: date) -> dict[str, pl.Expr]:
    """One Boolean per rule, of facts that have live_on, is_alive and age_m."""
    is_zero = [(pl.col(f"last_{c}") == 0).fill_null(value=False) for c in ("staff", "insured", "revenue")]
    signs = [
        *is_zero,
        (pl.col("fixed_premises") == "0").fill_null(value=False),
        pl.col("null_spelling") & pl.col("phone_group").is_null(),
        pl.col("serial") % 13 == 0,
    ]
    a_year = as_of.replace(year=as_of.year - 1)
    silent = ~(pl.col("live_on") >= a_year).fill_null(value=False)
    of, mature = pl.col("entity_class"), pl.col("age_m") >= 12
    size = pl.when(pl.col("door_case").is_not_null()).then(pl.len().over("door_case")).otherwise(0)
    size = pl.when(pl.col("door_case").is_in(COVERED)).then(0).otherwise(size)
    idle = is_zero[1] & (pl.col("last_revenue").fill_null(0) == 0) & ~pl.col("is_alive")
    action = pl.col("ov_action").fill_null("")
    return {
        "S01": (of == "enterprise") & (pl.sum_horizontal(signs) >= 3) & silent & mature,
        "S02": _true("is_false") | (pl.col("door_case") == "false").fill_null(value=False),
        "S03": (size >= 30) & idle & mature,
        "S03f": ((size >= 30) & ~idle) | (size.is_between(5, 29) & idle),
        "S06": (pl.col("door_case") == "same_day").fill_null(value=False) & (size >= 10),
        "D03": _true("has_defaulter"),
        "O01": action == "强制移出",
        "O02": action == "强制列入",
        "O03": action == "解除规则",
    }


def lifted(rule_id: str) -> pl.Expr:
    """Whether the decision in force lifts a hit of the rule."""
    if rule_id in NEVER:
        return pl.lit(value=False)
    named = (pl.col("ov_action") == "解除规则") & (pl.col("ov_rule") == rule_id)
    forced = pl.col("ov_action") == "强制列入"
    if rule_id in PROVINCE:
        forced = forced & (pl.col("ov_level") == "省级")
    return (named | forced).fill_null(value=False)


def group_members(facts: pl.DataFrame) -> pl.DataFrame:
    """The members of telephones and representatives that reach over cities, and what decides."""
    member = pl.col("phone_group").is_not_null() | pl.col("rep_group").is_not_null()
    return facts.filter(member).select(
        "phone_group", "rep_group", "is_alive", "age_m", subject_key_true="uscc"
    )


def group_rules(members: pl.DataFrame) -> pl.DataFrame:
    """One row per member for whom S04 or S05 must fire: subject_key_true, rule_id."""
    idle = ~pl.col("is_alive")
    n_phone, n_rep = pl.len().over("phone_group"), pl.len().over("rep_group")
    phone = pl.col("phone_group").is_not_null() & (n_phone >= 20) & idle & (pl.col("age_m") >= 12)
    rep = pl.col("rep_group").is_not_null() & (n_rep >= 10)
    rep = rep & (idle.sum().over("rep_group") * 100 >= n_rep * 80)
    wide = members.select("subject_key_true", S04=phone, S05=rep)
    fired = wide.unpivot(index="subject_key_true", variable_name="rule_id", value_name="fires")
    return fired.filter("fires").select("subject_key_true", "rule_id")


def _is_open(as_of: date, start: str, end: pl.Expr) -> pl.Expr:
    return (pl.col(start) <= as_of) & (end.is_null() | (end > as_of))


def _true(column: str) -> pl.Expr:
    return pl.col(column).fill_null(value=False)
