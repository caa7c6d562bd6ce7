"""Evidence of other bureaus brought to the register's subjects, as it was known on the batch date.

Here: matching staged rows to subjects, superseding, and the as-of tests every rule shares.
Not here: what the evidence means (screen_facts.py, classify.py), code repair (identifiers.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from transforms.identifiers import normalise_code, repair_uscc


@dataclass(frozen=True)
class Routed:
    """The staged rows of one source in three parts; every row is in exactly one.

    `matched` has subject_key and register_city_code; `superseded` those and is older than a matched row
    of the same key; `unmatched` has `reason`: missing_code | not_on_register | after_as_of.
    """

    matched: pl.LazyFrame
    superseded: pl.LazyFrame
    unmatched: pl.LazyFrame


def route_evidence(
    staged: pl.LazyFrame,
    subjects: pl.LazyFrame,
    *,
    key: Sequence[str],
    as_of: date,
    confusions: pl.DataFrame,
    dated_by: str | None = None,
) -> Routed:
    """Part the staged rows of one source by whether they speak of a subject, and are the newest to do so.

    `key` is the contract's key (its `uscc` stands for the subject), `dated_by` the event's own date column.
    Rows extracted or dated after `as_of` are set aside first, so they can't supersede what was known then.
    """
    keyed = _with_subject(staged, subjects, confusions).with_columns(reason=_reason(as_of, dated_by))
    in_scope = keyed.filter(pl.col("reason").is_null()).drop("reason")
    newest, older = _newest_first(in_scope, ["subject_key", *(k for k in key if k != "uscc")], dated_by)
    unmatched = keyed.filter(pl.col("reason").is_not_null()).drop("register_city_code")
    return Routed(newest, older, unmatched)


def known_on(as_of: date) -> pl.Expr:
    """Boolean per row: the bureau had handed this over by the date (an unknown extract date counts as so)."""
    return pl.col("extract_date").fill_null(as_of) <= as_of


def is_open_on(as_of: date, start: str, end: pl.Expr) -> pl.Expr:
    """Boolean per row: a listing from `start` was open on the date; the day it ends no longer counts."""
    return (pl.col(start) <= as_of) & (end.is_null() | (end > as_of))


def months_before(day: date, months: int) -> date:
    """Return the same day of the month `months` earlier, or that month's last day if there is none."""
    index = day.year * 12 + day.month - 1 - months
    first = date(index // 12, index % 12 + 1, 1)
    following = date((index + 1) // 12, (index + 1) % 12 + 1, 1)
    return first.replace(day=min(day.day, (following - timedelta(days=1)).day))


def months_until(start: pl.Expr, day: date) -> pl.Expr:
    """Full calendar months from each date to `day`; null where the date is."""
    months = (day.year - start.dt.year()) * 12 + day.month - start.dt.month().cast(pl.Int32)
    return months - (start.dt.day() > day.day).cast(pl.Int32)


def _with_subject(staged: pl.LazyFrame, subjects: pl.LazyFrame, confusions: pl.DataFrame) -> pl.LazyFrame:
    """One row per staged row: + subject_key, register_city_code (null: not on the register)."""
    cities = subjects.select("subject_key", "register_city_code")
    direct = staged.join(cities, left_on="uscc", right_on="subject_key", how="left", validate="m:1")
    missed = direct.filter(pl.col("register_city_code").is_null()).select("uscc").drop_nulls().unique()
    resolved = _resolve(missed, confusions).join(cities, on="subject_key", validate="m:1")
    found = pl.coalesce("resolved_key", "uscc")
    return (
        direct.join(resolved.rename({"subject_key": "resolved_key"}), on="uscc", how="left", suffix="_found")
        .with_columns(
            subject_key=found,
            register_city_code=pl.coalesce("register_city_code", "register_city_code_found"),
        )
        .drop("resolved_key", "register_city_code_found")
    )


def _resolve(written: pl.LazyFrame, confusions: pl.DataFrame) -> pl.LazyFrame:
    """One row per written code that names no subject as it stands: uscc, subject_key to try instead."""
    normal = written.with_columns(code=normalise_code(pl.col("uscc")))
    repairs = repair_uscc(normal.select("code"), "code", confusions)
    code = pl.col("code")
    old_number = pl.when(code.str.contains(r"^(\d{13}|\d{15})$")).then("REG:" + code)
    return normal.join(repairs, on="code", how="left", validate="m:1").select(
        "uscc", subject_key=pl.coalesce("repaired", old_number, "code")
    )


def _reason(as_of: date, dated_by: str | None) -> pl.Expr:
    known = known_on(as_of)
    if dated_by:
        known = known & (pl.col(dated_by).fill_null(as_of) <= as_of)
    return (
        pl.when(pl.col("uscc").is_null()).then(pl.lit("missing_code"))
        .when(pl.col("register_city_code").is_null()).then(pl.lit("not_on_register"))
        .when(~known).then(pl.lit("after_as_of"))
    )  # fmt: skip


def _newest_first(
    rows: pl.LazyFrame, key: list[str], dated_by: str | None
) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Part rows into the newest per key and the rest; only keys that occur twice are sorted."""
    repeated = pl.struct(key).hash().is_duplicated()
    marked = rows.with_columns(_repeated=repeated)
    once = marked.filter(~pl.col("_repeated")).drop("_repeated")
    age = ["extract_date", *([dated_by] if dated_by else []), "source_file", "row_no"]
    ranked = (
        marked.filter("_repeated")
        .drop("_repeated")
        .sort(age, descending=True, nulls_last=True)
        .with_columns(_newest=pl.struct(key).is_first_distinct())
    )
    newest = pl.concat([once, ranked.filter("_newest").drop("_newest")])
    return newest, ranked.filter(~pl.col("_newest")).drop("_newest")
