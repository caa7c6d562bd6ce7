"""Which rules must fire for each true subject, told apart from the code under test.

Here: the simulator's own reading of domain §4, over true values only.
Not here: any transform of the pipeline; F02, which placement decides.
"""

from datetime import date

import polars as pl

from simulator.census import CENSUS_DAY
from simulator.evidence import last_due_year
from simulator.truth_census import census_rules, closed_by_census, loan_facts, sheet_facts, sheet_rules
from simulator.truth_records import delivered, months_back, record_facts, record_rules, silent
from simulator.truth_shared import lifted, shell_facts, shell_rules
from simulator.truth_visits import closed_by_visit, releases, visit_facts, visit_life, visit_rules

ORDER = (
    "C01", "C02", "C03", "C04", "C05", "C06", "D01", "D02", "D04", "D05", "D07",
    "Z01", "Z02", "Z02hx", "Z03", "Z04", "Z05", "Z06", "Z07", "S01", "S02", "S03", "O01", "P01", "P02", "P03",
)  # fmt: skip
MERGING = ("P04", "R01")
"""Rules by which another row, or an earlier visit, speaks for the subject."""
FOR_HOUSEHOLDS = (
    "C01", "C02", "C04", "C06", "C07", "D01", "D02", "D04", "D05", "D06", "D07", "D07f", "D08",
    "Z01", "Z02h", "Z02hx", "Z03", "Z07", "D03", "S02", "S03f", "S04", "S05", "S06", "O01", "O02", "O03",
)  # fmt: skip
"""Rules that look at households (个体工商户) too."""


def gather_facts(
    subjects: pl.DataFrame, sources: dict[str, pl.DataFrame], units: pl.DataFrame, as_of: date
) -> pl.DataFrame:
    """One row per subject: the subject's columns plus what its evidence says on the date.

    `sources` holds loan_book and visit_book too, which no rule sees before `with_life` is told to.
    """
    facts, reports = subjects, sources["annual_reports"]
    for part in (
        _report_facts(reports, as_of),
        *sheet_facts(reports, last_due_year(as_of), as_of),
        loan_facts(sources["loan_book"], as_of).rename({"is_lent_to": "is_borrower"}),
        visit_facts(sources["visit_book"], as_of),
        _event_facts(sources, as_of),
        _trade_facts(sources["customs"], as_of),
        *record_facts(sources, as_of),
        *shell_facts(sources, as_of),
        units.select(
            pl.col("true_uscc").alias("uscc"),
            *("op_status", "inst_type", "check_result", "fixed_premises"),
            *("is_other_industry", "is_census_big", "is_census_small"),
            pl.col("ind_code").alias("unit_industry"),
            (pl.col("revenue") * 1_000).alias("unit_revenue"),
            "round",
        ),
    ):
        facts = facts.join(part, on="uscc", how="left", maintain_order="left")
    age = months_passed(pl.col("est_date"), as_of)
    told = facts.with_columns(
        age_m=age,
        missed=_missed(as_of),
        trades=_true("customs_open") | _true("alive_trade"),
        files_tax=(pl.col("filed_on") >= months_back(as_of, 24)).fill_null(False),
        has_tax_data=delivered(pl.col("filed_on") >= months_back(as_of, 24)),
        has_census_data=delivered(pl.col("round").is_not_null()),
    )
    return with_life(told, as_of)


def with_life(facts: pl.DataFrame, as_of: date, *, loans: bool = False, visits: bool = False) -> pl.DataFrame:
    """Adds live_on, is_alive, is_met, is_lent_to and what a visit said.

    `loans`: whether banks told of theirs by then; `visits`: whether those of earlier lists came back.
    """
    in_census = pl.when((pl.col("op_status") == "1") & (as_of >= CENSUS_DAY)).then(CENSUS_DAY)
    lent = pl.when(pl.lit(loans)).then("live_loan")
    told = facts.with_columns(is_lent_to=pl.lit(loans) & _true("is_borrower"), **visit_life(told=visits))
    live_on = pl.max_horizontal(
        "live_report", "live_trade", "live_tax", "live_power", in_census, lent, "met_on"
    )
    since = months_back(as_of, 24)
    return told.with_columns(
        live_on=live_on, is_met=(pl.col("met_on") >= since).fill_null(False)
    ).with_columns(is_alive=(pl.col("live_on") >= since).fill_null(False))


def months_passed(start: pl.Expr, day: date) -> pl.Expr:
    """Full calendar months from each start to the day."""
    months = (day.year - start.dt.year()) * 12 + (day.month - start.dt.month().cast(pl.Int32))
    return months - pl.when(start.dt.day() > day.day).then(1).otherwise(0)


def fired_rules(facts: pl.DataFrame, as_of: date, *, census: bool = False) -> pl.DataFrame:
    """One Boolean column per rule, in the order of the facts; `census`: whether it may exclude."""
    of = pl.col("entity_class")
    status = pl.col("status")
    gone = (pl.col("cancel_date") <= as_of).fill_null(False)
    revoked = (pl.col("revoke_date") <= as_of).fill_null(False) & ~status.is_in(["A", "S", "9"])
    mature = pl.col("age_m") >= 12
    scoped = of != "household"
    rules = {
        "C01": status.is_in(["D", "X"]) | gone,
        "C02": status == "M",
        "C03": scoped & ((status == "L") | _true("in_liquidation")),
        "D01": _true("serious"),
        "D02": _true("defaulter"),
        "D04": _true("false_report"),
        "Z01": (status == "V") | revoked,
        "Z02": of.is_in(["enterprise", "coop"]) & (pl.col("missed") >= 2) & silent() & mature,
        "Z05": (of == "enterprise") & (pl.col("age_m") >= 24) & _true("two_zeros") & ~pl.col("is_alive"),
        "P02f": scoped & pl.col("is_public") & pl.col("uscc").str.starts_with("52"),
        "P04": (of == "branch") & pl.col("parent_registered"),
        "P05": scoped & pl.col("has_other_rows"),
        "F01": scoped & (pl.col("wrong_check") | pl.col("o_for_zero")),
        "F03": scoped & ~mature,
        "F04": scoped & (_true("is_other_industry") | _revenues_differ()),
        "F09": scoped & (status == "9"),
    }
    seen_closed = closed_by_census(allowed=census), closed_by_visit()
    rules |= record_rules(rules["Z02"], seen_closed, as_of) | shell_rules(as_of)
    rules |= census_rules(allowed=census) | sheet_rules() | visit_rules(as_of)
    rules["O03"] |= releases(as_of)
    on_register = ~pl.col("is_later")
    return facts.select((rule & on_register).fill_null(False).alias(name) for name, rule in rules.items())


def rule_rows(facts: pl.DataFrame, fired: pl.DataFrame) -> pl.DataFrame:
    """One row per subject and rule that must fire: subject_key_true, rule_id."""
    wide = fired.with_columns(facts["uscc"].alias("subject_key_true"))
    return (
        wide.unpivot(index="subject_key_true", variable_name="rule_id", value_name="fires")
        .filter("fires")
        .select("subject_key_true", "rule_id")
    )


def decisions(facts: pl.DataFrame, fired: pl.DataFrame) -> pl.DataFrame:
    """expected_disposition and expected_primary_rule per subject, scope enterprise+coop."""
    primary = pl.coalesce(pl.when(pl.col(name) & ~lifted(name)).then(pl.lit(name)) for name in ORDER)
    merged = pl.coalesce(pl.when(pl.col(name) & ~lifted(name)).then(pl.lit(name)) for name in MERGING)
    outside = (pl.col("entity_class") == "household") | pl.col("is_later")
    known = facts.select("entity_class", "is_later", "ov_action", "ov_rule", "ov_level")
    return fired.with_columns(known).select(
        expected_disposition=pl.when(outside).then(pl.lit("out_of_scope"))
        .when(primary.is_not_null()).then(pl.lit("excluded"))
        .when(merged.is_not_null()).then(pl.lit("superseded"))
        .otherwise(pl.lit("target")),
        expected_primary_rule=pl.when(~outside).then(pl.coalesce(primary, merged)),
    )  # fmt: skip


def _report_facts(reports: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Per uscc: years filed, whether the last two are all zero, a recent active report."""
    due = last_due_year(as_of)
    zero = (pl.col("si_pension") == 0) & (pl.col("revenue") == 0) & (pl.col("tax") == 0)
    active = (pl.col("tax") > 0) | (pl.col("si_pension").fill_null(0) > 0)
    year = pl.col("report_year")
    known = reports.filter(pl.col("submit_date") <= as_of).with_columns(
        zero.fill_null(False).alias("zero"), active.alias("active")
    )
    newest = known.with_columns(place=year.rank("ordinal", descending=True).over("uscc"))
    return newest.group_by("uscc").agg(
        *[(year == due - back).any().alias(f"filed_{back}") for back in range(3)],
        ((pl.col("place") <= 2) & pl.col("zero")).sum().eq(2).alias("two_zeros"),
        pl.col("submit_date").filter("active").max().alias("live_report"),
        pl.col("submit_date").max().alias("last_report"),
        (pl.col("revenue") * 10_000).filter(year == CENSUS_DAY.year).max().alias("reported_revenue"),
    )


def _revenues_differ() -> pl.Expr:
    """Whether census and report of its year lie more than tenfold apart: a slip of units, or an idle firm."""
    unit, reported = pl.col("unit_revenue"), pl.col("reported_revenue")
    return ((unit > reported * 10) | (reported > unit * 10)).fill_null(False)


def _missed(as_of: date) -> pl.Expr:
    """Due years missed in a row, newest first; the feed knows three years."""
    due = last_due_year(as_of)
    born = pl.col("est_date").dt.year()
    run = pl.lit(True)
    count = pl.lit(0)
    for back in range(3):
        run = run & (born <= due - back) & ~_true(f"filed_{back}")
        count = count + run.cast(pl.Int32)
    return count


def _event_facts(sources: dict[str, pl.DataFrame], as_of: date) -> pl.DataFrame:
    """Per uscc with an open event: serious, defaulter, false_report."""

    def is_open(start: str, end: pl.Expr) -> pl.Expr:
        return (pl.col(start) <= as_of) & (end.is_null() | (end > as_of))

    term = pl.coalesce("remove_date", pl.col("publish_date").dt.offset_by("24mo"))
    cases = sources["judgment_defaulters"].filter(pl.col("subject_type") == "firm")
    listed = sources["abnormal_list"].filter(pl.col("reason_code") == "R3")
    ends = pl.col("out_date")
    parts = [
        sources["serious_violations"].filter(is_open("in_date", ends)).select("uscc", kind=pl.lit("serious")),
        cases.filter(is_open("publish_date", term)).select("uscc", kind=pl.lit("defaulter")),
        listed.filter(is_open("in_date", ends)).select("uscc", kind=pl.lit("false_report")),
    ]
    return (
        pl.concat(parts)
        .group_by("uscc")
        .agg((pl.col("kind") == kind).any().alias(kind) for kind in ("serious", "defaulter", "false_report"))
    )


def _trade_facts(trade: pl.DataFrame, as_of: date) -> pl.DataFrame:
    since = months_back(as_of, 24)
    year = pl.col("trade_year")
    recent = (pl.date(year, 12, 31) >= since) & (year <= as_of.year) & (pl.col("export_usd") > 0)
    is_open = pl.col("cancel_date").is_null() | (pl.col("cancel_date") > as_of)
    until = pl.date(year, 12, 31).clip(None, as_of).filter((year <= as_of.year) & (pl.col("export_usd") > 0))
    return trade.group_by("uscc").agg(
        recent.any().alias("alive_trade"),
        is_open.any().alias("customs_open"),
        until.max().alias("live_trade"),
    )


def _true(column: str) -> pl.Expr:
    return pl.col(column).fill_null(False)
