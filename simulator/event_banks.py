"""What banks answer: recommendations, decisions, loans, renewals and export insurance of the visited firms.

Here: the draw of each feed.  Not here: visits and files (events.py).
"""

from datetime import date, timedelta

import numpy as np
import polars as pl

BANKS = [("B01", "省农商联合银行"), ("B02", "市商业银行"), ("B03", "国有大行"), ("B04", "股份制银行")]
Generator = np.random.Generator


def bank_frames(
    told: pl.DataFrame,
    firms: pl.DataFrame,
    credited_share: float,
    disbursed_share: float,
    loan: tuple[float, float],
    until: date,
    rng: Generator,
) -> dict[str, pl.DataFrame]:
    """Return one frame per feed. `told`: visited firms. `loan`: mean and median in 万元."""
    pushed = _pushed(told, rng)
    credits = _decided(pushed, credited_share, loan, until, rng)
    return {
        "recommendations": pushed.drop("visit_date"),
        "credits": credits.drop("uscc"),
        "loans": _paid(credits, disbursed_share, until, rng),
        "renewals": _books(firms.filter(pl.col("is_target")), until, rng),
        "export_insurance": _insured(firms.filter("is_foreign_trade"), until, rng),
    }


def _pushed(told: pl.DataFrame, rng: Generator) -> pl.DataFrame:
    rows = told.filter("is_recommended")
    bank = rng.integers(0, len(BANKS), rows.height)
    return rows.select(
        "uscc", "need_amt", "purpose_code", "visit_date",
        rec_id=pl.lit("R") + pl.col("list_item_id").fill_null(pl.col("uscc")),
        push_date=pl.col("visit_date") + pl.duration(days=pl.lit(pl.Series(rng.integers(0, 5, rows.height)))),
        bank_code=pl.Series([BANKS[b][0] for b in bank], dtype=pl.String),
        bank_name=pl.Series([BANKS[b][1] for b in bank], dtype=pl.String),
        section=section(),
    )  # fmt: skip


def section() -> pl.Expr:
    """Return the section (板块) a firm is recommended in."""
    return (
        pl.when("is_foreign_trade").then(pl.lit("外贸")).when("is_sci_tech").then(pl.lit("科技"))
        .when("is_consumption").then(pl.lit("消费")).otherwise(pl.lit("一般"))
    )  # fmt: skip


def _decided(
    pushed: pl.DataFrame, share: float, loan: tuple[float, float], until: date, rng: Generator
) -> pl.DataFrame:
    """One answer per recommendation; half of those not granted are refused, half not answered."""
    n, (mean, median) = pushed.height, loan
    draw = rng.random(n)
    amount = rng.lognormal(np.log(median), np.sqrt(2 * np.log(mean / median)), n).round(2) + 0.01
    rows = pushed.select("rec_id", "uscc", "push_date").with_columns(
        accept_date=pl.col("push_date") + pl.duration(days=pl.lit(pl.Series(rng.integers(0, 4, n)))),
        decide_date=pl.col("push_date") + pl.duration(days=pl.lit(pl.Series(rng.integers(4, 33, n)))),
        result=pl.Series(np.where(draw < share, "授信", "不予"), dtype=pl.String),
        credit_amt=pl.Series(np.where(draw < share, amount, np.nan)).fill_nan(None),
        rate=pl.Series(rng.normal(3.97, 0.4, n).round(4)),
        is_silent=pl.Series(draw > share + (1 - share) / 2),
    )
    answered = pl.col("decide_date") <= until
    told = rows.filter(~pl.col("is_silent") & answered).drop("is_silent", "push_date")
    accepted = rows.filter(pl.col("is_silent") & (pl.col("accept_date") <= until)).select(
        "rec_id", "uscc", "accept_date"
    )
    return pl.concat([told, accepted], how="diagonal").sort("rec_id")


def _paid(credits: pl.DataFrame, share: float, until: date, rng: Generator) -> pl.DataFrame:
    granted = credits.filter(pl.col("result") == "授信")
    rows = granted.filter(pl.Series(rng.random(granted.height) < share))
    n = rows.height
    return rows.select(
        "rec_id", "uscc", "rate",
        loan_id=pl.lit("L") + pl.col("rec_id"),
        pay_date=pl.min_horizontal(pl.col("decide_date") + timedelta(days=2), pl.lit(until)),
        amt="credit_amt",
        term_m=pl.lit(12),
        is_credit_loan=pl.Series(np.where(rng.random(n) < 0.33, "是", "否"), dtype=pl.String),
        is_first_loan=pl.Series(np.where(rng.random(n) < 0.2, "是", "否"), dtype=pl.String),
        is_renewal=pl.lit("否"),
    )  # fmt: skip


def _books(firms: pl.DataFrame, until: date, rng: Generator) -> pl.DataFrame:
    """One bank's books on the last day, on 1 January and a year before; one firm in twenty has a loan."""
    held = firms.filter(pl.Series(rng.random(firms.height) < 0.05))
    n = held.height
    left = rng.integers(0, 360, n)
    contact = rng.integers(20, 60, n)
    loans = held.select("uscc", "subject_key").with_columns(
        loan_id=pl.lit("K") + pl.col("uscc"),
        bank_code=pl.lit("B01"),
        bank_name=pl.lit(BANKS[0][1]),
        maturity_date=pl.lit(until) + pl.duration(days=pl.lit(pl.Series(left))),
        contact_date=pl.lit(until) + pl.duration(days=pl.lit(pl.Series(left - contact))),
        balance=pl.Series(rng.lognormal(4.5, 0.8, n).round(2)),
        wish=pl.Series(np.where(rng.random(n) < 0.8, "是", "否"), dtype=pl.String),
        conditions_ok=pl.lit("是"),
        is_no_repay_renewal=pl.Series(np.where(rng.random(n) < 0.4, "是", "否"), dtype=pl.String),
        report_date=pl.lit(until),
    )
    spoken = pl.col("contact_date") <= until
    now = loans.with_columns(
        contact_date=pl.when(spoken).then("contact_date"),
        result=pl.when(spoken & (pl.col("wish") == "是")).then(pl.lit("续贷")),
    )
    before = [
        loans.drop("contact_date").with_columns(report_date=pl.lit(day), balance=pl.col("balance") * factor)
        for day, factor in ((date(until.year, 1, 1), 0.9), (until - timedelta(days=366), 0.7))
    ]
    return (
        pl.concat([now, *before], how="diagonal").drop("subject_key").with_columns(pl.col("balance").round(2))
    )


def _insured(firms: pl.DataFrame, until: date, rng: Generator) -> pl.DataFrame:
    held = firms.filter(pl.Series(rng.random(firms.height) < 0.3))
    return held.select(
        "uscc",
        policy_id=pl.lit("P") + pl.col("uscc"),
        insurer=pl.lit("出口信用保险公司"),
        insured_usd=pl.Series(rng.lognormal(12, 1, held.height).round(2)),
        month=pl.lit(until.replace(day=1)),
    )
