"""Link census units to subjects of the register by ordered rounds of exact keys, one to one.

Here: which unit speaks for which subject (L1 USCC, L2 organisation code, L3 registration number, L4 name in
the county), and when that cannot be told.
Not here: how the rounds after L1 find and settle (link_rounds.py), probabilistic pairing, census figures,
who wins where register and census disagree (classify.py, place.py).
"""

from typing import NamedTuple

import polars as pl

from reference.register import RegisterCodes
from transforms.identifiers import (
    can_identify,
    check_uscc,
    is_valid_org_code,
    is_valid_reg_no,
    org_code_of,
    repair_uscc,
)
from transforms.link_rounds import claim_subjects, settle_claims, subject_keys, unit_keys
from transforms.names import name_key, name_text
from transforms.registrar import with_county_of


class Round(NamedTuple):
    """One round of the link: its place in the order, what it is called and how far it is trusted."""

    order: int
    method: str
    strength: str
    probability: float


# Domain §3.5. L4 asks for the whole name first: 浙江恒达 and 杭州恒达 of one county are two firms.
ROUNDS = (
    Round(1, "L1_uscc", "exact", 1.0),
    Round(2, "L2_org_code", "exact", 1.0),
    Round(3, "L3_reg_no", "exact", 0.99),
    Round(4, "L4_name_county", "strong", 0.98),
    Round(5, "L4_name_county", "strong", 0.98),
)

_SOUND = pl.col("uscc_check").is_in(["valid", "repaired"])


def link_census(units: pl.LazyFrame, subjects: pl.LazyFrame) -> pl.LazyFrame:
    """One row per census unit: unit_key, subject_key, method, strength, outcome, probability, candidates.

    outcome is linked, ambiguous, unlinked or secondary (another unit of the same firm speaks for it).
    A subject has at most one linked unit. A unit is decided by the first round that finds it anything;
    where that round finds two equally good, nothing is chosen and `candidates` says how many there were.
    """
    primary = units.filter(pl.col("role") == "primary")
    by_uscc = subjects.filter(can_identify(pl.col("uscc"))).select("uscc", "subject_key")
    first = primary.select("unit_key", "uscc").join(by_uscc, on="uscc", build_side="force_left")
    rest = primary.join(by_uscc.select("uscc"), on="uscc", how="anti", build_side="force_left")
    used = primary.select("uscc").drop_nulls()
    free = subjects.join(used, on="uscc", how="anti", build_side="force_right")
    claims = settle_claims(claim_subjects(unit_keys(rest), subject_keys(free)))
    return pl.concat(
        [
            _described(first.with_columns(order=1, outcome=pl.lit("linked"), candidates=1)),
            _described(claims),
            _described(
                _without_claim(rest.join(claims.select("unit_key"), on="unit_key", how="anti"), "unlinked")
            ),
            _described(_without_claim(units.filter(pl.col("role") == "secondary"), "secondary")),
        ]
    )


def prepare_units(staged_census: pl.LazyFrame, codes: RegisterCodes) -> pl.LazyFrame:
    """One row per staged census row, its columns plus what the link compares.

    Adds unit_key, role (primary, or secondary where another row of the same organisation, first of all a
    legal unit, speaks for it: K10), uscc, uscc_check, organisation, name_key, loc_county_code,
    reg_county_code; org_code and reg_no keep only values whose check digit is right.
    """
    coded = _with_codes(staged_census, codes)
    losers = _outranked(coded)
    ranked = coded.join(losers, on=["source_file", "row_no"], how="left", build_side="force_right")
    located = with_county_of(ranked, pl.col("loc_div12"), codes.counties, "loc")
    keyed = with_county_of(located, pl.col("reg_div12"), codes.counties, "reg")
    is_primary = pl.col("_outranked").is_null()
    row = pl.concat_str("source_file", pl.lit(":"), "row_no")
    own_code = pl.coalesce(pl.when(_SOUND).then("uscc"), "org_code")
    return (
        keyed.with_columns(
            pl.when(is_primary).then(pl.coalesce(own_code, row)).otherwise(row).alias("unit_key"),
            pl.when(is_primary).then(pl.lit("primary")).otherwise(pl.lit("secondary")).alias("role"),
            name_text(pl.col("unit_name"), codes).alias("_name_text"),
        )
        .with_columns(name_key(pl.col("_name_text"), codes.name_prefixes).alias("name_key"))
        .rename({"loc_county": "loc_county_code", "reg_county": "reg_county_code"})
        .rename({"_body": "organisation"})
        .drop("_name_text", "_outranked", "loc_city", "reg_city")
    )


def _with_codes(staged_census: pl.LazyFrame, codes: RegisterCodes) -> pl.LazyFrame:
    """The staged units with uscc, org_code, reg_no checked, and `_body`: what rows of one organisation share.

    Eight characters of a sound code. Of a failing code all of it: its eight may be a neighbour's by a slip.
    """
    unit_code = pl.col("unit_code")
    checked = check_uscc(
        staged_census.with_columns(unit_code.alias("uscc")),
        "uscc",
        repair_uscc(staged_census.select("unit_code"), codes.confusions),
    )
    bare = pl.coalesce("org_code", unit_code).str.replace_all("[^0-9A-Z]", "")
    stated = pl.when(is_valid_org_code(bare)).then(bare)
    number = pl.coalesce("reg_no", unit_code)
    # A local unit at its firm's own place carries the firm's eight characters and a B.
    local_body = bare.str.extract("^([0-9A-Z]{8})B$")
    return (
        checked.with_columns(
            pl.when(_SOUND | can_identify(pl.col("uscc"))).then("uscc").alias("uscc"),
            pl.when(_SOUND).then(org_code_of(pl.col("uscc"))).otherwise(stated).alias("org_code"),
            pl.when(is_valid_reg_no(number)).then(number).alias("reg_no"),
            local_body.alias("_local"),
        )
        .with_columns(
            pl.coalesce(
                pl.col("org_code").str.slice(0, 8), "_local", "uscc"
            ).alias("_body")
        )
        .drop("_local")
    )  # fmt: skip


def _outranked(coded: pl.LazyFrame) -> pl.LazyFrame:
    """One row per unit row that another row of its organisation outranks: source_file, row_no, _outranked."""
    is_legal = (pl.col("unit_type") == "1").fill_null(False)
    rivals = coded.filter(pl.col("_body").is_not_null()).select(
        "_body", "source_file", "row_no", is_legal.alias("is_legal"), _SOUND.alias("is_sound")
    )
    repeated = rivals.group_by("_body").len().filter(pl.col("len") > 1)
    ranked = rivals.join(repeated, on="_body", how="semi").sort(
        "_body", "is_legal", "is_sound", "source_file", "row_no", descending=[False, True, True, False, False]
    )
    return ranked.filter(~pl.col("_body").is_first_distinct()).select(
        "source_file", "row_no", pl.lit(True).alias("_outranked")
    )


def _without_claim(units: pl.LazyFrame, outcome: str) -> pl.LazyFrame:
    return units.select(
        "unit_key",
        pl.lit(None, pl.String).alias("subject_key"),
        pl.lit(None, pl.Int32).alias("order"),
        pl.lit(outcome).alias("outcome"),
        pl.lit(0).alias("candidates"),
    )


def _described(decided: pl.LazyFrame) -> pl.LazyFrame:
    """The decided units in the columns of the link table; a unit that is not linked names no subject."""
    is_linked = pl.col("outcome") == "linked"
    shown = is_linked | (pl.col("outcome") == "ambiguous")

    def of_round(values: list[str] | list[float]) -> pl.Expr:
        return pl.coalesce(
            [pl.when(pl.col("order") == r.order).then(pl.lit(v)) for r, v in zip(ROUNDS, values, strict=True)]
        )

    return decided.select(
        "unit_key",
        pl.when(is_linked).then("subject_key").alias("subject_key"),
        pl.when(shown).then(of_round([r.method for r in ROUNDS])).alias("method"),
        pl.when(is_linked).then(of_round([r.strength for r in ROUNDS])).alias("strength"),
        "outcome",
        pl.when(is_linked).then(of_round([r.probability for r in ROUNDS])).alias("probability"),
        pl.col("candidates").cast(pl.Int64),
    )
