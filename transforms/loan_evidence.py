"""Bank loans as evidence for the next batch: a firm that a bank lends to is alive; one over its ears is told.

Here: loans and loan books of the feedback as one frame, and per firm what the rules read of them.
Not here: which rows of the banks count as facts (feedback_bank.py).
"""

from datetime import date

import polars as pl

from transforms.report_history import filed_reports, last_due_year

LOANS = pl.Schema({"uscc": pl.String, "seen_on": pl.Date, "ends_on": pl.Date})
"""A loan as a bank told of it: paid out or stated in its book on seen_on, due on ends_on (null: unknown)."""


def loans(paid: pl.LazyFrame, book: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """Return LOANS known on the date, from fact_loan (放款) and fact_renewal (存量贷款).

    An entry of the loan book counts as normal while a balance stands that is not overdue.
    """
    paid_out = paid.select(
        "uscc",
        seen_on="paid_on",
        ends_on=pl.col("paid_on").dt.offset_by(pl.format("{}mo", pl.col("term_months"))),
    )
    normal = (pl.col("balance") > 0) & (pl.col("matures_on") >= pl.col("reported_on"))
    stated = book.filter(normal).select("uscc", seen_on="reported_on", ends_on="matures_on")
    known = pl.concat([paid_out, stated]).filter((pl.col("seen_on") <= as_of) & pl.col("uscc").is_not_null())
    return known.unique().sort("uscc", "seen_on", "ends_on")


def loan_facts(
    known: pl.LazyFrame, reports: pl.LazyFrame, subjects: pl.LazyFrame, years: int, as_of: date
) -> pl.LazyFrame:
    """One row per subject with a loan: live_loan_on; Z08_lent_on, Z08_is_over_indebted, Z08_has_loss.

    Z08_…: of firms with a loan under way; liabilities above assets in each of the last `years` due reports,
    and a loss (净利润) in the newest; null where a figure is blank or a report missing.
    """
    firms = subjects.select("subject_key", "uscc")
    lent = known.filter(pl.col("seen_on") <= as_of).join(firms, on="uscc").group_by("subject_key").agg(
        live_loan_on=pl.col("seen_on").max(),
        Z08_lent_on=pl.col("seen_on").filter(pl.col("ends_on") > as_of).max(),
    )  # fmt: skip
    running = lent.filter(pl.col("Z08_lent_on").is_not_null())
    return lent.join(_balance_sheets(reports, running, years, as_of), on="subject_key", how="left")


def _balance_sheets(reports: pl.LazyFrame, of: pl.LazyFrame, years: int, as_of: date) -> pl.LazyFrame:
    """One row per subject of `of` with each of the last due reports: Z08_is_over_indebted, Z08_has_loss."""
    due = last_due_year(as_of)
    told = filed_reports(reports, as_of).join(of, on="subject_key", how="semi").filter(
        pl.col("report_year").is_between(due - years + 1, due)
    )  # fmt: skip
    over = pl.col("liabilities") > pl.col("assets")
    return (
        told.group_by("subject_key")
        .agg(
            _reports=pl.len(),
            Z08_is_over_indebted=over.all(ignore_nulls=False),
            Z08_has_loss=(pl.col("net_profit") < 0).sort_by("report_year").last(),
        )
        .filter(pl.col("_reports") == years)
        .drop("_reports")
    )
