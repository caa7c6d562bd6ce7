"""Annual reports filed before they are due, in the first half of a year: newer than the census (conflict K5).

Here: who files early, and what the report says.  Not here: all other reports (evidence.py).
"""

from datetime import date, timedelta

import polars as pl

from simulator.evidence import last_due_year
from simulator.report_cases import is_indebted


def with_early_reports(
    sources: dict[str, pl.DataFrame], subjects: pl.DataFrame, as_of: date
) -> dict[str, pl.DataFrame]:
    """The sources, the annual reports with some of the year before the date, where they are not due yet.

    Filed three weeks before the date by firms whose last report is plain, with 10,000 元 more of assets. No
    draw.
    """
    submitted, last = as_of - timedelta(days=21), last_due_year(as_of)
    if last == as_of.year - 1 or submitted.year < as_of.year:
        return sources
    plain = (pl.col("story") == "files") & (pl.col("entity_class") == "enterprise") & ~is_indebted()
    early = subjects.filter(plain & (pl.col("serial") % 31 == 9) & ~pl.col("wrong_check")).select("uscc")
    reports = sources["annual_reports"]
    clean = pl.col("case").is_null() & pl.col("code_fault").is_null() & pl.col("emp_count").is_not_null()
    newest = reports.filter((pl.col("report_year") == last) & clean).join(early, on="uscc", how="semi")
    filed = newest.with_columns(
        report_year=pl.lit(last + 1, pl.Int64), submit_date=pl.lit(submitted), assets=pl.col("assets") + 1
    )
    return {**sources, "annual_reports": pl.concat([reports, filed])}
