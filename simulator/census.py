"""Census units of the subjects, and units no register knows; amounts in 千元.

Here: which round can pair a unit with its subject, planted conflicts of industry, revenue and size.
Not here: pairing itself (transforms/link.py), what a unit proves for a rule (truth_census.py).
"""

from datetime import date

import numpy as np
import polars as pl

from simulator.codes import make_usccs

CENSUS_DAY = date(2023, 12, 31)
ROUNDS = {"L1": 0.8, "L2": 0.07, "L3": 0.05, "L4": 0.08}
NOT_WORKING = ("2", "4", "5", "6", "7", "3", "9", "2", "2", "2")
"""Answers of units not at work: stopped, closed, bankrupt, deregistered, revoked; 3 and 9 mean none of it."""
BIG, SMALL = (500, 9_000, 20_000), (3, 40, 80)
"""Staff, revenue and assets (万元) that are medium or large, or micro, in every industry of the simulator."""
FINANCE = "6631"


def census_units(subjects: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """One row per unit of a subject: contract columns plus round, true_uscc, case and how it contradicts."""
    n = len(subjects)
    seen = (
        (pl.col("entity_class") == "enterprise")
        & (pl.col("est_date") < date(2023, 12, 1))
        & ~pl.col("wrong_check")
        & ~pl.col("is_later")
        & pl.Series(rng.random(n) < 0.65)
    )
    idle = pl.col("story").is_in(["stopped", "zeros", "zeros_unknown", "zeros_but_one"]) | pl.col(
        "is_idle_door"
    )
    surely = pl.col("is_idle_door") | pl.col("rep_group").is_not_null()
    rounds = pl.Series(list(ROUNDS))[rng.choice(4, size=n, p=np.array(list(ROUNDS.values())))]
    plain = (pl.col("story") == "files") & ~pl.col("is_big") & ~pl.col("is_finance")
    draw = [rng.random(n) for _ in range(5)]
    slip = plain & (pl.col("industry") < "5000") & pl.Series(draw[0] < 0.004)
    shown = pl.when(pl.Series(draw[4] < 0.5)).then(pl.col("name")).otherwise(_other_spelling())
    # Closed in the census, at work by what came later: no zombie.
    closed = (idle & (surely | pl.Series(draw[2] < 0.85))) | (plain & (pl.col("serial") % 61 == 7))
    units = subjects.with_columns(
        pl.Series("round", rounds),
        is_other_industry=(plain & pl.Series(draw[1] < 0.02))
        | (pl.col("is_finance") & (pl.col("serial") % 4 == 1)),
        shown_name=shown,
        op_status=pl.when(closed).then(_not_working(pl.col("serial") // 3)).otherwise(pl.lit("1")),
        inst_type=pl.when(plain & pl.Series(draw[3] < 0.004)).then(pl.lit("20")).otherwise(pl.lit("10")),
        factor=pl.when(idle).then(0).when(slip).then(500).otherwise(10),
        is_census_big=plain & ~idle & ~slip & (pl.col("serial") % 83 == 40),
        is_census_small=pl.col("is_big") & (pl.col("serial") % 5 == 2),
    ).filter(seen)
    # L3 needs the register to state the number, which it does for even serials only.
    return units.with_columns(
        pl.when((pl.col("round") == "L3") & (pl.col("serial") % 2 == 1))
        .then(pl.lit("L1"))
        .otherwise("round")
        .alias("round")
    ).with_columns(
        is_census_big=pl.col("is_census_big") & ~pl.col("is_other_industry")
    ).pipe(_with_other_size).select(*_columns())  # fmt: skip


def other_units(subjects: pl.DataFrame) -> pl.DataFrame:
    """One row per unit of a branch, co-operative, household or public body, found by its code.

    No draw: the rest of the province stays as it is. Columns as of `census_units`.
    """
    serial = pl.col("serial")
    seen = (
        (pl.col("entity_class") != "enterprise")
        & (pl.col("est_date") < date(2023, 12, 1))
        & ~pl.col("wrong_check")
        & ~pl.col("is_later")
        & (serial % 3 != 0)
    )
    works = serial // 4 % 4 == 0
    units = subjects.filter(seen).with_columns(
        round=pl.lit("L1"),
        is_other_industry=pl.lit(value=False),
        shown_name="name",
        op_status=pl.when(works).then(pl.lit("1")).otherwise(_not_working(serial // 16)),
        inst_type=pl.lit("10"),
        factor=pl.when(works).then(10).otherwise(0),
        is_census_big=pl.lit(value=False),
        is_census_small=pl.lit(value=False),
    )
    return units.select(*_columns())


def _not_working(turn: pl.Expr) -> pl.Expr:
    return (turn % len(NOT_WORKING)).replace_strict(dict(enumerate(NOT_WORKING)), return_dtype=pl.String)


def _with_other_size(units: pl.DataFrame) -> pl.DataFrame:
    """The units, of those with a planted conflict the figures of another size than the reports tell."""
    return units.with_columns(
        pl.when("is_census_big").then(pl.lit(big))
        .when("is_census_small").then(pl.lit(small))
        .otherwise(name).cast(units.schema[name]).alias(name)
        for name, big, small in zip(("staff", "revenue", "assets"), BIG, SMALL, strict=True)
    )  # fmt: skip


def _other_spelling() -> pl.Expr:
    return pl.col("name").str.replace("有限公司", "有限责任公司")


def _columns() -> list[pl.Expr]:
    """The contract's columns of a unit, then the truth about it."""
    step = pl.col("round")
    other = (
        pl.when(pl.col("industry") == "7299").then(pl.lit("8010"))
        .when(~pl.col("is_finance") & (pl.col("factor") == 10) & (pl.col("serial") % 4 == 0))
        .then(pl.lit(FINANCE))
        .otherwise(pl.lit("7299"))
    )  # fmt: skip
    return [
        pl.when(step == "L1").then("uscc").alias("unit_code"),
        pl.when(step == "L2").then(pl.col("uscc").str.slice(8, 9)).alias("org_code"),
        pl.when(step == "L3").then("reg_no").alias("reg_no"),
        pl.col("shown_name").alias("unit_name"),
        pl.when("is_other_industry").then(other).otherwise("industry").alias("ind_code"),
        pl.col("division_code").alias("loc_div12"),
        pl.col("address").alias("loc_addr"),
        pl.col("division_code").alias("reg_div12"),
        pl.col("est_date").dt.strftime("%Y%m").alias("open_ym"),
        pl.lit("173").alias("reg_type"),
        pl.lit("3").alias("control"),
        pl.col("op_status"), pl.col("inst_type"), pl.lit("1").alias("unit_type"),
        pl.when((pl.col("op_status") != "1") & (pl.col("serial") % 4 < 3)).then(pl.lit("5"))
        .otherwise(pl.lit("1")).alias("check_result"),
        pl.when((pl.col("factor") == 0) & (pl.col("serial") % 4 == 0)).then(pl.lit("0"))
        .when(pl.col("serial") % 4 != 1).then(pl.lit("1")).alias("fixed_premises"),
        pl.when(pl.col("factor") == 0).then(0).otherwise("staff").alias("emp_end"),
        (pl.col("revenue") * pl.col("factor")).alias("revenue"),
        (pl.col("assets") * 10).alias("assets"),
        step, pl.col("uscc").alias("true_uscc"), pl.lit(None, pl.String).alias("case"),
        pl.lit(None, pl.String).alias("of_uscc"),
        pl.col("is_other_industry", "is_census_big", "is_census_small"),
    ]  # fmt: skip


def extra_units(units: pl.DataFrame, subjects: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """One row per unit that must not be linked; `case` says why, round is secondary or none.

    of_uscc: the firm that a secondary one belongs to.
    """
    legal = units.filter(pl.col("round") == "L1")
    local = legal.filter(pl.Series(rng.random(len(legal)) < 0.02)).with_columns(
        org_code=pl.col("unit_code").str.slice(8, 8) + "B",
        unit_code=pl.lit(None, pl.String),
        unit_name=pl.col("unit_name") + "第一车间",
        unit_type=pl.lit("2"),
        round=pl.lit("secondary"),
        case=pl.lit("local_unit"),
        of_uscc="true_uscc",
    )
    # Were the wrong one of the two chosen, P02 would fire and a sign of life be lost.
    second = legal.filter(pl.Series(rng.random(len(legal)) < 0.01)).with_columns(
        unit_name=pl.col("unit_name") + "第二车间",
        unit_type=pl.lit("2"),
        inst_type=pl.lit("20"),
        op_status=pl.lit("2"),
        round=pl.lit("secondary"),
        case=pl.lit("second_unit"),
        of_uscc="true_uscc",
    )
    alone = _unknown_firms(units.filter(pl.Series(rng.random(len(units)) < 0.03)), subjects)
    extra = pl.concat([local, second, alone, _namesakes(units, subjects, rng)])
    return extra.with_columns(true_uscc=pl.lit(None, pl.String))


def _unknown_firms(like: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
    """Firms no register knows."""
    base = subjects["serial"][0] + np.arange(len(like)) + 12_000_000
    county = like["loc_div12"].str.slice(0, 6).cast(pl.Int64).to_numpy()
    return like.with_columns(
        unit_code=make_usccs(np.full(len(like), 91), county, base),
        org_code=pl.lit(None, pl.String),
        reg_no=pl.lit(None, pl.String),
        unit_name=pl.concat_str(pl.lit("浙江无档"), pl.Series(base, dtype=pl.Int64), pl.lit("工贸有限公司")),
        round=pl.lit("none"),
        case=pl.lit("not_on_register"),
    )


def _namesakes(units: pl.DataFrame, subjects: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Public bodies named like a firm without a unit, but in another county: the name alone must not link."""
    free = subjects.filter(pl.col("entity_class") == "enterprise").join(
        units.select(uscc="true_uscc"), on="uscc", how="anti", maintain_order="left"
    )
    size = min(len(free), len(units), max(2, len(free) // 100))
    like = units[rng.permutation(len(units))[:size]]
    named = free[rng.permutation(len(free))[:size]]
    none = pl.lit(None, pl.String)
    return like.with_columns(
        unit_code=none, org_code=none, reg_no=none, unit_name=named["name"], inst_type=pl.lit("20"),
        round=pl.lit("none"), case=pl.lit("namesake_elsewhere"),
    ).filter(pl.col("loc_div12").str.slice(0, 6) != named["county_code"])  # fmt: skip
