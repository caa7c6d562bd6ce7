"""Evidence of other bureaus brought to the register's subjects, as it was known on the batch date.

Here: matching staged rows to subjects, superseding, and the as-of tests every rule shares.
Not here: what the evidence means (screen_facts.py, classify.py), code repair (identifiers.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from transforms.identifiers import repair_uscc


@dataclass(frozen=True)
class Routed:
    """The staged rows of one source, each with subject_key, register_city_code and `outcome`.

    outcome: matched | superseded (a newer matched row of the same key exists) | missing_code |
    not_on_register | after_as_of.
    """

    rows: pl.LazyFrame

    @property
    def matched(self) -> pl.LazyFrame:
        """One row per key of a subject on the register: the newest."""
        return self.rows.filter(pl.col("outcome") == "matched").drop("outcome")

    @property
    def superseded(self) -> pl.LazyFrame:
        """The older rows of the same keys."""
        return self.rows.filter(pl.col("outcome") == "superseded").drop("outcome")

    @property
    def unmatched(self) -> pl.LazyFrame:
        """The rows that speak of no subject on the register, or of a later day; `outcome` says which."""
        return self.rows.filter(~pl.col("outcome").is_in(["matched", "superseded"]))


def route_evidence(
    staged: pl.LazyFrame,
    subjects: pl.LazyFrame,
    *,
    key: Sequence[str],
    as_of: date,
    confusions: pl.DataFrame,
    dated_by: str | None = None,
) -> Routed:
    """Mark the staged rows of one source: whether they speak of a subject, and are the newest to do so.

    `key` is the contract's key (its `uscc` stands for the subject), `dated_by` the event's own date column.
    Rows extracted or dated after `as_of` are set aside first, so they can't supersede what was known then.
    """
    cities = subjects.select("subject_key", "register_city_code")
    return with_outcomes(
        with_subject_key(staged, cities, confusions), cities, key=key, as_of=as_of, dated_by=dated_by
    )


def with_outcomes(
    keyed: pl.LazyFrame, cities: pl.LazyFrame, *, key: Sequence[str], as_of: date, dated_by: str | None = None
) -> Routed:
    """Mark rows that have a subject_key; `cities` has subject_key, register_city_code of every subject meant.

    Rows of one subject must come together: only then is it known which is the newest.
    """
    dates = ["extract_date", *([dated_by] if dated_by else [])]
    known = pl.all_horizontal(pl.col(c).fill_null(as_of) <= as_of for c in dates)
    older = _older_rows(keyed.filter(known), ["subject_key", *(k for k in key if k != "uscc")], dates)
    outcome = (
        pl.when(pl.col("uscc").is_null()).then(pl.lit("missing_code"))
        .when(pl.col("register_city_code").is_null()).then(pl.lit("not_on_register"))
        .when(~known).then(pl.lit("after_as_of"))
        .when(pl.col("_older").is_not_null()).then(pl.lit("superseded"))
        .otherwise(pl.lit("matched"))
    )  # fmt: skip
    marked = keyed.join(cities, on="subject_key", how="left", validate="m:1").join(
        older, on=_ROW, how="left", validate="m:1"
    )
    return Routed(marked.with_columns(outcome=outcome).drop("_older"))


def with_subject_key(staged: pl.LazyFrame, cities: pl.LazyFrame, confusions: pl.DataFrame) -> pl.LazyFrame:
    """One row per staged row: + subject_key, its code as written or what that code must have meant."""
    written = staged.select("uscc").drop_nulls()
    missed = written.join(cities, left_on="uscc", right_on="subject_key", how="anti").unique().cache()
    return staged.join(_resolve(missed, confusions), on="uscc", how="left", validate="m:1").with_columns(
        subject_key=pl.coalesce("subject_key", "uscc")
    )


LOOSE = "loose"
"""The bucket of what has no sound code: it may be of any place."""


def code_bucket(code: pl.Expr, is_sound: pl.Expr) -> pl.Expr:
    """The four digits of the city that gave a sound code (characters 3 to 6), else LOOSE.

    The same for a row of evidence and for its subject, wherever that has moved since: either side can be
    split by it before the two are joined.
    """
    return pl.when(is_sound).then(code.str.slice(2, 4)).otherwise(pl.lit(LOOSE))


def subject_bucket() -> pl.Expr:
    """The bucket of each subject of the register, by its subject_key and uscc_check."""
    return code_bucket(pl.col("subject_key"), pl.col("uscc_check").is_in(["valid", "repaired"]))


LEAST_SHARE = 0.02
"""A bucket with a smaller share of a file's rows gets no file of its own there: its rows are loose."""


def with_common_buckets(bucketed: pl.LazyFrame) -> pl.LazyFrame:
    """The same rows of one file, those of no `_bucket` or a rare one loose."""
    is_common = pl.len().over("_bucket") >= LEAST_SHARE * pl.len()
    return bucketed.with_columns(_bucket=pl.when(is_common).then("_bucket").fill_null(LOOSE))


def is_firm_case() -> pl.Expr:
    """Whether a row of judgment_defaulters is looked up by credit code: no identity number is given."""
    return pl.col("person_id_key").fill_null("") == ""


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


_ROW = ["source_file", "row_no"]


def _resolve(missed: pl.LazyFrame, confusions: pl.DataFrame) -> pl.LazyFrame:
    """One row per damaged code that names no subject as it stands: uscc, subject_key to try instead."""
    code = pl.col("code")
    old_number = pl.when(code.str.contains(r"^(\d{13}|\d{15})$")).then("REG:" + code)
    return repair_uscc(missed, confusions).select(
        uscc="written_code", subject_key=pl.coalesce(old_number, code)
    )


def _older_rows(rows: pl.LazyFrame, key: list[str], dates: list[str]) -> pl.LazyFrame:
    """One row per row that a newer one of the same key supersedes: source_file, row_no, _older (true).

    Only keys that occur twice are sorted; a hash finds them, the key itself decides.
    """
    hashed = rows.select(*dict.fromkeys([*key, *dates, *_ROW]), _hash=pl.struct(key).hash())
    twice = hashed.group_by("_hash").len().filter(pl.col("len") > 1)
    return (
        hashed.join(twice, on="_hash", how="semi")
        .sort(*dates, *_ROW, descending=True, nulls_last=True)
        .filter(~pl.struct(key).is_first_distinct())
        .select(*_ROW, _older=True)
    )
