"""How many share a door, a telephone, a legal representative (一址多照, 共用电话, 同一法人): exact counts.

Here: counts of active subjects over the whole province, listed addresses, persons who are defaulters.
Not here: which keys recur (shared_keys.py), the rules on the counts (screen_shell.py).
"""

from collections.abc import Sequence
from datetime import date

import polars as pl

from reference.divisions import Gazetteer
from reference.rules import RuleSet
from transforms.address_key import DOOR
from transforms.evidence import is_open_on, known_on, months_before

FALSE_ADDRESS = "false_address"
SHARED = pl.Schema(
    {
        "subject_key": pl.String, "register_city_code": pl.String, "door_n": pl.Int64, "door_day_n": pl.Int64,
        "door_kind": pl.String, "door_cap": pl.Int64, "door_doc_no": pl.String,
        "false_door_on": pl.Date, "false_door_doc_no": pl.String, "phone_n": pl.Int64,
        "rep_n": pl.Int64, "rep_idle_n": pl.Int64,
        "D03_published_on": pl.Date, "D03_case_no": pl.String, "D03_court": pl.String,
    }
)  # fmt: skip
"""What the city step joins: one row per subject of which something is shared or listed."""


def least_sharers(rules: RuleSet) -> dict[str, int]:
    """Return per kind of key how many must share it before any rule could look."""
    door = min(rules["S03f"].parameters.number("few"), rules["S06"].parameters.number("n"))
    return {
        "door": min(door, rules.common.number("door_n")),
        "phone_key": rules["S04"].parameters.number("n"),
        "legal_rep_id_key": rules["S05"].parameters.number("n"),
    }


def is_idle(rules: RuleSet, as_of: date) -> pl.Expr:
    """Whether a subject is inactive to S05: no sign of life (live_on) within the term, or none at all."""
    since = months_before(as_of, rules.common.number("evidence_m"))
    return (pl.col("live_on") < since).fill_null(value=True)


def town_codes(gazetteer: Gazetteer) -> pl.DataFrame:
    """One row per county and name of a town that means one town there: county, town, town_code."""
    counties = gazetteer.scopes.drop_nulls("county_code").select("scope", county="county_code")
    named = gazetteer.towns.join(counties, on="scope").select(
        "county", town="alias", town_code="township_code"
    )
    return named.unique().unique(["county", "town"], keep="none")


def resolve_doors(rows: pl.DataFrame, towns: pl.DataFrame) -> pl.DataFrame:
    """The rows with `town` as a code, and where none is written that of the only town with such a door.

    Several towns of a county have a 人民路1号; who leaves the town out belongs to none of them then.
    """
    coded = rows.join(towns, on=["county", "town"], how="left", maintain_order="left").with_columns(
        town=pl.coalesce("town_code", "town")
    )
    only = (
        coded.filter(pl.col("town").is_not_null())
        .group_by("county", "door")
        .agg(_only=pl.when(pl.col("town").n_unique() == 1).then(pl.col("town").first()))
    )
    told = coded.join(only, on=["county", "door"], how="left", maintain_order="left")
    return told.with_columns(town=pl.coalesce("town", "_only", pl.lit(""))).drop("town_code", "_only")


def listed_addresses(staged: pl.LazyFrame, as_of: date) -> pl.DataFrame:
    """One row per address listed on the date: address, kind, cap, doc_no, valid_from; newest extract."""
    end = pl.col("valid_to").dt.offset_by("1d")
    return (
        staged.filter(known_on(as_of))
        .sort("extract_date", "valid_from", "source_file", "row_no", descending=True, nulls_last=True)
        .unique(["address", "list_kind"], keep="first", maintain_order=True)
        .filter(is_open_on(as_of, "valid_from", end))
        .select("address", "cap", "doc_no", "valid_from", kind="list_kind")
        .collect()
    )


def door_facts(members: pl.DataFrame, listed: pl.DataFrame, towns: pl.DataFrame) -> pl.DataFrame:
    """One row per member: counts of its door, the whitelist entry that covers it, a finding that it is false.

    `members`: rows of keys. `listed`: listed_addresses with DOOR. A whitelist entry covers a door as long as
    no more than `cap` active subjects are there.
    """
    both = pl.concat([members, listed], how="diagonal")
    told = resolve_doors(both, towns)
    here = told.filter(pl.col("subject_key").is_not_null())
    counted = here.with_columns(
        door_n=pl.col("is_active").sum().over(DOOR).cast(pl.Int64),
        door_day_n=pl.when(pl.col("established_on").is_not_null())
        .then(pl.col("is_active").sum().over(*DOOR, "established_on").cast(pl.Int64)),
    )  # fmt: skip
    entries = told.filter(pl.col("subject_key").is_null()).sort("valid_from", "doc_no")
    is_false = pl.col("kind") == FALSE_ADDRESS
    white = entries.filter(~is_false).unique(DOOR, keep="last", maintain_order=True).select(
        *DOOR, door_kind="kind", door_cap="cap", door_doc_no="doc_no"
    )  # fmt: skip
    false = entries.filter(is_false).unique(DOOR, keep="first", maintain_order=True).select(
        *DOOR, false_door_on="valid_from", false_door_doc_no="doc_no"
    )  # fmt: skip
    joined = counted.join(white, on=DOOR, how="left").join(false, on=DOOR, how="left")
    return joined.select(
        "subject_key", "register_city_code", "is_active", "door_n", "door_day_n", "door_kind", "door_cap",
        "door_doc_no", "false_door_on", "false_door_doc_no",
    )  # fmt: skip


def shared_by(members: pl.DataFrame, kind: str, name: str) -> pl.DataFrame:
    """One row per member: how many active subjects have the same key, as `name`."""
    return members.select(
        "subject_key",
        "register_city_code",
        "is_active",
        pl.col(kind),
        pl.col("is_active").sum().over(kind).cast(pl.Int64).alias(name),
    )


def with_idle(reps: pl.DataFrame, idle: pl.DataFrame) -> pl.DataFrame:
    """The members of a representative plus rep_idle_n: how many of the active ones show no sign of life.

    `idle`: subject_key, is_idle.
    """
    told = reps.join(idle, on="subject_key", how="left", maintain_order="left")
    counted = (pl.col("is_active") & pl.col("is_idle").fill_null(value=False)).sum().over("legal_rep_id_key")
    return told.with_columns(rep_idle_n=counted.cast(pl.Int64)).drop("is_idle")


def person_outcomes(staged: pl.LazyFrame, reps: pl.Series, as_of: date) -> pl.DataFrame:
    """The cases against persons with `outcome`: matched | superseded | not_on_register | after_as_of.

    `reps`: keys of the register's legal representatives. As for firms, the newest extract of a case counts.
    """
    dates = ("extract_date", "publish_date")
    known = pl.all_horizontal(pl.col(c).fill_null(as_of) <= as_of for c in dates)
    rows = staged.collect().sort(*dates, "source_file", "row_no", descending=True, nulls_last=True)
    told = rows.with_columns(_known=known, _ours=pl.col("person_id_key").is_in(reps.implode()))
    newest = pl.struct("_known", "person_id_key", "case_no").is_first_distinct()
    outcome = (
        pl.when(~pl.col("_ours")).then(pl.lit("not_on_register"))
        .when(~pl.col("_known")).then(pl.lit("after_as_of"))
        .when(~newest).then(pl.lit("superseded"))
        .otherwise(pl.lit("matched"))
    )  # fmt: skip
    return told.with_columns(outcome=outcome).drop("_known", "_ours")


def defaulting_reps(cases: pl.DataFrame, members: pl.DataFrame, rules: RuleSet, as_of: date) -> pl.DataFrame:
    """One row per subject whose legal representative is a published defaulter: D03_… of the earliest case."""
    parameters = rules["D03"].parameters
    term = pl.col("publish_date").dt.offset_by(f"{parameters.number('term_m')}mo")
    is_open = is_open_on(as_of, "publish_date", pl.coalesce("remove_date", term))
    named = {"publish_date": "D03_published_on", "case_no": "D03_case_no", "court": "D03_court"}
    first = (
        cases.filter((pl.col("outcome") == "matched") & is_open)
        .sort("publish_date", "case_no", nulls_last=True)
        .unique("person_id_key", keep="first", maintain_order=True)
        .select("person_id_key", *named)
        .rename(named)
    )
    return members.join(first, left_on="legal_rep_id_key", right_on="person_id_key").select(
        "subject_key", "register_city_code", *named.values()
    )


def shared_facts(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """One row per subject in SHARED, ordered by subject; counts are told of active subjects only."""
    counts = [name for name, kind in SHARED.items() if kind == pl.Int64 and name != "door_cap"]
    told = [
        part.with_columns(
            pl.when("is_active").then(c).name.keep() for c in counts if c in part.columns
        )
        if "is_active" in part.columns else part
        for part in parts
    ]  # fmt: skip
    whole = pl.concat([pl.DataFrame(schema=SHARED), *told], how="diagonal").select(SHARED.names())
    return (
        whole.group_by("subject_key").agg(pl.col(SHARED.names()[1:]).drop_nulls().first()).sort("subject_key")
    )
