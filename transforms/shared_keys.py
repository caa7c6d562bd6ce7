"""What subjects may share (共用信息): door, telephone, legal representative; and which of it several do.

Here: the keys of one city's subjects, and the few hashes that recur in the province, counted without a table.
Not here: exact counts (shared_counts.py), how a door is read (address_key.py).
"""

from collections.abc import Collection
from datetime import date

import polars as pl

from reference.divisions import Gazetteer
from transforms.address_key import with_door

NEEDED = (
    "subject_key", "status", "cancelled_on", "established_on", "address", "operating_address",
    "register_county_code", "register_city_code", "phone_key", "legal_rep_id_key",
)  # fmt: skip
HASHED = {"door": ("county", "door"), "phone_key": ("phone_key",), "legal_rep_id_key": ("legal_rep_id_key",)}
"""Per kind of key the columns it is counted by at first; the township of a door is told apart later."""


def subject_keys(
    subjects: pl.DataFrame,
    statuses: Collection[str],
    as_of: date,
    gazetteer: Gazetteer,
    lookalikes: dict[str, str],
) -> pl.DataFrame:
    """One row per subject: subject_key, register_city_code, is_active, established_on, DOOR, the other keys.

    The door is that of the domicile, else of the operating address. Active: of one of the statuses, and not
    deregistered by the date.
    """
    gone = (pl.col("cancelled_on") <= as_of).fill_null(False)
    county = pl.coalesce("register_county_code", pl.col("register_city_code") + "00")
    rows = subjects.select(
        "subject_key",
        "register_city_code",
        "established_on",
        "phone_key",
        "legal_rep_id_key",
        is_active=pl.col("status").is_in(list(statuses)) & ~gone,
        address=pl.coalesce("address", "operating_address"),
        county_hint=county,
    )
    blank = pl.when(pl.col("phone_key") != "").then("phone_key")
    return with_door(rows, gazetteer, lookalikes).with_columns(phone_key=blank)


def key_hashes(keys: pl.DataFrame) -> dict[str, pl.Series]:
    """Return per kind the hashes of the active subjects' keys, one per subject that has one."""
    active = keys.filter("is_active")
    return {
        kind: active.filter(pl.col(kind).is_not_null()).select(_hash(kind)).to_series() for kind in HASHED
    }


def recurring(hashes: pl.Series, least: int) -> pl.Series:
    """Return the hashes that occur `least` times or more: sorted they take 8 bytes a row, tabled far more."""
    ordered = hashes.sort()
    return ordered.filter((ordered == ordered.shift(least - 1)).fill_null(value=False)).unique()


def holders(keys: pl.DataFrame, kind: str, wanted: pl.Series) -> pl.DataFrame:
    """Return the rows whose key of that kind has one of the hashes."""
    has_key = pl.when(pl.col(kind).is_not_null()).then(_hash(kind))
    return keys.filter(keys.select(has_key.is_in(wanted.implode())).to_series())


def hashes_of(rows: pl.DataFrame, kind: str) -> pl.Series:
    """Return the hashes under which rows of keys (such as a list of addresses) are counted."""
    return rows.filter(pl.col(kind).is_not_null()).select(_hash(kind)).to_series()


def _hash(kind: str) -> pl.Expr:
    return pl.struct(HASHED[kind]).hash().alias("_hash")
