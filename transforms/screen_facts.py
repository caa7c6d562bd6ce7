"""Screening facts: everything the rules look at, one row per subject, as known on the batch date.

Here: what follows from a subject's evidence without a rule's verdict: ages, missed years, signs of life.
Not here: the evidence itself (gather.py), the rules (screen_*.py).
"""

from collections.abc import Collection
from datetime import date

import polars as pl

from reference.rules import RuleSet
from transforms.classify import CLASS_COLUMNS
from transforms.dated_lists import DATED_COLUMNS
from transforms.evidence import months_until
from transforms.feed_coverage import COVERED
from transforms.report_history import last_reports, missed_years
from transforms.screen_revisit import with_last_visit


def screening_facts(
    classified: pl.LazyFrame,
    placed: pl.LazyFrame,
    coverage: pl.LazyFrame,
    *,
    feed_years: Collection[int],
    rules: RuleSet,
    as_of: date,
    loans: pl.LazyFrame,
    visits: pl.LazyFrame | None = None,
) -> pl.LazyFrame:
    """One row per subject: every rule input as of the date, and its classification.

    `placed`: subject_key, level. `coverage`: `feed_coverage` of the whole city. `visits`: uscc, visited_on,
    outcome of earlier batches' visits. `loans`: loan_evidence.LOANS.
    `feed_years`: the report years the whole province's feed covers (`reported_years`).
    Columns census_… and the conflicts are stat_restricted: no reason states them.
    """
    levels = placed.select("subject_key", place_level="level")
    told = classified.join(levels, on="subject_key", how="left", validate="m:1").join(
        coverage, on="register_county_code", how="left", validate="m:1"
    )
    facts = told.select(
        *_AS_GATHERED,
        *DATED_COLUMNS,
        *CLASS_COLUMNS,
        "size_by_reports",
        pl.col("parent_registered").fill_null(False),
        pl.col("superseded_rows").fill_null(0),
        *_report_facts(rules, feed_years, as_of),
        *_live_evidence(),
        *_conflicts(rules["F04"].parameters.number("max_ratio")),
        pl.col(COVERED).fill_null(False),
        has_unit=pl.col("has_unit").fill_null(False),
        age_m=months_until(pl.col("established_on"), as_of),
    )
    return with_last_visit(facts, visits, loans, rules["R01"], as_of)


_AS_GATHERED = (
    "subject_key", "entity_class", "uscc", "uscc_check", "subject_type_code", "status", "status_text",
    "established_on", "cancelled_on", "revoked_on", "term_to", "parent_uscc", "place_level",
    "last_report_on", "tax_filed_on", "live_visit_on", "visit_outcome",
    "census_inst_type", "census_op_status", "census_check_result",
    "Z05c_is_idle", "Z05c_filed_on", "Z08_lent_on", "Z08_is_over_indebted", "Z08_has_loss",
    "D01_listed_on", "D01_doc_no", "D01_decide_org", "D01_reason_text", "D02_published_on", "D02_ends_on",
    "D02_case_no", "D02_court", "D04_listed_on", "D04_doc_no", "D04_decide_org",
)  # fmt: skip


def _report_facts(rules: RuleSet, feed_years: Collection[int], as_of: date) -> list[pl.Expr]:
    """miss_n; zero_reports, null where a figure is blank and no other speaks against zero."""
    look_back = rules.common.number("look_back_years")
    count = rules["Z05"].parameters.number("reports")
    last = last_reports(pl.col("filed_mask"), count)
    too_few = (last.bitwise_count_ones() < count).fill_null(True)
    zero = (
        pl.when(too_few | (pl.col("active_mask") & last != 0)).then(False)
        .when(pl.col("zero_mask") & last == last).then(True)
    )  # fmt: skip
    return [
        missed_years(as_of, feed_years, look_back).alias("miss_n"),
        zero.alias("zero_reports"),
        last.alias("last_reports_mask"),
    ]


def _live_evidence() -> list[pl.Expr]:
    """The newest sign of life (经营迹象): its date and its source."""
    by_source = {
        "annual_reports": "live_report_on",
        "customs": "live_trade_on",
        "visits": "live_visit_on",
        "tax_filings": "live_tax_on",
        "loans": "live_loan_on",
        "electricity": "live_power_on",
        "census": "live_census_on",
    }
    newest = pl.max_horizontal(by_source.values())
    source = pl.coalesce(
        pl.when(pl.col(column) == newest).then(pl.lit(name)) for name, column in by_source.items()
    )
    return [newest.alias("live_on"), source.alias("live_source")]


def _conflicts(max_ratio: int) -> list[pl.Expr]:
    """registry_division; whether the census differs from it, or from the same year's reported revenue."""
    division = _division(pl.col("registry_industry"))
    census, reported = pl.col("census_revenue_yuan"), pl.col("census_year_revenue")
    return [
        division.alias("registry_division"),
        (_division(pl.col("census_industry")) != division).alias("industry_conflict"),
        ((census > reported * max_ratio) | (reported > census * max_ratio)).alias("revenue_conflict"),
    ]


def _division(industry_code: pl.Expr) -> pl.Expr:
    """The two-digit industry division (行业大类) of a code with or without its section letter; else null."""
    return industry_code.str.extract(r"^[A-T]?(\d{2})", 1)
