"""Recommendations, decisions, loans, renewals and export insurance: checked row by row, then facts.

Here: the rules of the feeds (domain notes §2f), and which decision or loan belongs to which recommendation.
A decision that comes before its recommendation, or a loan before its decision, waits in the ledger.
Not here: rates and clocks (warehouse/), files (flows/).
"""

from datetime import date

import polars as pl

from transforms.feedback import FIRM, Rule, Settled, after, settle, with_firm

_UNKNOWN = Rule("unknown_firm", "uscc", pl.col("subject_key").is_null() & pl.col("uscc").is_not_null())


def check_recommendations(
    rows: pl.DataFrame, faults: pl.DataFrame, firms: pl.DataFrame, as_of: date
) -> Settled:
    """Return recommendations with firm, batch and status; key rec_id."""
    return settle(
        with_firm(rows, firms, "push_date"), faults, [_UNKNOWN, after("push_date", as_of)], [("rec_id",)]
    )


def check_credits(rows: pl.DataFrame, faults: pl.DataFrame, pushed: pl.DataFrame, as_of: date) -> Settled:
    """Return the banks' answers with firm and status; key rec_id, decide_date. `pushed`: used rows."""
    own = pushed.select("rec_id", "push_date", "bank_code", *FIRM, uscc="uscc")
    granted = pl.col("result") == "granted"
    rules = [
        Rule("before_push", "accept_date", pl.col("accept_date") < pl.col("push_date")),
        Rule("before_push", "decide_date", pl.col("decide_date") < pl.col("push_date")),
        after("accept_date", as_of),
        after("decide_date", as_of),
        Rule(
            "decision_without_result",
            "result",
            pl.col("decide_date").is_not_null() & pl.col("result").is_null(),
        ),
        Rule(
            "missing_value", "decide_date", pl.col("result").is_not_null() & pl.col("decide_date").is_null()
        ),
        Rule("granted_without_amount", "credit_amt", granted & (pl.col("credit_amt").fill_null(0) <= 0)),
        _awaits_push(),
    ]
    found = rows.join(own, on="rec_id", how="left", validate="m:1")
    return settle(found, faults, rules, [("rec_id", "decide_date")])


def check_loans(
    rows: pl.DataFrame, faults: pl.DataFrame, pushed: pl.DataFrame, credited: pl.DataFrame, as_of: date
) -> Settled:
    """Return loans with firm and status; key loan_id. `credited`: decisions; a loan waits for its own."""
    own = pushed.select("rec_id", "push_date", "bank_code", *FIRM, rec_uscc="uscc")
    granted = credited.filter(pl.col("result") == "granted").select("rec_id").unique()
    found = rows.join(own, on="rec_id", how="left", validate="m:1").join(
        granted.with_columns(is_granted=True), on="rec_id", how="left", validate="m:1"
    )
    rules = [
        Rule("before_push", "pay_date", pl.col("pay_date") < pl.col("push_date")),
        after("pay_date", as_of),
        Rule("not_positive", "amt", pl.col("amt") <= 0),
        Rule("uscc_of_other_firm", "uscc", pl.col("uscc") != pl.col("rec_uscc")),
        _awaits_push(),
        Rule("not_credited", "rec_id", pl.col("is_granted").is_null(), waits=True),
    ]
    return settle(found, faults, rules, [("loan_id",)])


def check_renewals(rows: pl.DataFrame, faults: pl.DataFrame, firms: pl.DataFrame, as_of: date) -> Settled:
    """Return loans on the banks' books with firm and status; key loan_id and report_date."""
    rules = [
        _UNKNOWN,
        after("report_date", as_of),
        after("contact_date", as_of),
        Rule("not_positive", "balance", pl.col("balance") < 0),
    ]
    return settle(with_firm(rows, firms, "report_date"), faults, rules, [("loan_id", "report_date")])


def check_insurance(rows: pl.DataFrame, faults: pl.DataFrame, firms: pl.DataFrame, as_of: date) -> Settled:
    """Return export insurance with firm and status; key policy_id and month."""
    rules = [_UNKNOWN, after("month", as_of), Rule("not_positive", "insured_usd", pl.col("insured_usd") <= 0)]
    return settle(with_firm(rows, firms, "month"), faults, rules, [("policy_id", "month")])


def bank_facts(settled: dict[str, Settled]) -> dict[str, pl.DataFrame]:
    """Return the five facts by table name; amounts in 元, insured in 美元, rates in percent a year."""
    yes = {column: pl.col(column) == "1" for column in ("is_credit_loan", "is_first_loan", "is_renewal")}
    asked = {c: pl.col(c) == "1" for c in ("is_no_repay_renewal", "wish", "conditions_ok")}
    event = pl.col("row_id").alias("event_id")
    return {
        "fact_recommendation": settled["recommendations"].used.select(
            *FIRM, "uscc", "rec_id", "bank_code", "bank_name", "section", "purpose_code", event,
            pushed_on="push_date", need_amount="need_amt", need_term_months="need_term_m",
        ),
        "fact_credit": settled["credits"].used.select(
            *FIRM, "uscc", "rec_id", "bank_code", "result", "rate", "guarantee", "decline_code", event,
            accepted_on="accept_date", decided_on="decide_date", credit_amount="credit_amt",
        ),
        "fact_loan": settled["loans"].used.select(
            *FIRM, "loan_id", "rec_id", "bank_code", "rate", "product", event,
            uscc="rec_uscc", paid_on="pay_date", amount="amt", term_months="term_m", **yes,
        ),
        "fact_renewal": settled["renewals"].used.select(
            *FIRM, "uscc", "loan_id", "bank_code", "bank_name", "balance", "result", event,
            reported_on="report_date", matures_on="maturity_date", contacted_on="contact_date",
            is_no_repay_renewal=asked["is_no_repay_renewal"],
            has_wish=asked["wish"], is_eligible=asked["conditions_ok"],
        ),
        "fact_export_insurance": settled["export_insurance"].used.select(
            *FIRM, "uscc", "policy_id", "insurer", "insured_usd", "month", event,
        ),
    }  # fmt: skip


def _awaits_push() -> Rule:
    return Rule("unknown_recommendation", "rec_id", pl.col("push_date").is_null(), waits=True)
