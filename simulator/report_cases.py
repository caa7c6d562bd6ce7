"""Annual reports that say what few say: empty co-operatives (空壳社), liabilities above assets, a loss.

Here: their figures in one year's reports, near misses beside each.
Not here: all other figures (evidence.py).
"""

from datetime import date, timedelta

import polars as pl

MONEY = pl.Int64


def with_cases(reports: pl.DataFrame, back: int, as_of: date) -> pl.DataFrame:
    """One year's reports plus member_trade and net_profit (万元), planted figures in them.

    `of`: what each row's subject is, dropped here. `back` counts years before the last due one.
    """
    told = reports.unnest("of").pipe(_with_coops, back, as_of).pipe(_with_sheets, back)
    return told.drop("entity_class", "serial", "is_big", "is_finance", "story")


def _with_coops(reports: pl.DataFrame, back: int, as_of: date) -> pl.DataFrame:
    """Co-operatives: empty for two years and more, or nearly so.

    By turn: 0, 1 empty; 2 the newest trade is blank; 3 empty in the newest year only; 4 only the newest
    report is filed by the date; 5 no trade with members, but revenue; 6, 7 alive.
    """
    coop, turn = pl.col("entity_class") == "coop", pl.col("serial") % 8
    empty = turn.is_in([0, 1, 2]) | ((turn == 3) & pl.lit(back == 0)) | (turn == 4)
    late = coop & (turn == 4) & pl.lit(back > 0)
    trade = (
        pl.when((turn == 2) & pl.lit(back == 0)).then(None)
        .when(empty | (turn == 5)).then(0)
        .otherwise(pl.col("revenue") // 2)
    )  # fmt: skip
    return reports.with_columns(
        revenue=pl.when(coop & empty).then(0).otherwise("revenue"),
        member_trade=pl.when(coop).then(trade).cast(MONEY),
        submit_date=pl.when(late).then(pl.lit(as_of + timedelta(days=10))).otherwise("submit_date"),
        case=pl.when(late).then(pl.lit("dated_later")).otherwise("case"),
    )


def _with_sheets(reports: pl.DataFrame, back: int) -> pl.DataFrame:
    """Firms whose liabilities pass their assets, and nearly such; most of them medium.

    By turn: 0 to 2 for three years and at a loss; 3 level in the oldest year; 4 without a loss; 5 a blank.
    """
    turn = pl.col("serial") % 6
    in_debt = is_indebted()
    over = pl.col("assets") + 1
    liabilities = (
        pl.when((turn == 3) & pl.lit(back == 2)).then("assets")
        .when((turn == 5) & (pl.col("serial") % 4 == 1) & pl.lit(back == 1)).then(None)
        .otherwise(over)
    )  # fmt: skip
    blank = (turn == 5) & (pl.col("serial") % 4 == 3) & pl.lit(back == 0)
    profit = pl.when(blank).then(None).when(turn == 4).then(0).otherwise(-3)
    firm = pl.col("entity_class") == "enterprise"
    return reports.with_columns(
        liabilities=pl.when(in_debt).then(liabilities).otherwise("liabilities"),
        net_profit=pl.when(in_debt).then(profit).when(firm).then(pl.col("revenue") // 30).cast(MONEY),
    )


def is_indebted() -> pl.Expr:
    """Subjects with one of these balance sheets: the big ones, and some small beside them."""
    small = (pl.col("entity_class") == "enterprise") & (pl.col("story") == "files")
    return ~pl.col("is_finance") & (pl.col("is_big") | (small & (pl.col("serial") % 11 == 4)))
