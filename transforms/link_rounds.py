"""The exact rounds of the link: what a unit and a subject can be found by, who claims whom, who wins.

Here: L1 (USCC), L2 (organisation code), L3 (registration number), L4 (name in the county, the whole name
first: 浙江恒达 and 杭州恒达 of one county are two firms; former names of either side last).
Not here: codes that are not believed (link_doubt.py), the table of links (link.py).

Keys are joined by their 64-bit hash: of 3 million a side, two share one once in about two million runs.
"""

from collections.abc import Sequence

import polars as pl

from reference.register import RegisterCodes
from transforms.names import former_names, name_key, name_text

BY_CODE = (1, 2, 3)
"""Rounds that believe a code or a number."""

_SOUND = pl.col("uscc_check").is_in(["valid", "repaired"]).fill_null(False)


ROW = ("source_file", "row_no")
"""Where a unit stands in the census."""
UNIT_SIDE = (
    "unit_key", "role", "has_uscc", "is_legal", "uscc", "org_code", "reg_no", "bare", "name", "here", "there",
    "formers",
)  # fmt: skip


def unit_side(units: pl.LazyFrame, codes: RegisterCodes, beside: Sequence[pl.Expr] = ()) -> pl.LazyFrame:
    """One row per unit, as narrow as the rounds allow: the columns of `UNIT_SIDE` and those of `beside`.

    uscc to there are hashes; there: the second county, where there is one; formers: a list of hashes.
    """
    here, there = pl.col("reg_county_code"), pl.col("loc_county_code")
    return units.select(
        "unit_key", "role", _SOUND.alias("has_uscc"),
        (pl.col("unit_type") == "1").fill_null(False).alias("is_legal"),
        _hash(pl.col("uscc")), _hash(pl.col("org_code")), _hash(pl.col("reg_no")),
        _hash(_bare(pl.col("unit_name"))).alias("bare"), _hash(pl.col("name_key")).alias("name"),
        _hash(pl.coalesce(here, there)).alias("here"),
        _hash(pl.when(here.is_not_null() & (there != here)).then(there)).alias("there"),
        _formers(codes), *beside,
    )  # fmt: skip


def may_be_row_of(rows: pl.DataFrame) -> pl.Expr:
    """Whether a census row is, or hashes like, one of `rows`: source_file, row_no.

    Unlike a join, a filter is asked before the rows are read.
    """
    digest = pl.col("source_file").cast(pl.String).hash() ^ pl.col("row_no").hash()
    return digest.is_in(rows.select(digest).to_series().unique().implode())


def hashed_as() -> str:
    """Name the way this machine hashes: sides that were hashed another way must not meet."""
    texts, numbers = pl.Series(["走访目标企业清单", "912"]), pl.Series([2**63 + 1], dtype=pl.UInt64)
    return f"{texts.hash().to_list()} {numbers.hash(seed=1).to_list()}"


def subject_side(subjects: pl.LazyFrame, codes: RegisterCodes) -> pl.LazyFrame:
    """One row per subject: subject_key, register_city_code, has_uscc; hashes as of `unit_side`, one county.

    Codes are not checked again: units keep only those that can identify a firm, and an equal one can too.
    """
    county = _hash(pl.col("register_county_code"))
    return subjects.select(
        "subject_key", "register_city_code", _SOUND.alias("has_uscc"),
        _hash(pl.col("uscc")), _hash(pl.col("org_code")), _hash(pl.col("reg_no")),
        _hash(_bare(pl.col("name"))).alias("bare"), _hash(pl.col("name_key")).alias("name"),
        county.alias("here"), pl.lit(None, pl.UInt64).alias("there"), _formers(codes),
    )  # fmt: skip


def without_units(subjects: pl.LazyFrame, codes: pl.LazyFrame) -> pl.LazyFrame:
    """The subjects whose USCC no unit bears; `codes` has uscc as `unit_side` hashes it."""
    borne = codes.select(_code="uscc")
    return subjects.with_columns(_hash(pl.col("uscc")).alias("_code")).join(
        borne, on="_code", how="anti", build_side="force_right"
    ).drop("_code")  # fmt: skip


def found_by_code(units: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
    """One row per unit, round of `BY_CODE` and subject that alone bears its code: u, s, order, is_named.

    is_named: the names agree too, or one of them is missing. `units` has u, `subjects` has s. An organisation
    code is asked only of units without a USCC that finds a subject: it is part of it.
    """
    parts: list[pl.DataFrame] = []
    for order, column in zip(BY_CODE, ("uscc", "org_code", "reg_no"), strict=True):
        asked = units.join(parts[0], on="u", how="anti") if column == "org_code" else units
        sought = asked.select("u", column, "name").drop_nulls(column)
        owners = subjects.select("s", column, name_s="name").join(sought, on=column, how="semi")
        parts.append(
            sought.join(owners.unique(column, keep="none"), on=column).select(
                "u", "s", pl.lit(order).alias("order"),
                (pl.col("name") == pl.col("name_s")).fill_null(True).alias("is_named"),
            )
        )  # fmt: skip
    return pl.concat(parts)


def settle_uscc(found: pl.DataFrame, units: pl.DataFrame) -> pl.DataFrame:
    """The pairs of L1 plus `outcome`: of several units with one code the one named like it wins."""
    first = found.filter(pl.col("order") == 1)
    is_shared = first["s"].is_duplicated()
    several = (
        first.filter(is_shared)
        .join(units.select("u", "unit_key", "is_legal"), on="u")
        .sort("s", "is_named", "is_legal", "unit_key", descending=[False, True, True, False])
    )
    wins = pl.when(pl.col("s").is_first_distinct()).then(pl.lit("linked")).otherwise(pl.lit("secondary"))
    settled = (
        first.filter(~is_shared).with_columns(outcome=pl.lit("linked")),
        several.with_columns(outcome=wins),
    )
    return pl.concat(
        frame.select("u", "s", "order", "outcome", candidates=pl.lit(1, pl.Int64)) for frame in settled
    )


def claim_subjects(units: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
    """One row per unit that finds anything after L1, by the first round that does.

    Columns: u, is_legal, order, candidates, s. Subjects are counted per key before the join, so that common
    names cannot multiply. By name, a unit with a sound USCC finds only subjects without one: two sound codes
    that differ are two firms.
    """
    wanted = _unit_keys(units)
    coded = pl.col("has_uscc")
    sought = _subject_keys(subjects, wanted.select("key").unique())
    per_key = sought.group_by("key").agg(
        pl.len().cast(pl.Int64).alias("n_all"), pl.col("s").min().alias("any_s"),
        (~coded).sum().cast(pl.Int64).alias("n_uncoded"),
        pl.col("s").filter(~coded).min().alias("uncoded_s"),
    )  # fmt: skip
    by_name_only = coded & (pl.col("order") >= 4)
    found = (
        wanted.join(per_key, on="key")
        .with_columns(
            pl.when(by_name_only).then("n_uncoded").otherwise("n_all").alias("n"),
            pl.when(by_name_only).then("uncoded_s").otherwise("any_s").alias("s"),
        )
        .filter(pl.col("n") > 0)
    )
    is_first = pl.col("order") == pl.col("order").min()
    first_s, first_n = pl.col("s").filter(is_first), pl.col("n").filter(is_first)
    # A subject found by a present and by a former name is one subject.
    is_one = (first_n.max() == 1) & (first_s.min() == first_s.max())
    return found.group_by("u", "is_legal").agg(
        pl.col("order").min(),
        pl.when(is_one).then(1).otherwise(first_n.sum()).cast(pl.Int64).alias("candidates"),
        first_s.min(),
    )


def settle_claims(claims: pl.DataFrame) -> pl.DataFrame:
    """The claims plus `outcome`: of several units claiming one subject the earlier round wins, then 法人."""
    is_single = pl.col("candidates") == 1
    rank = pl.col("order") * 2 - pl.col("is_legal").cast(pl.Int32)
    ranked = claims.with_columns(pl.when(is_single).then("s").alias("s"), rank.cast(pl.Int64).alias("rank"))
    best = pl.col("rank") == pl.col("rank").min().over("s")
    alone = (pl.col("rank") == pl.col("rank").min()).sum().over("s") == 1
    same_round = pl.col("order") == pl.col("order").min().over("s")
    outcome = (
        pl.when(~is_single).then(pl.lit("ambiguous"))
        .when(best & alone).then(pl.lit("linked"))
        .when(best).then(pl.lit("ambiguous"))
        .when(same_round).then(pl.lit("secondary"))
        .otherwise(pl.lit("unlinked"))
    )  # fmt: skip
    return ranked.select("u", "s", "order", outcome.alias("outcome"), "candidates")


def name_places(side: pl.DataFrame, row: str) -> pl.DataFrame:
    """One row per row and county it is named in: the row and `key`, the name without its place."""
    return pl.concat([_keyed(side, row, 5, pl.col("name"), county) for county in ("here", "there")]).select(
        row, "key"
    )


def _unit_keys(units: pl.DataFrame) -> pl.DataFrame:
    """One row per unit, round and key it may be found by: u, is_legal, has_uscc, order, key."""
    renamed = units.filter(pl.col("formers").list.len() > 0).explode("formers")
    counties = ("here", "there")
    keys = pl.concat(
        [
            _keyed(units, "u", 2, pl.col("org_code")),
            _keyed(units, "u", 3, pl.col("reg_no")),
            *(_keyed(units, "u", 4, pl.col("bare"), county) for county in counties),
            *(_keyed(units, "u", 5, pl.col("name"), county) for county in counties),
            *(_keyed(units, "u", 6, pl.col("name"), county) for county in counties),
            *(_keyed(renamed, "u", 6, pl.col("formers"), county) for county in counties),
            *(
                _keyed(renamed, "u", 5, pl.col("formers"), county).with_columns(order=pl.lit(6))
                for county in counties
            ),
        ]
    )
    return keys.join(units.select("u", "is_legal", "has_uscc"), on="u")


def _subject_keys(subjects: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    """One row per subject and key of `wanted` it may be found by: s, has_uscc, key."""
    renamed = subjects.filter(pl.col("formers").list.len() > 0).explode("formers")
    parts = [
        _keyed(subjects, "s", 2, pl.col("org_code")),
        _keyed(subjects, "s", 3, pl.col("reg_no")),
        _keyed(subjects, "s", 4, pl.col("bare"), "here"),
        _keyed(subjects, "s", 5, pl.col("name"), "here"),
        _keyed(renamed, "s", 6, pl.col("formers"), "here").unique(),
    ]
    found = pl.concat(part.join(wanted, on="key", how="semi") for part in parts)
    return found.join(subjects.select("s", "has_uscc"), on="s")


def _keyed(
    side: pl.DataFrame, row: str, order: int, what: pl.Expr, county: str | None = None
) -> pl.DataFrame:
    """row, order, key: keys of two rounds never meet, whatever they are made of."""
    place = pl.col(county) if county else pl.lit(0, pl.UInt64)
    mixed = (what ^ place).hash(seed=order)
    return side.select(
        row,
        pl.lit(order).alias("order"),
        pl.when(what.is_not_null() & place.is_not_null()).then(mixed).alias("key"),
    ).drop_nulls("key")


def _formers(codes: RegisterCodes) -> pl.Expr:
    """The former names without their places, hashed: a list, null where there are none."""
    one = pl.element()
    keys = former_names().list.eval(name_key(name_text(one, codes), codes.name_prefixes).drop_nulls())
    return keys.list.eval(one.hash().unique().sort()).alias("formers")


def _hash(text: pl.Expr) -> pl.Expr:
    return pl.when(text.is_not_null()).then(text.hash())


def _bare(name: pl.Expr) -> pl.Expr:
    """The name without brackets, blanks and signs, nothing else dropped."""
    return name.str.replace_all(r"[^\p{Han}A-Za-z0-9]", "")
