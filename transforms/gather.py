"""All evidence on each subject, brought to one row: what every source knew of it on the batch date.

Here: one row per subject from register, reports, lists, census, customs and certificates; null is unknown.
Not here: which figure wins (classify.py), what the rules derive (screen_facts.py), matching (evidence.py).
"""

from collections.abc import Mapping
from datetime import date
from functools import reduce

import polars as pl

from reference.classes import ClassTables
from reference.rules import RuleSet
from transforms.dated_lists import activity_facts, dated_facts
from transforms.evidence import is_open_on, known_on, months_before
from transforms.loan_evidence import loan_facts
from transforms.report_history import idle_coops, report_history


def gather_evidence(
    subjects: pl.LazyFrame,
    *,
    reports: pl.LazyFrame,
    abnormal: pl.LazyFrame,
    serious: pl.LazyFrame,
    defaulters: pl.LazyFrame,
    units: pl.LazyFrame,
    trade: pl.LazyFrame,
    tech: pl.LazyFrame,
    visits: pl.LazyFrame,
    loans: pl.LazyFrame,
    events: Mapping[str, pl.LazyFrame],
    superseded: pl.LazyFrame,
    parents: pl.LazyFrame,
    classes: ClassTables,
    rules: RuleSet,
    as_of: date,
) -> pl.LazyFrame:
    """One row per subject: its register columns and all evidence known on the date.

    `units`: linked census units, at most one a subject. `superseded`: register rows given up for a newer
    one (subject_key). `parents`: `registered_parents`. `visits`: visit_evidence.VISITS.
    `loans`: loan_evidence.LOANS. `events`: the rows of each of DATED_SOURCES. Money is in 元.
    Columns census_… and live_census_on are stat_restricted: no reason, export or mart may state them.
    """
    census_on = rules.common.day("census_on")
    sparse = [
        *_listings(abnormal, serious, defaulters, rules, as_of),
        _trade_facts(trade, as_of),
        _sci_tech(tech, classes, as_of),
        superseded.group_by("subject_key").agg(superseded_rows=pl.len().cast(pl.Int64)),
        _branches(subjects, parents),
        *dated_facts(events, abnormal, rules, as_of),
        loan_facts(loans, reports, subjects, rules["Z08"].parameters.number("reports"), as_of),
        idle_coops(reports, subjects, rules["Z05c"].parameters.number("reports"), as_of),
    ]
    rare = reduce(lambda one, other: one.join(other, on="subject_key", how="full", coalesce=True), sparse)
    reported = report_history(reports, as_of, census_on.year, classes.value_years)
    met = visits.select("uscc", visit_outcome="outcome", live_visit_on=pl.when("is_alive").then("visited_on"))
    taxed, metered = activity_facts(events, as_of)
    return (
        subjects.select(*_REGISTER, registry_industry="industry_code")
        .join(rare, on="subject_key", how="left", validate="m:1")
        .join(_census(units, as_of, census_on), on="subject_key", how="left", validate="m:1")
        .join(reported, on="subject_key", how="left", validate="m:1")
        .join(taxed, on="subject_key", how="left", validate="m:1")
        .join(metered, on="subject_key", how="left", validate="m:1")
        .join(met, on="uscc", how="left", validate="m:1")
    )


def registered_parents(subjects: pl.LazyFrame, rules: RuleSet, as_of: date) -> pl.LazyFrame:
    """One row per city and firm on the register that a branch of the city names as its parent.

    Columns parent_uscc, register_city_code (the branch's). Taken over the whole province: the parent may sit
    in another city.
    """
    branches = subjects.filter((pl.col("entity_class") == "branch") & pl.col("parent_uscc").is_not_null())
    named = branches.select("parent_uscc", "register_city_code").unique()
    gone = (pl.col("cancelled_on") <= as_of).fill_null(False)
    registered = subjects.filter(
        pl.col("status").is_in(rules["P04"].parameters.codes("registered_statuses")) & ~gone
    ).select(parent_uscc="subject_key")
    return named.join(registered, on="parent_uscc", how="semi")


_REGISTER = (
    "subject_key", "entity_class", "uscc", "uscc_check", "subject_type_code", "status", "status_text",
    "established_on", "cancelled_on", "revoked_on", "term_to", "parent_uscc", "registered_capital",
    "capital_currency", "register_county_code",
)  # fmt: skip


def _listings(
    abnormal: pl.LazyFrame,
    serious: pl.LazyFrame,
    defaulters: pl.LazyFrame,
    rules: RuleSet,
    as_of: date,
) -> list[pl.LazyFrame]:
    """Per dishonesty rule one row per subject with an open listing: the earliest open one."""
    return [
        _open_listing(serious, "D01", as_of, "reason_text"),
        _open_defaulter(defaulters, rules, as_of),
        _open_listing(_false_disclosures(abnormal, rules), "D04", as_of),
    ]


def _false_disclosures(abnormal: pl.LazyFrame, rules: RuleSet) -> pl.LazyFrame:
    return abnormal.filter(pl.col("reason_code").is_in(rules["D04"].parameters.codes("reason_codes")))


def _open_listing(listings: pl.LazyFrame, rule_id: str, as_of: date, *more: str) -> pl.LazyFrame:
    """One row per listed subject: D0x_listed_on, D0x_doc_no, D0x_decide_org and what more the list tells."""
    is_open = known_on(as_of) & is_open_on(as_of, "in_date", pl.col("out_date"))
    columns = {"in_date": "listed_on", **{name: name for name in ("doc_no", "decide_org", *more)}}
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
        .with_columns(pl.col(pl.String).exclude("subject_key").cast(pl.Categorical))
    )


def sure_units(units: pl.LazyFrame, as_of: date, census_on: date) -> pl.LazyFrame:
    """The linked census units known on the date and surely their subject's own (link exact or strong)."""
    sure = pl.col("link_strength").is_in(["exact", "strong"])
    return units.filter(sure & known_on(as_of) & (census_on <= as_of))


def _census(units: pl.LazyFrame, as_of: date, census_on: date) -> pl.LazyFrame:
    """One row per subject with such a unit."""
    told = {
        "census_inst_type": "inst_type",
        "census_control": "control",
        "census_industry": "ind_code",
        "census_employees": "emp_end",
        "census_revenue_yuan": "revenue",
        "census_assets_yuan": "assets",
        "census_op_status": "op_status",
        "census_check_result": "check_result",
    }
    return sure_units(units, as_of, census_on).select(
        "subject_key",
        has_unit=True,
        live_census_on=pl.when(pl.col("op_status") == "1").then(census_on),
        **told,
    )


def _trade_facts(trade: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """One row per subject in the customs feed: is_foreign_trade, is_active_trader, live_trade_on.

    Foreign trade: registered with customs on the date, or traded in the last 24 months; active: in the
    last 12. live_trade_on: the end of the last year it traded in, at most the date.
    """
    registered = (
        pl.col("customs_code").is_not_null()
        & (pl.col("reg_date").fill_null(as_of) <= as_of)
        & (pl.col("cancel_date").is_null() | (pl.col("cancel_date") > as_of))
    )
    traded = pl.sum_horizontal("export_usd", "import_usd") > 0
    year_end = pl.date(pl.col("trade_year"), 12, 31)
    traded_until = pl.when(traded & (pl.col("trade_year") <= as_of.year)).then(year_end)
    return (
        trade.filter(known_on(as_of))
        .select("subject_key", registered=registered, traded_until=traded_until)
        .group_by("subject_key")
        .agg(pl.col("registered").any(), pl.col("traded_until").max())
        .select(
            "subject_key",
            is_foreign_trade=pl.col("registered") | _reaches("traded_until", months_before(as_of, 24)),
            is_active_trader=_reaches("traded_until", months_before(as_of, 12)),
            live_trade_on=pl.col("traded_until").clip(None, as_of),
        )
    )


def _reaches(column: str, day: date) -> pl.Expr:
    return (pl.col(column) >= day).fill_null(False)


def _sci_tech(tech: pl.LazyFrame, classes: ClassTables, as_of: date) -> pl.LazyFrame:
    """One row per subject with a certificate valid on the date (its last day included)."""
    return (
        tech.filter(
            known_on(as_of)
            & pl.col("tag").is_in(classes.sci_tech_tags)
            & (pl.col("valid_from").fill_null(as_of) <= as_of)
            & (pl.col("valid_to").fill_null(as_of) >= as_of)
        )
        .select("subject_key", is_sci_tech=True)
        .unique()
    )


def _branches(subjects: pl.LazyFrame, parents: pl.LazyFrame) -> pl.LazyFrame:
    """One row per branch whose parent is registered."""
    branches = subjects.filter(pl.col("entity_class") == "branch")
    return branches.join(parents, on="parent_uscc", how="semi").select("subject_key", parent_registered=True)
