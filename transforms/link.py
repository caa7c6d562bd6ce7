"""Link census units to subjects of the register by ordered rounds of exact keys, one to one.

Here: which unit speaks for which subject (L1 USCC, L2 organisation code, L3 registration number, L4 name in
the county), and when that cannot be told.
Not here: how the rounds find and settle (link_rounds.py), which codes are not believed (link_doubt.py),
probabilistic pairing, census figures, who wins where register and census disagree (classify.py, place.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from reference.link import LinkTables
from reference.register import RegisterCodes
from transforms.identifiers import (
    can_identify,
    check_uscc,
    is_valid_org_code,
    is_valid_reg_no,
    org_code_of,
    repair_uscc,
)
from transforms.link_doubt import refuse_codes, units_refused
from transforms.link_rounds import (
    UNIT_SIDE,
    claim_subjects,
    found_by_code,
    settle_claims,
    settle_uscc,
    subject_side,
    unit_side,
)
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
    Round(6, "L4_former_name", "strong", 0.98),
)

LINKS = pl.Schema(
    {
        "unit_key": pl.String, "subject_key": pl.String, "register_city_code": pl.String, "method": pl.String,
        "strength": pl.String, "outcome": pl.String, "probability": pl.Float64, "candidates": pl.Int64,
    }
)  # fmt: skip
"""One row per unit; register_city_code is that of the subject it is linked to."""
_OF_LINKED = ("subject_key", "register_city_code", "strength", "probability")

_SOUND = pl.col("uscc_check").is_in(["valid", "repaired"])


@dataclass(frozen=True)
class Exact:
    """What the exact rounds made of the units."""

    links: pl.DataFrame  # LINKS, and what was asked for beside
    refused: pl.DataFrame  # link_doubt.REFUSED


def link_census(
    units: pl.LazyFrame,
    subjects: pl.LazyFrame,
    codes: RegisterCodes,
    tables: LinkTables,
    side: pl.LazyFrame | None = None,
) -> Exact:
    """Return one link per census unit (see `prepare_units`, `conform_registry`).

    outcome is linked, ambiguous, unlinked or secondary (another unit of the same firm speaks for it).
    A subject has at most one linked unit. A unit is decided by the first round that finds it anything;
    where that round finds two equally good, nothing is chosen and `candidates` says how many there were.
    A unit whose code is not believed goes on without it, its subject stays free; found by nothing else, it is
    ambiguous by the round of that code.
    `side`: `unit_side` of the units, if it was made before; what it has beside goes with the links, so that
    nobody has to look it up by key again.
    """
    every = (unit_side(units, codes) if side is None else side).collect(engine="streaming")
    kept = [name for name in every.columns if name not in UNIT_SIDE]
    primary = every.filter(pl.col("role") == "primary").with_row_index("u")
    second = every.filter(pl.col("role") == "secondary").select("unit_key", *kept, outcome="role")
    register = subject_side(subjects, codes).collect(engine="streaming").with_row_index("s")
    del every
    found = found_by_code(primary, register)
    refused = refuse_codes(found, (primary, register), units, subjects, codes, tables)
    decided = _decided(found, refused, primary, register)
    asked, owners = primary.select("unit_key", *kept), register.select("subject_key", "register_city_code")
    # The two sides of a province are gigabytes, and done with.
    del found, primary, register
    links = decided.select(
        pl.exclude("u", "s"), *(column.gather(decided["s"]) for column in owners), *asked
    ).with_columns(pl.col("outcome").fill_null("unlinked"))
    described = _described(pl.concat([links, second], how="diagonal"), kept)
    return Exact(_with_doubt(described, refused), refused)


def _decided(
    found: pl.DataFrame, refused: pl.DataFrame, primary: pl.DataFrame, register: pl.DataFrame
) -> pl.DataFrame:
    """One row per primary unit, in their order: u, and what `settle_uscc` and `settle_claims` say of it."""
    sure = found.join(_numbered(refused, primary), on=["u", "order"], how="anti")
    first = settle_uscc(sure, primary)
    rest = _believed(primary, refused).join(first, on="u", how="anti")
    free = register.join(first, on="s", how="anti")
    claims = settle_claims(claim_subjects(rest, free))
    return primary.select("u").join(pl.concat([first, claims]), on="u", how="left", maintain_order="left")


def _numbered(refused: pl.DataFrame, primary: pl.DataFrame) -> pl.DataFrame:
    """The refused codes by row number: u, order."""
    return (
        refused.select("unit_key", "order")
        .join(primary.select("unit_key", "u"), on="unit_key")
        .drop("unit_key")
    )


def _believed(primary: pl.DataFrame, refused: pl.DataFrame) -> pl.DataFrame:
    """The units without the codes that were refused; without its code a unit may bear any subject's name."""
    if refused.is_empty():
        return primary
    no_code, no_number = (keys.implode() for keys in units_refused(refused))
    code, number = pl.col("unit_key").is_in(no_code), pl.col("unit_key").is_in(no_number)
    return primary.with_columns(
        pl.col("has_uscc") & ~code,
        *(pl.when(~code).then(name).alias(name) for name in ("uscc", "org_code")),
        pl.when(~number).then("reg_no").alias("reg_no"),
    )


def _with_doubt(links: pl.DataFrame, refused: pl.DataFrame) -> pl.DataFrame:
    """The links; a unit with a refused code that nothing else found is ambiguous by that code's round."""
    first = refused.unique("unit_key", keep="first", maintain_order=True).select("unit_key", "order")
    methods = {r.order: r.method for r in ROUNDS}
    doubt = first.join(links.filter(pl.col("outcome") == "unlinked"), on="unit_key").with_columns(
        pl.col("order").replace_strict(methods, return_dtype=pl.String).alias("method"),
        outcome=pl.lit("ambiguous"), candidates=pl.lit(1, pl.Int64),
    )  # fmt: skip
    return pl.concat([links.join(doubt, on="unit_key", how="anti"), doubt.select(links.columns)])


def prepare_units(staged_census: pl.LazyFrame, codes: RegisterCodes) -> pl.LazyFrame:
    """One row per staged census row, its columns plus what the link compares.

    Adds unit_key, role (primary, or secondary where another row of the same organisation, first of all a
    legal unit, speaks for it: K10), uscc, uscc_check, organisation, name_key, loc_county_code,
    reg_county_code; org_code and reg_no keep only values whose check digit is right.
    """
    rows = unit_rows(staged_census, codes)
    return ranked_units(rows, outranked_units(rows))


def unit_rows(staged_census: pl.LazyFrame, codes: RegisterCodes) -> pl.LazyFrame:
    """The staged census rows plus what each tells by itself: all that `prepare_units` adds but key and role.

    Also is_local: the code is that of a firm's local unit.  A file need not know of the others.
    """
    coded = _with_codes(staged_census, codes)
    located = with_county_of(coded, pl.col("loc_div12"), codes.counties, "loc")
    keyed = with_county_of(located, pl.col("reg_div12"), codes.counties, "reg")
    name = name_key(name_text(pl.col("unit_name"), codes), codes.name_prefixes)
    return (
        keyed.with_columns(name.alias("name_key"), is_local=pl.col("_local").is_not_null())
        .rename({"loc_county": "loc_county_code", "reg_county": "reg_county_code", "_body": "organisation"})
        .drop("_local", "loc_city", "reg_city")
    )


def outranked_units(rows: pl.LazyFrame) -> pl.LazyFrame:
    """One row per unit row that shares its organisation with a better one: source_file, row_no, is_outranked.

    It is false where the row states the whole code itself but another name, and is no local unit: a slip of
    the code, or a firm renamed; both rows are asked of the register.
    """
    is_legal = (pl.col("unit_type") == "1").fill_null(False)
    rivals = rows.filter(pl.col("organisation").is_not_null()).select(
        "organisation", "source_file", "row_no", "name_key", is_legal.alias("is_legal"),
        _SOUND.alias("is_sound"), is_own=(pl.col("unit_type") != "2").fill_null(True) & ~pl.col("is_local"),
    )  # fmt: skip
    digest = pl.col("organisation").hash()
    repeated = rivals.select(_hash=digest).group_by("_hash").len().filter(pl.col("len") > 1)
    ranked = (
        rivals.with_columns(_hash=digest)
        .join(repeated, on="_hash", how="semi", build_side="force_right")
        .sort(
            "organisation", "is_legal", "is_sound", "source_file", "row_no",
            descending=[False, True, True, False, False],
        )
    )  # fmt: skip
    is_other = pl.col("name_key") != pl.col("name_key").first().over("organisation")
    # Another name under a code that is not its own organisation's is no local unit: the register will tell.
    is_outranked = ~(is_other.fill_null(False) & pl.col("is_own"))
    return (
        ranked.with_columns(is_outranked=is_outranked)
        .filter(~pl.col("organisation").is_first_distinct())
        .select("source_file", "row_no", "is_outranked")
    )


def ranked_units(rows: pl.LazyFrame, outranked: pl.LazyFrame, *, in_order: bool = False) -> pl.LazyFrame:
    """The rows of `unit_rows` plus unit_key and role, told by `outranked_units` of the whole census.

    `in_order`: in the order of the rows, which costs a little.
    """
    is_first, is_primary = pl.col("is_outranked").is_null(), ~pl.col("is_outranked").fill_null(False)
    row = pl.concat_str("source_file", pl.lit(":"), "row_no")
    own_code = pl.coalesce(pl.when(_SOUND).then("uscc"), "org_code")
    return (
        rows.join(
            outranked,
            on=["source_file", "row_no"],
            how="left",
            build_side="force_right",
            maintain_order="left" if in_order else "none",
        )
        .with_columns(
            pl.when(is_first).then(pl.coalesce(own_code, row)).otherwise(row).alias("unit_key"),
            pl.when(is_primary).then(pl.lit("primary")).otherwise(pl.lit("secondary")).alias("role"),
        )
        .drop("is_outranked", "is_local")
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
    )  # fmt: skip


def _described(decided: pl.DataFrame, kept: Sequence[str]) -> pl.DataFrame:
    """The decided units in the columns of the link table; a unit that is not linked names no subject."""
    is_linked = pl.col("outcome") == "linked"
    shown = is_linked | (pl.col("outcome") == "ambiguous")
    rounds = pl.DataFrame(ROUNDS, schema_overrides={"order": decided.schema["order"]}, orient="row")
    return (
        decided.join(rounds, on="order", how="left", maintain_order="left")
        .with_columns(
            *(pl.when(is_linked).then(column) for column in _OF_LINKED),
            pl.when(shown).then("method"),
            pl.col("candidates").fill_null(0).cast(pl.Int64),
        )
        .select(*LINKS.names(), *kept)
    )  # fmt: skip
