"""Screening facts: everything the rules look at, one row per subject, as known on the batch date.

Here: evidence of all sources brought to one row and dated; null means unknown and stays null.
Not here: the rules (screen_*.py), matching evidence to subjects (evidence.py).
"""

from collections.abc import Collection
from datetime import date

import polars as pl

from reference.rules import RuleSet
from transforms.evidence import is_open_on, known_on, months_until
from transforms.screen_reports import last_reports, missed_years, report_history


def screening_facts(
    subjects: pl.LazyFrame,
    *,
    classified: pl.LazyFrame,
    placed: pl.LazyFrame,
    reports: pl.LazyFrame,
    abnormal: pl.LazyFrame,
    serious: pl.LazyFrame,
    defaulters: pl.LazyFrame,
    units: pl.LazyFrame,
    trade: pl.LazyFrame,
    superseded: pl.LazyFrame,
    parents: pl.LazyFrame,
    feed_years: Collection[int],
    rules: RuleSet,
    as_of: date,
) -> pl.LazyFrame:
    """One row per subject: every rule input as of the date.

    `superseded`: register rows given up for a newer one (subject_key). `parents`: `registered_parents`.
    `feed_years`: the report years the whole province's feed covers (`reported_years`).
    Census columns (census_…, revenue_conflict) are stat_restricted: no reason or export may state them.
    """
    census_on = rules.common.day("census_on")
    joined = (
        _subject_facts(subjects, as_of)
        .join(classified.select(_CLASSIFIED), on="subject_key", how="left")
        .join(placed.select("subject_key", place_level="level"), on="subject_key", how="left")
        .join(report_history(reports, as_of, census_on.year), on="subject_key", how="left")
        .join(_listings(abnormal, serious, defaulters, rules, as_of), on="subject_key", how="left")
        .join(_census(units, as_of, census_on), on="subject_key", how="left")
        .join(_last_trade(trade, as_of), on="subject_key", how="left")
        .join(_superseded_rows(superseded), on="subject_key", how="left")
        .join(parents.select("parent_uscc", parent_registered=True), on="parent_uscc", how="left")
    )
    return joined.with_columns(
        *_report_facts(rules, feed_years, as_of),
        *_live_evidence(),
        industry_conflict=pl.col("census_division") != pl.col("registry_division"),
        revenue_conflict=_differ(rules["F04"].parameters.number("max_ratio")),
        parent_registered=pl.col("parent_registered").fill_null(False),
        superseded_rows=pl.col("superseded_rows").fill_null(0),
    ).drop("zero_mask", "active_mask", "census_revenue", "census_year_revenue")


def registered_parents(subjects: pl.LazyFrame, rules: RuleSet, as_of: date) -> pl.LazyFrame:
    """One row per firm some branch names as its parent and that is on the register: parent_uscc.

    Taken over the whole province: the parent may sit in another city.
    """
    named = subjects.filter(pl.col("entity_class") == "branch").select("parent_uscc").drop_nulls().unique()
    gone = (pl.col("cancelled_on") <= as_of).fill_null(False)
    registered = subjects.filter(
        pl.col("status").is_in(rules["P04"].parameters.codes("registered_statuses")) & ~gone
    ).select(parent_uscc="subject_key")
    return registered.join(named, on="parent_uscc", how="semi")


_CLASSIFIED = (
    "subject_key", "size_class", "size_confidence", "is_foreign_trade", "industry_code",
)  # fmt: skip

_REGISTER = (
    "subject_key", "entity_class", "uscc", "uscc_check", "subject_type_code", "status", "status_text",
    "established_on", "cancelled_on", "revoked_on", "parent_uscc",
)  # fmt: skip


def division_of(industry_code: pl.Expr) -> pl.Expr:
    """The two-digit industry division (行业大类) of a code with or without its section letter; else null."""
    return industry_code.str.extract(r"^[A-T]?(\d{2})", 1)


def _subject_facts(subjects: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    return subjects.select(
        *_REGISTER,
        registry_division=division_of(pl.col("industry_code")),
        age_m=months_until(pl.col("established_on"), as_of),
    )


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
    by_source = {"annual_reports": "live_report_on", "customs": "live_trade_on", "census": "live_census_on"}
    newest = pl.max_horizontal(by_source.values())
    source = pl.coalesce(
        pl.when(pl.col(column) == newest).then(pl.lit(name)) for name, column in by_source.items()
    )
    return [newest.alias("live_on"), source.alias("live_source")]


def _differ(max_ratio: int) -> pl.Expr:
    census, reported = pl.col("census_revenue"), pl.col("census_year_revenue")
    return (census > reported * max_ratio) | (reported > census * max_ratio)


def _listings(
    abnormal: pl.LazyFrame,
    serious: pl.LazyFrame,
    defaulters: pl.LazyFrame,
    rules: RuleSet,
    as_of: date,
) -> pl.LazyFrame:
    """One row per subject with an open listing: of each kind the earliest open one."""
    dishonest = [
        _open_listing(_false_disclosures(abnormal, rules), "D04", as_of),
        _open_listing(serious, "D01", as_of),
        _open_defaulter(defaulters, rules, as_of),
    ]
    one, two, three = dishonest
    return one.join(two, on="subject_key", how="full", coalesce=True).join(
        three, on="subject_key", how="full", coalesce=True
    )


def _false_disclosures(abnormal: pl.LazyFrame, rules: RuleSet) -> pl.LazyFrame:
    codes = rules["D04"].parameters.codes("reason_codes")
    return abnormal.filter(pl.col("reason_code").is_in(codes)).with_columns(
        reason_text=pl.lit(None, dtype=pl.String)
    )


def _open_listing(listings: pl.LazyFrame, rule_id: str, as_of: date) -> pl.LazyFrame:
    """One row per listed subject: D0x_listed_on, D0x_doc_no, D0x_decide_org, D0x_reason_text."""
    is_open = known_on(as_of) & is_open_on(as_of, "in_date", pl.col("out_date"))
    columns = {
        "in_date": "listed_on",
        "doc_no": "doc_no",
        "decide_org": "decide_org",
        "reason_text": "reason_text",
    }
    return _earliest(listings.filter(is_open), rule_id, columns)


def _open_defaulter(defaulters: pl.LazyFrame, rules: RuleSet, as_of: date) -> pl.LazyFrame:
    """One row per defaulting firm: D02_published_on, D02_case_no, D02_court, D02_ends_on."""
    parameters = rules["D02"].parameters
    term = pl.col("publish_date").dt.offset_by(f"{parameters.number('term_m')}mo")
    dated = defaulters.filter(
        pl.col("subject_type").is_in(parameters.codes("subject_types")) & known_on(as_of)
    ).with_columns(ends_on=pl.coalesce("remove_date", term))
    columns = {"publish_date": "published_on", "case_no": "case_no", "court": "court", "ends_on": "ends_on"}
    return _earliest(dated.filter(is_open_on(as_of, "publish_date", pl.col("ends_on"))), "D02", columns)


def _earliest(rows: pl.LazyFrame, rule_id: str, columns: dict[str, str]) -> pl.LazyFrame:
    """One row per subject: the first of its rows in order of all the columns, each named for its rule."""
    return (
        rows.select("subject_key", *columns)
        .sort("subject_key", *columns, nulls_last=True)
        .unique("subject_key", keep="first")
        .rename({column: f"{rule_id}_{name}" for column, name in columns.items()})
    )


def known_units(units: pl.LazyFrame, as_of: date, census_on: date) -> pl.LazyFrame:
    """One row per subject with a census unit known on the date and surely its own (link exact or strong)."""
    sure = pl.col("link_strength").is_in(["exact", "strong"])
    return units.filter(sure & known_on(as_of) & (census_on <= as_of))


def _census(units: pl.LazyFrame, as_of: date, census_on: date) -> pl.LazyFrame:
    return known_units(units, as_of, census_on).select(
        "subject_key",
        census_inst_type="inst_type",
        census_division=division_of(pl.col("ind_code")),
        census_revenue="revenue",
        live_census_on=pl.when(pl.col("op_status") == "1").then(census_on),
    )


def _last_trade(trade: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """One row per subject that traded: live_trade_on, the end of its last trading year (at most the date)."""
    return (
        traded(trade, as_of)
        .group_by("subject_key")
        .agg(live_trade_on=pl.date(pl.col("trade_year").max(), 12, 31).clip(None, as_of))
    )


def traded(trade: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """One row per subject, registration and year with imports or exports above zero, known on the date."""
    amount = pl.sum_horizontal("export_usd", "import_usd")
    return trade.filter(known_on(as_of) & (pl.col("trade_year") <= as_of.year) & (amount > 0))


def _superseded_rows(superseded: pl.LazyFrame) -> pl.LazyFrame:
    return superseded.group_by("subject_key").agg(superseded_rows=pl.len().cast(pl.Int64))
