"""The rounds of the link after L1: what a unit and a subject can be found by, who claims whom, who wins.

Here: keys of L2 (organisation code), L3 (registration number), L4 (name in the county), one round each but
L4, which asks for the whole name first: 浙江恒达 and 杭州恒达 of one county are two firms.
Not here: L1 and the table of links (link.py).
"""

import polars as pl

from transforms.identifiers import is_valid_reg_no

_SOUND = pl.col("uscc_check").is_in(["valid", "repaired"])


def unit_keys(rest: pl.LazyFrame) -> pl.LazyFrame:
    """One row per unit, round and key it may be found by: unit_key, is_legal, has_uscc, order, key."""
    name, bare = pl.col("name_key"), _bare(pl.col("unit_name"))
    here, there = pl.col("reg_county_code"), pl.col("loc_county_code")
    elsewhere = pl.when(there.ne_missing(here)).then(there)
    keys = [
        (2, pl.col("org_code")),
        (3, pl.col("reg_no")),
        *[(4, bare + "@" + county) for county in (here, elsewhere)],
        *[(5, name + "@" + county) for county in (here, elsewhere)],
    ]
    is_legal = (pl.col("unit_type") == "1").fill_null(False)
    return _exploded(
        rest.select("unit_key", is_legal.alias("is_legal"), _SOUND.alias("has_uscc"), *_pair(keys))
    )


def subject_keys(free: pl.LazyFrame) -> pl.LazyFrame:
    """One row per subject, round and key it may be found by: subject_key, has_uscc, order, key."""
    county = pl.col("register_county_code")
    keys = [
        (2, pl.col("org_code")),
        (3, pl.when(is_valid_reg_no(pl.col("reg_no"))).then("reg_no")),
        (4, _bare(pl.col("name")) + "@" + county),
        (5, pl.col("name_key") + "@" + county),
    ]
    return _exploded(free.select("subject_key", _SOUND.alias("has_uscc"), *_pair(keys)))


def claim_subjects(unit_keys: pl.LazyFrame, subject_keys: pl.LazyFrame) -> pl.LazyFrame:
    """One row per unit that finds anything, by the first round that does.

    Columns: unit_key, is_legal, order, candidates, subject_key.

    Subjects are counted per key before the join, so that common names cannot multiply. By name, a unit with a
    sound USCC finds only subjects without one: two sound codes that differ are two firms.
    """
    on = ["order", "key"]
    coded = pl.col("has_uscc")
    sought = subject_keys.join(unit_keys.select(on), on=on, how="semi", build_side="force_right")
    per_key = sought.group_by(on).agg(
        pl.len().alias("n_all"), pl.col("subject_key").min().alias("any_subject"),
        (~coded).sum().alias("n_uncoded"),
        pl.col("subject_key").filter(~coded).min().alias("uncoded_subject"),
    )  # fmt: skip
    by_name_only = coded & (pl.col("order") >= 4)
    found = (
        unit_keys.join(per_key, on=on, validate="m:1")
        .with_columns(
            pl.when(by_name_only).then("n_uncoded").otherwise("n_all").alias("n"),
            pl.when(by_name_only).then("uncoded_subject").otherwise("any_subject").alias("subject_key"),
        )
        .filter(pl.col("n") > 0)
    )
    is_first = pl.col("order") == pl.col("order").min()
    return found.group_by("unit_key", "is_legal").agg(
        pl.col("order").min(),
        pl.col("n").filter(is_first).sum().cast(pl.Int64).alias("candidates"),
        pl.col("subject_key").filter(is_first).min(),
    )


def settle_claims(claims: pl.LazyFrame) -> pl.LazyFrame:
    """The claims plus `outcome`: of several units claiming one subject the earlier round wins, then 法人."""
    is_single = pl.col("candidates") == 1
    rank = pl.col("order") * 2 - pl.col("is_legal").cast(pl.Int32)
    ranked = claims.with_columns(
        pl.when(is_single).then("subject_key").alias("subject_key"), rank.cast(pl.Int64).alias("rank")
    )
    best = pl.col("rank") == pl.col("rank").min().over("subject_key")
    alone = (pl.col("rank") == pl.col("rank").min()).sum().over("subject_key") == 1
    same_round = pl.col("order") == pl.col("order").min().over("subject_key")
    outcome = (
        pl.when(~is_single).then(pl.lit("ambiguous"))
        .when(best & alone).then(pl.lit("linked"))
        .when(best).then(pl.lit("ambiguous"))
        .when(same_round).then(pl.lit("secondary"))
        .otherwise(pl.lit("unlinked"))
    )  # fmt: skip
    return ranked.with_columns(outcome.alias("outcome"))


def _pair(keys: list[tuple[int, pl.Expr]]) -> list[pl.Expr]:
    """Two parallel list columns: the rounds, and the key of each."""
    orders = pl.lit([order for order, _ in keys], dtype=pl.List(pl.Int64)).alias("order")
    return [orders, pl.concat_list([key for _, key in keys]).alias("key")]


def _exploded(paired: pl.LazyFrame) -> pl.LazyFrame:
    return paired.explode("order", "key").filter(pl.col("key").is_not_null())


def _bare(name: pl.Expr) -> pl.Expr:
    """The name without brackets, blanks and signs, nothing else dropped."""
    return name.str.replace_all(r"[^\p{Han}A-Za-z0-9]", "")
