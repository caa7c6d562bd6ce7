"""Visits as they come back (走访反馈): checked row by row, then facts, readiness V1 to V5, and proposals.

Here: domain notes §7.4 (checks, outcomes) and §1.3 (五项标准).  Not here: files, the error workbook (flows/).
"""

from datetime import date

import polars as pl

from reference.feedback import Criteria
from transforms.feedback import FIRM, Rule, Settled, after, settle, with_firm

YES = pl.lit("1")


def check_visits(
    rows: pl.DataFrame, faults: pl.DataFrame, firms: pl.DataFrame, criteria: Criteria, as_of: date
) -> Settled:
    """Return every visit with its firm, batch and status, and what is wrong with it.

    `rows`: the visits contract, row_id, received_as_of.  `firms`: one row per batch and firm the rows may
    mean: list_item_id, uscc, list_as_of and FIRM columns.  A visit without a list item is of the newest
    batch; a firm which that batch had excluded counts as visited off the list.
    """
    found = _with_item(rows, firms)
    unknown = pl.col("subject_key").is_null()
    has_item = pl.col("list_item_id").is_not_null()
    is_told = pl.all_horizontal(pl.col("uscc", "visit_date").is_not_null())
    rules = [
        Rule("no_firm", "list_item_id", ~has_item & pl.col("uscc").is_null()),
        Rule("unknown_item", "list_item_id", has_item & unknown),
        Rule(
            "unknown_firm",
            "uscc",
            ~has_item & unknown & is_told,
        ),
        Rule("uscc_mismatch", "uscc", has_item & (pl.col("uscc") != pl.col("item_uscc"))),
        Rule("before_dispatch", "visit_date", has_item & (pl.col("visit_date") < pl.col("list_as_of"))),
        after("visit_date", as_of),
        Rule(
            "need_without_amount",
            "need_amt",
            (pl.col("need") == YES) & (pl.col("need_amt").fill_null(0) <= 0),
        ),
    ]
    first = settle(found, faults, rules, [])
    once = _seen_once(first.used, criteria)
    rules.append(
        Rule("second_attempt_missing", "outcome", pl.col("row_id").is_in(once.implode()), waits=True)
    )
    keys = (("batch_id", "subject_key", "visit_seq"), ("batch_id", "subject_key", "visit_date"))
    return settle(found, faults, rules, keys)


def visit_facts(visits: pl.DataFrame, firms: pl.DataFrame, criteria: Criteria) -> pl.DataFrame:
    """Return fact_visit: one row per visit that counts, with V1 to V5; money in 元.

    V is null where nothing was found out.  `firms` also has status, established_on, disposition,
    primary_category, flags.
    """
    known = firms.select(
        "batch_id", "subject_key", "status", "established_on", "disposition", "primary_rule", "flags"
    ).unique(["batch_id", "subject_key"], keep="first", maintain_order=True)
    own = visits.drop("status").join(known, on=["batch_id", "subject_key"], how="left", validate="m:1")
    facts = own.select(
        *FIRM,
        pl.coalesce("item_uscc", "uscc").alias("uscc"),
        "visit_seq",
        pl.col("visit_date").alias("visited_on"),
        "method",
        "outcome",
        pl.col("outcome").is_in(criteria.effective_outcomes).alias("is_effective"),
        (pl.col("need") == YES).alias("has_need"),
        pl.col("need_amt").alias("need_amount"),
        pl.col("need_term_m").alias("need_term_months"),
        "purpose_code",
        "need_type",
        pl.col("op_verified").alias("op_state"),
        "addr_verified",
        pl.col("new_addr").alias("new_address"),
        _witnessed(criteria),
        pl.when(~pl.col("is_on_list")).then("primary_rule").alias("excluded_by"),
        *_readiness(criteria),
        pl.col("row_id").alias("event_id"),
    )
    ready = pl.all_horizontal(f"v{n}" for n in range(1, 6)).alias("is_ready")
    declared = (pl.col("outcome").is_in(criteria.declaring_outcomes) & pl.col("has_need")).fill_null(False)
    return facts.with_columns(ready, declared.alias("is_declared")).sort("event_id")


def proposals(facts: pl.DataFrame, criteria: Criteria) -> pl.DataFrame:
    """Return feedback_proposals: what the newest visit of a firm asks the county to decide.

    kind exclude: not found, unreachable, gone (31-33), to be confirmed.  kind redispatch: moved (22, 23), to
    be sent to the new town; `new_address` is what the visitor wrote.  Older visits do not count.
    """
    newest = facts.sort("visited_on", "event_id").unique("subject_key", keep="last", maintain_order=True)
    kind = (
        pl.when(pl.col("outcome").is_in(criteria.gone_outcomes)).then(pl.lit("exclude"))
        .when(pl.col("outcome").is_in(criteria.moved_outcomes)).then(pl.lit("redispatch"))
    )  # fmt: skip
    named = newest.with_columns(kind=kind).filter(pl.col("kind").is_not_null() & pl.col("is_on_list"))
    return named.select(
        "batch_id", "subject_key", "uscc", "kind", "outcome", "visited_on", "city_code", "county_code",
        "township_code", "new_address",
    ).sort("batch_id", "subject_key")  # fmt: skip


def _with_item(rows: pl.DataFrame, firms: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with FIRM columns, list_as_of and the list's own uscc: by list item, else by uscc."""
    listed = firms.filter(pl.col("is_on_list")).select(
        "list_item_id", "list_as_of", *FIRM, item_uscc="uscc"
    ).unique("list_item_id", keep="first", maintain_order=True)  # fmt: skip
    named = pl.col("list_item_id").is_not_null()
    by_item = rows.filter(named).join(listed, on="list_item_id", how="left", validate="m:1")
    by_code = with_firm(rows.filter(~named), firms, "visit_date")
    return pl.concat([by_item, by_code], how="diagonal_relaxed").sort("row_id")


def _seen_once(rows: pl.DataFrame, criteria: Criteria) -> pl.Series:
    """Return the rows of firms not found on one day only: a second attempt is due."""
    absent = rows.filter(pl.col("outcome") == criteria.two_attempts_outcome)
    days = pl.col("visit_date").n_unique().over("batch_id", "subject_key")
    return absent.filter(days < 2)["row_id"]


def _witnessed(criteria: Criteria) -> pl.Expr:
    """Whether more than one person's word tells of the visit: a photograph, a position, several visitors."""
    several = (pl.col("visitor_count") >= criteria.witnesses).fill_null(value=False)
    return (pl.col("photo_id").is_not_null() | several).alias("is_witnessed")


def _readiness(criteria: Criteria) -> list[pl.Expr]:
    """Return v1 … v5 (五项标准, domain notes §1.3); null where nothing was found out."""
    age = (pl.col("visit_date").dt.year() - pl.col("established_on").dt.year()) * 12 + (
        pl.col("visit_date").dt.month() - pl.col("established_on").dt.month()
    ).cast(pl.Int32)
    bad_flags = [pl.col("flags").fill_null("").str.contains(rf"\b{flag}\b") for flag in criteria.v4_flags]
    dishonest = pl.any_horizontal(pl.col("primary_rule").fill_null("").str.starts_with("D"), *bad_flags)
    has_amount = pl.col("need_amt").fill_null(0) > 0
    return [
        (
            (pl.col("status") == "A")
            & (age >= criteria.v1_min_age_months)
            & (pl.col("disposition") == "target")
        ).alias("v1"),
        pl.col("addr_verified").is_in(["1", "2"]).alias("v2"),
        (
            pl.col("outcome").is_in(criteria.v3_outcomes) & has_amount & pl.col("purpose_code").is_not_null()
        ).alias("v3"),
        (~dishonest).alias("v4"),
        pl.col("purpose_code").is_in(criteria.v5_purposes).alias("v5"),
    ]
