"""Codes that are not believed: both sides bear one code, and their names say plainly that they are two firms.

Here: which pairs of the code rounds are refused, and why: a code copied from another row, or given twice.
Not here: the rounds (link_rounds.py), comparing (link_compare.py), what becomes of the refused (link.py).
"""

import polars as pl

from reference.link import LinkTables
from reference.register import RegisterCodes
from transforms.link_compare import FEATURES, compare_pairs
from transforms.link_parties import subject_parties, unit_parties
from transforms.link_rounds import ROW, may_be_row_of, name_places
from transforms.link_score import summed_weights

REFUSED = pl.Schema(
    {
        "unit_key": pl.String,
        "subject_key": pl.String,
        "order": pl.Int32,
        "why": pl.String,
        "agreement": pl.String,
    }
)
"""One row per unit, round and subject whose code it bears. why: code_shared (another unit bears the code and
the name), name_elsewhere (the name is another subject's of the county, whom no unit's code claims),
code_against_facts (place, door, date and industry speak against it as well)."""

UNLIKE = ("other", "some")
"""Levels of the 字号 and trade at which two names are plainly two."""

FACTS = ("county", "town", "door", "opened", "industry")
_SAID = tuple(feature for feature in FEATURES if feature not in ("code", "reg_no"))


def refuse_codes(
    found: pl.DataFrame,
    sides: tuple[pl.DataFrame, pl.DataFrame],
    units: pl.LazyFrame,
    subjects: pl.LazyFrame,
    codes: RegisterCodes,
    tables: LinkTables,
) -> pl.DataFrame:
    """Return the pairs of `found` (see found_by_code) that are not to be linked, in the columns of `REFUSED`.

    `sides`: unit_side and subject_side with u and s. A firm renamed since keeps county, door or date of
    founding, and stays linked unless another unit bears the code under the firm's own name.
    """
    in_doubt = found.filter(~pl.col("is_named"))
    if in_doubt.is_empty():
        return pl.DataFrame(schema=REFUSED)
    keyed = in_doubt.with_columns(
        unit_key=sides[0]["unit_key"].gather(in_doubt["u"]),
        subject_key=sides[1]["subject_key"].gather(in_doubt["s"]),
    )
    if set(ROW) <= set(sides[0].columns):  # a run's sides tell where each unit stands
        units = units.filter(may_be_row_of(sides[0].select(ROW)[in_doubt["u"]]))
    compared = _compared(keyed, units, subjects, codes, tables)
    judged = keyed.join(compared, on=["unit_key", "subject_key"], how="left")
    is_unlike = pl.col("words").is_in(UNLIKE)
    alike = pl.concat([found.filter("is_named").select("s"), judged.filter(~is_unlike).select("s")])
    unlike = judged.filter(is_unlike)
    elsewhere = _named_elsewhere(unlike, found, *sides)
    why = (
        pl.when(pl.col("s").is_in(alike["s"].implode())).then(pl.lit("code_shared"))
        .when(pl.col("u").is_in(elsewhere.implode())).then(pl.lit("name_elsewhere"))
        .when(pl.col("facts") < tables.believe_code_from).then(pl.lit("code_against_facts"))
    )  # fmt: skip
    refused = unlike.with_columns(why=why).drop_nulls("why")
    return refused.select(REFUSED.names()).cast(REFUSED).sort("unit_key", "order")


def units_refused(refused: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """Return the units whose code was not believed (rounds 1, 2), and whose number was not (3): unit_keys."""
    is_code = pl.col("order") <= 2
    return refused.filter(is_code)["unit_key"].unique(), refused.filter(~is_code)["unit_key"].unique()


def without_codes(units: pl.LazyFrame, refused: pl.DataFrame) -> pl.LazyFrame:
    """The units, those of `refused` without the code or number that was not believed."""
    if refused.is_empty():
        return units
    code, number = pl.col("_no_code").fill_null(False), pl.col("_no_number").fill_null(False)
    marks = refused.group_by("unit_key").agg(
        _no_code=(pl.col("order") <= 2).any(), _no_number=(pl.col("order") == 3).any()
    )
    return (
        units.join(marks.lazy(), on="unit_key", how="left", maintain_order="left", build_side="force_right")
        .with_columns(
            *(
                pl.when(~code).then(name).alias(name)
                for name in ("uscc", "uscc_check", "org_code", "organisation")
            ),
            pl.when(~number).then("reg_no").alias("reg_no"),
        )
        .drop("_no_code", "_no_number")
    )


def _compared(
    keyed: pl.DataFrame, units: pl.LazyFrame, subjects: pl.LazyFrame, codes: RegisterCodes, tables: LinkTables
) -> pl.DataFrame:
    """One row per pair: unit_key, subject_key, words, facts (log odds of `FACTS`), agreement (all levels)."""
    # Unlike a join, a filter is asked before the other columns of its rows are read.
    some_units = units.filter(pl.col("unit_key").is_in(keyed["unit_key"].unique().implode()))
    some_subjects = subjects.filter(pl.col("subject_key").is_in(keyed["subject_key"].unique().implode()))
    left = unit_parties(some_units, codes, tables.towns).collect()
    right = subject_parties(some_subjects, codes).collect().with_columns(words_rarity=0.0, core_rarity=0.0)
    pairs = (
        keyed.select("unit_key", "subject_key")
        .unique()
        .join(left.select(unit_key="owner").with_row_index("u"), on="unit_key")
        .join(right.select(subject_key="owner").with_row_index("s"), on="subject_key")
        .sort("u", "s")
    )
    compared = compare_pairs(pairs.select("u", "s", by_code=pl.lit(False)), left, right)
    told = pl.concat_str([pl.lit(f"{feature}=") + pl.col(feature) for feature in _SAID], separator=" ")
    owners = left.unique("party").sort("party")["owner"], right.unique("party").sort("party")["owner"]
    return compared.select(
        owners[0].gather(compared["unit"]).alias("unit_key"),
        owners[1].gather(compared["subject"]).alias("subject_key"),
        "words", summed_weights(tables.weights, FACTS).alias("facts"), told.alias("agreement"),
    )  # fmt: skip


def _named_elsewhere(
    unlike: pl.DataFrame, found: pl.DataFrame, units: pl.DataFrame, subjects: pl.DataFrame
) -> pl.Series:
    """The units (u) whose name in their county is that of a subject that no unit's code claims."""
    free = subjects.filter(~pl.col("s").is_in(found["s"].implode()))
    named = name_places(units.filter(pl.col("u").is_in(unlike["u"].implode())), "u")
    return named.join(name_places(free, "s"), on="key", how="semi")["u"]
