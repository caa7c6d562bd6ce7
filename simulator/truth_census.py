"""Which rules must fire on census answers, loans and balance sheets, told apart from the code under test.

Here: the simulator's own reading of domain §4.2 Z04, Z05c, Z06, Z08, P01 to P03 and of the census switch.
Not here: what is planted (census.py, report_cases.py, loan_book.py), the other rules (truth.py).
"""

from datetime import date

import polars as pl

from simulator.census import CENSUS_DAY

CLOSED = ("2", "4", "5", "6", "7")


def sheet_facts(reports: pl.DataFrame, due: int, as_of: date) -> list[pl.DataFrame]:
    """Per uscc: is_empty (no revenue, no trade with members in the last two reports); over_debt, has_loss."""
    known = reports.filter(pl.col("submit_date") <= as_of)
    empty = ((pl.col("revenue") == 0) & (pl.col("member_trade") == 0)).fill_null(value=False)
    year = pl.col("report_year")
    ranked = known.with_columns(place=year.rank("ordinal", descending=True).over("uscc"), empty=empty)
    over = (pl.col("liabilities") > pl.col("assets")).fill_null(value=False)
    lost = (pl.col("net_profit") < 0).fill_null(value=False)
    three = known.filter(year.is_between(due - 2, due)).group_by("uscc").agg(
        over_debt=over.sum() == 3, has_loss=(lost & (year == due)).any()
    )  # fmt: skip
    last = ranked.filter(pl.col("place") <= 2).group_by("uscc").agg(
        is_empty=pl.col("empty").sum() == 2, last_year=year.max()
    )  # fmt: skip
    return [three, last]


def loan_facts(book: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Per uscc with a loan that banks told of by the date and that is in order: live_loan, is_lent_to."""
    ends = pl.coalesce(
        pl.col("paid_on").dt.offset_by(pl.concat_str("term_months", pl.lit("mo"))), pl.col("matures_on")
    )
    in_order = (pl.col("balance") > 0) & (pl.col("matures_on") >= pl.col("reported_on"))
    told = book.with_columns(seen=pl.coalesce("paid_on", "reported_on"), ends=ends).filter(
        pl.col("paid_on").is_not_null() | in_order, pl.col("seen") <= as_of
    )
    return told.group_by("uscc").agg(
        live_loan=pl.col("seen").max(), is_lent_to=(pl.col("ends") > as_of).any()
    )


def census_rules(*, allowed: bool) -> dict[str, pl.Expr]:
    """One Boolean per rule that asks the census; `allowed`: whether the rules file lets it exclude."""
    of = pl.col("entity_class")
    may = pl.lit(allowed)
    scoped = of != "household"
    since = (pl.col("live_on") > CENSUS_DAY).fill_null(value=False)
    listed = pl.col("R1_on").is_not_null() | pl.col("R4_on").is_not_null()
    big = (pl.col("is_big") & ~_told_small()) | (may & _told_big())
    by_code = pl.col("is_public") & ~pl.col("uscc").str.starts_with("52")
    # By the census a firm may leave the industry; it enters it if that may exclude.
    banks = (pl.col("is_finance") & ~_true("is_other_industry")) | (may & (pl.col("unit_industry") == "6631"))
    return {
        "Z04": closed_by_census(allowed=allowed) & (of.is_in(["enterprise", "coop", "other"])) & ~since
        & (pl.col("age_m") >= 12),
        "Z06": may & scoped & (pl.col("check_result") == "5").fill_null(value=False) & listed,
        "P01": scoped & big & ~pl.col("trades"),
        "P02": scoped & (by_code | (may & (pl.col("inst_type") == "20").fill_null(value=False))),
        "P03": scoped & (banks.fill_null(value=False) | pl.col("is_office")),
    }  # fmt: skip


def closed_by_census(*, allowed: bool) -> pl.Expr:
    """Whether the census found the subject closed and may say so."""
    return pl.lit(allowed) & pl.col("op_status").is_in(CLOSED).fill_null(value=False)


def sheet_rules() -> dict[str, pl.Expr]:
    """One Boolean per rule on balance sheets; `is_lent_to` and `over_debt` of facts decide."""
    over = _true("over_debt") & _true("has_loss") & _true("is_lent_to")
    return {
        "Z05c": (pl.col("entity_class") == "coop") & _true("is_empty"),
        "Z08": (pl.col("entity_class") == "enterprise") & over & _is_medium(),
    }


def _is_medium() -> pl.Expr:
    """Medium by the figures planted (evidence.with_figures, census.BIG): the 2017 standard's upper limits."""
    trade = pl.col("industry").str.slice(0, 2)
    revenue = pl.when(_told_big()).then(9_000).otherwise("revenue")
    limit = trade.replace_strict(
        {"52": 20_000, "62": 10_000, "65": 10_000}, default=40_000, return_dtype=pl.Int64
    )
    return ((pl.col("is_big") & ~_told_small()) | _told_big()) & (revenue < limit)


def _told_big() -> pl.Expr:
    return _true("is_census_big") & _census_is_newest()


def _told_small() -> pl.Expr:
    return _true("is_census_small") & _census_is_newest()


def _census_is_newest() -> pl.Expr:
    """Whether no annual report is younger than the census, whose figures it would replace."""
    return (pl.col("last_year") <= CENSUS_DAY.year).fill_null(value=True)


def _true(column: str) -> pl.Expr:
    return pl.col(column).fill_null(value=False)
