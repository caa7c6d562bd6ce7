"""Conform the staged register: one row per subject, in canonical codes.

Here: identifiers repaired, status and class told, newest row per subject, the partition of all rows.
Not here: typing and cleaning of cells (ingest.py), census (link.py), where a subject is visited (place.py).
"""

from dataclasses import dataclass
from datetime import date

import polars as pl

from reference.register import RegisterCodes, bare_text
from transforms.identifiers import can_identify, check_uscc, org_code_of, repair_uscc
from transforms.names import name_key, name_text
from transforms.registrar import named_places, place_texts, register_place
from transforms.subject_class import entity_class, subject_types

_SOUND = pl.col("uscc_check").is_in(["valid", "repaired"])


@dataclass(frozen=True)
class Conformed:
    """The three parts of the staged register; each staged row is in exactly one of them."""

    subjects: pl.LazyFrame  # one row per subject
    superseded: (
        pl.LazyFrame
    )  # one row per older or lesser row of a subject: source_file, row_no, subject_key, reason
    out_of_scope: pl.LazyFrame  # one row per row dated after the batch: the same columns


HEADS = (
    "subject_key", "register_city_code", "source_file", "row_no", "extract_date", "established_on",
    "approved_on", "status", "registrar_code", "domicile_division_code", "registrar_name", "county_name",
)  # fmt: skip
"""What of a register row decides whether it counts."""


def conform_registry(staged: pl.LazyFrame, codes: RegisterCodes, as_of: date) -> Conformed:
    """Split the staged register into subjects as of the batch date, superseded rows and later rows."""
    rows = conform_rows(staged, codes)
    losers = older_rows(rows, codes, as_of)
    return Conformed(
        subjects=newest_rows(rows, losers, as_of),
        superseded=losers.select("source_file", "row_no", "subject_key", reason=pl.lit("duplicate")),
        out_of_scope=later_rows(rows, as_of).drop("register_city_code"),
    )


def conform_rows(staged: pl.LazyFrame, codes: RegisterCodes) -> pl.LazyFrame:
    """One row per staged register row in the columns of the curated table `subjects`; no order is kept.

    Each row by itself: which of several counts is not asked here, so a file need not know of the others.
    """
    return _in_columns(_with_keys(staged, codes), staged, codes)


def older_rows(rows: pl.LazyFrame, codes: RegisterCodes, as_of: date) -> pl.LazyFrame:
    """One row per row that another of the same subject beats: source_file, row_no, subject_key, both cities.

    Of several rows of one subject the newest extract wins, then the better status (A first), then the
    later approval, then file and row number, so that the order of rows never decides. A row that says the
    subject moved out (M) gives way to an active one of another county, however new. `rows` needs HEADS;
    register_city_code is the row's own, subject_city_code that of the row that wins.
    """
    return _losers(rows.filter(~_is_later(as_of)), codes)


def newest_rows(rows: pl.LazyFrame, older: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """One row per subject: the rows known on the date that no other beats; see `older_rows`."""
    current = rows.filter(~_is_later(as_of))
    return current.join(older, on=["source_file", "row_no"], how="anti", build_side="force_right")


def later_rows(rows: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """One row per row extracted, or of a firm established, after the date.

    Columns source_file, row_no, subject_key, register_city_code, reason.
    """
    reason = pl.when(pl.col("extract_date") > as_of).then(pl.lit("extracted_later")).otherwise(
        pl.lit("established_later")
    )  # fmt: skip
    return rows.filter(_is_later(as_of)).select(
        "source_file", "row_no", "subject_key", "register_city_code", reason=reason
    )


def _is_later(as_of: date) -> pl.Expr:
    return pl.any_horizontal(
        (pl.col(column) > as_of).fill_null(False) for column in ("extract_date", "established_on")
    )


def _with_keys(staged: pl.LazyFrame, codes: RegisterCodes) -> pl.LazyFrame:
    """The staged rows plus `uscc_check` and `subject_key`, `uscc` repaired, old numbers moved to `reg_no`."""
    checked = check_uscc(staged, "uscc", repair_uscc(staged.select("uscc"), codes.confusions))
    is_old_number = pl.col("uscc").str.contains(r"^(?:[0-9]{13}|[0-9]{15})$").fill_null(False)
    reg_no = pl.coalesce("reg_no", pl.when(is_old_number).then("uscc"))
    row = pl.concat_str(pl.lit("ROW:"), "source_file", pl.lit(":"), "row_no")
    # A number Excel turned into 3.3E+14 is shared by thousands.
    tells_apart = pl.col("reg_no").str.len_chars().ge(6) & ~pl.col("reg_no").str.contains(r"[.+]")
    numbered = pl.when(tells_apart).then(pl.lit("REG:") + pl.col("reg_no"))
    key = (
        pl.when(_SOUND | can_identify(pl.col("uscc"))).then("uscc")
        .otherwise(pl.coalesce(numbered, row))
    )  # fmt: skip
    return checked.with_columns(reg_no.alias("reg_no")).with_columns(key.alias("subject_key"))


def _losers(current: pl.LazyFrame, codes: RegisterCodes) -> pl.LazyFrame:
    """The beaten rows.

    Counting hashes keeps the count small at millions of rows; two keys sharing a hash only meet the full
    comparison needlessly.
    """
    digest = pl.col("subject_key").hash()
    repeated = current.select(digest.alias("_hash")).group_by("_hash").len().filter(pl.col("len") > 1)
    rivals = current.select(*HEADS, digest.alias("_hash")).join(
        repeated, on="_hash", how="semi", build_side="force_right"
    )
    ranks = codes.statuses.lazy().select("status", "rank")
    # Read three times: the plan before it would run for each.
    told = rivals.join(ranks, on="status", how="left", build_side="force_right").cache()
    best_first = told.join(_left_behind(told), on=["source_file", "row_no"], how="left").sort(
        "subject_key", "_left", "extract_date", "rank", "approved_on", "source_file", "row_no",
        descending=[False, False, True, False, True, True, True],
        nulls_last=[True, False, True, True, True, True, True],
    )  # fmt: skip
    winner = pl.col("register_city_code").first().over("subject_key")
    return (
        best_first.with_columns(subject_city_code=winner)
        .filter(~pl.col("subject_key").is_first_distinct())
        .select("source_file", "row_no", "subject_key", "register_city_code", "subject_city_code")
    )


_SEATS = {"registrar_code": 6, "domicile_division_code": 6, "registrar_name": None, "county_name": None}
"""Where a register row was kept, surest column first, and how many characters name the county."""


def _left_behind(rivals: pl.LazyFrame) -> pl.LazyFrame:
    """One row per row that says moved out while another county has the subject active: its place, _left.

    The other county must have written its row after the move was approved, else that row is the older past.
    """
    moved = rivals.filter(pl.col("status") == "M").select(
        "subject_key", "source_file", "row_no", "approved_on", *_SEATS
    )
    active = rivals.filter(pl.col("status") == "A").select("subject_key", "extract_date", *_SEATS)
    pairs = moved.join(active, on="subject_key", suffix="_there")
    elsewhere = pl.coalesce(
        pl.col(seat).str.slice(0, length) != pl.col(f"{seat}_there").str.slice(0, length)
        for seat, length in _SEATS.items()
    )
    since = (pl.col("extract_date") >= pl.col("approved_on")).fill_null(True)
    return pairs.filter(elsewhere & since).select("source_file", "row_no", _left=True).unique()


def _with_status(frame: pl.LazyFrame, staged: pl.LazyFrame, codes: RegisterCodes) -> pl.LazyFrame:
    """The same rows plus `status`, 9 where no list knows `reg_status`; `staged` tells which are written."""
    told = (
        staged.select("reg_status").drop_nulls().unique()
        .with_columns(bare_text(pl.col("reg_status")).alias("_spelling"))
        .join(codes.status_spellings.lazy(), left_on="_spelling", right_on="spelling")
        .select("reg_status", "status")
    )  # fmt: skip
    return frame.join(told, on="reg_status", how="left", build_side="force_right").with_columns(
        pl.col("status").fill_null("9")
    )


def _in_columns(keyed: pl.LazyFrame, staged: pl.LazyFrame, codes: RegisterCodes) -> pl.LazyFrame:
    """The keyed rows in the columns of the curated table `subjects`.

    The small look-up tables are drawn from the staged columns, not from the keyed rows: else the whole plan
    before them would run once more for each.
    """
    placed = register_place(keyed, named_places(place_texts(staged), codes.places), codes)
    parent_outcomes = repair_uscc(staged.select("parent_uscc"), codes.confusions)
    parents = check_uscc(placed, "parent_uscc", parent_outcomes)
    typed = parents.join(
        subject_types(staged.select("ent_type"), codes), on="ent_type", how="left", build_side="force_right"
    )
    classed = _with_status(typed, staged, codes).with_columns(
        name_text(pl.col("ent_name"), codes).alias("_name_text"),
        entity_class(codes).alias("entity_class"),
        pl.when(_SOUND).then(org_code_of(pl.col("uscc"))).alias("org_code"),
    )
    key = name_key(pl.col("_name_text"), codes.name_prefixes)
    return classed.select(
        "subject_key", "uscc", "uscc_check", "org_code", "reg_no",
        pl.col("ent_name").alias("name"), "former_name", key.alias("name_key"), "entity_class",
        "subject_type_code",
        "status", pl.col("reg_status").alias("status_text"),
        pl.col("est_date").alias("established_on"), pl.col("approve_date").alias("approved_on"),
        pl.col("op_from").alias("term_from"), pl.col("op_to").alias("term_to"),
        pl.col("cancel_date").alias("cancelled_on"), pl.col("revoke_date").alias("revoked_on"),
        pl.col("reg_org").alias("registrar_name"), pl.col("reg_org_code").alias("registrar_code"),
        pl.col("juris_org").alias("supervising_office"), "industry_code",
        pl.col("reg_capital").alias("registered_capital"), "capital_currency",
        pl.col("scope").alias("business_scope"), pl.col("dom_addr").alias("address"),
        pl.col("op_addr").alias("operating_address"), pl.col("dom_div_code").alias("domicile_division_code"),
        "city_name", "county_name", "parent_uscc",
        pl.col("legal_rep").alias("legal_rep_masked"), pl.col("phone").alias("phone_masked"),
        "phone_key", "legal_rep_id_key", "paid_capital",
        "register_city_code", "register_county_code", "extract_date", "source_file", "row_no",
    )  # fmt: skip
