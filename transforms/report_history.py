"""Annual reports (年报) of each subject condensed to one row: what was filed, what was zero, the figures.

Here: filing years as bit masks, zero reports, the figures of the last years.
Not here: which figure wins (classify.py), what the rules derive (screen_facts.py).
"""

from collections.abc import Collection
from datetime import date

import polars as pl

from transforms.evidence import known_on

OLDEST = 40
"""Report years further back than this are ignored: masks keep one bit per year, bit 0 the newest."""

_ACTIVITY = ("si_pension", "revenue", "tax")
_FIGURES = {
    "employees": pl.col("emp_count"),
    "revenue_yuan": pl.coalesce("revenue", "main_revenue"),
    "assets_yuan": pl.col("assets"),
}


def reported_years(reports: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """One row per report year the feed covered by the date: `report_year`, ascending.

    Taken over the whole province: a year without any report is unknown, not missing, for everybody.
    """
    return filed_reports(reports, as_of).select(pl.col("report_year").unique().sort())


def report_history(reports: pl.LazyFrame, as_of: date, census_year: int, figure_years: int) -> pl.LazyFrame:
    """One row per subject with a report known on the date.

    filed_mask, zero_mask (社保, 营收, 纳税 all stated zero), active_mask (one of them stated otherwise):
    bit k = report year `newest_year(as_of) - k`. last_report_on: newest submission; live_report_on: newest
    with 社保 or 纳税 above 0.
    census_year_revenue: revenue (元) of that report year. For each of the last `figure_years` years Y:
    employees_Y (从业人数), revenue_yuan_Y (营业总收入, else 主营业务收入), assets_yuan_Y (元).
    """
    zero = pl.all_horizontal(pl.col(c) == 0 for c in _ACTIVITY)
    active = pl.any_horizontal(pl.col(c) != 0 for c in _ACTIVITY)
    live = (pl.col("tax") > 0) | (pl.col("si_pension") > 0)
    columns = {
        "last_report_on": pl.col("submit_date"),
        "live_report_on": pl.when(live).then("submit_date"),
        "census_year_revenue": pl.when(pl.col("report_year") == census_year).then("revenue"),
    }
    for year in newest_years(as_of, figure_years):
        of_year = pl.when(pl.col("report_year") == year)
        columns |= {f"{name}_{year}": of_year.then(figure) for name, figure in _FIGURES.items()}
    masks = {
        "filed_mask": pl.col("bit"),
        "zero_mask": pl.when(zero).then("bit").otherwise(0),
        "active_mask": pl.when(active).then("bit").otherwise(0),
    }
    return (
        filed_reports(reports, as_of)
        .select("subject_key", **masks, **columns)
        .group_by("subject_key")
        .agg(pl.col(*masks).bitwise_or(), pl.col(*columns).max())
    )


def idle_coops(reports: pl.LazyFrame, subjects: pl.LazyFrame, count: int, as_of: date) -> pl.LazyFrame:
    """One row per co-operative with that many reports: Z05c_is_idle, Z05c_filed_on.

    Z05c_is_idle: its last `count` reports each state no revenue and no trade with members (成员交易额);
    null where one of the figures is blank and no other speaks against it.
    """
    coops = subjects.filter(pl.col("entity_class") == "coop").select("subject_key")
    idle = (pl.col("revenue") == 0) & (pl.col("member_trade") == 0)
    return (
        filed_reports(reports, as_of)
        .join(coops, on="subject_key", how="semi")
        .group_by("subject_key")
        .agg(
            _reports=pl.len(),
            Z05c_is_idle=idle.sort_by("report_year").tail(count).all(ignore_nulls=False),
            Z05c_filed_on=pl.col("submit_date").max(),
        )
        .filter(pl.col("_reports") >= count)
        .drop("_reports")
    )


def newest_year(as_of: date) -> int:
    """Return the newest report year that can be filed on the date: the year before."""
    return as_of.year - 1


def newest_years(as_of: date, count: int) -> list[int]:
    """Return the last `count` report years, newest first."""
    return [newest_year(as_of) - back for back in range(count)]


def last_due_year(as_of: date) -> int:
    """Return the newest report year whose filing time (1 Jan to 30 Jun of the next year) is over."""
    return as_of.year - 1 if (as_of.month, as_of.day) > (6, 30) else as_of.year - 2


def missed_years(as_of: date, feed_years: Collection[int], look_back: int) -> pl.Expr:
    """Count the due years in a row, newest first, without a report; from `filed_mask`, `established_on`.

    The count stops at the first filed year, at the year before establishment, and at a year outside
    the feed (unknown is not missing). Null when the establishment date is unknown.
    """
    bit_of_last_due = newest_year(as_of) - last_due_year(as_of)
    unknown = sum(1 << back for back in range(OLDEST) if newest_year(as_of) - back not in set(feed_years))
    filed = pl.col("filed_mask").fill_null(0) | unknown
    stops = pl.when(pl.lit(bit_of_last_due == 0)).then(filed).otherwise(filed // 2)
    run = stops.bitwise_trailing_zeros().cast(pl.Int32)
    due = (last_due_year(as_of) - pl.col("established_on").dt.year() + 1).clip(0, look_back)
    return pl.when(due.is_not_null()).then(pl.min_horizontal(run, due)).cast(pl.Int32)


def last_reports(mask: pl.Expr, count: int) -> pl.Expr:
    """Return the mask of the newest `count` bits of a mask (all of them if it has fewer)."""
    taken, rest = pl.lit(0, dtype=pl.Int64), mask
    for _ in range(count):
        lowest = rest & -rest
        taken, rest = taken | lowest, rest ^ lowest
    return taken


def filed_reports(reports: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """One row per report filed and known by the date, with its `bit` (Int64)."""
    back = newest_year(as_of) - pl.col("report_year")
    return reports.filter(
        known_on(as_of) & (pl.col("submit_date") <= as_of) & back.is_between(0, OLDEST - 1)
    ).with_columns(bit=pl.lit(2, dtype=pl.Int64).pow(back).cast(pl.Int64))
