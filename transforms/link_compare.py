"""How far two parties agree, feature by feature: each comparison ends in one named level.

Here: the levels of names, places, date, industry and codes, for pairs of rows.
Not here: what a level is worth (reference/link/weights.csv), which pairs there are (link_candidates.py).
"""

from functools import reduce

import polars as pl

from transforms.link_parties import LETTERS

FEATURES = (
    "words", "numbers", "place", "form", "branch", "county", "town", "door", "opened", "industry", "code",
    "reg_no",
)  # fmt: skip
WORDS = (
    "same", "core_only", "core_near_trade", "slip", "core_other_trade", "slip_short", "two_letters", "part",
    "some", "unknown", "other",
)  # fmt: skip
"""Levels of the 字号 and trade, the best first."""

RARITIES = {"same": "words_rarity", "core": "core_rarity"}


def compare_pairs(pairs: pl.DataFrame, units: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
    """One row per unit and subject that meet: unit, subject, a level per feature, rarity of shared words.

    unit and subject are numbers of parties; of their names the two that agree best are compared.
    `subjects` also has words_rarity and core_rarity, in bits: 10 means one name in a thousand.
    """
    sides = [
        frame[pairs[row]].select(pl.all().name.suffix(f"_{row}"))
        for frame, row in ((units, "u"), (subjects, "s"))
    ]
    wide = pl.concat([pairs, *sides], how="horizontal").lazy()
    counted = wide.with_columns(
        pl.min_horizontal(_run("c") + _run("e"), "length_u", "length_s").alias("shared"),
        pl.max_horizontal("length_u", "length_s").alias("longer"),
        pl.min_horizontal("length_u", "length_s").alias("shorter"),
    )
    levels = counted.with_columns(
        _words().alias("words"), _numbers().alias("numbers"), _places().alias("place"),
        _forms().alias("form"), _branches().alias("branch"), _counties().alias("county"),
        _told("town_u", "town_s").alias("town"), _doors().alias("door"), _dates().alias("opened"),
        _industries().alias("industry"), _codes().alias("code"),
        _told("reg_no_u", "reg_no_s").alias("reg_no"),
    ).select(
        pl.col("party_u").alias("unit"), pl.col("party_s").alias("subject"), *FEATURES,
        words_rarity=_if_words("same"), core_rarity=_if_words("core"),
        _several=(pl.col("names_u") > 1) | (pl.col("names_s") > 1),
    ).collect()  # fmt: skip
    return _best_named(levels)


def _best_named(levels: pl.DataFrame) -> pl.DataFrame:
    """One row per unit and subject, sorted by both: of several names the two that agree best."""
    ranks = dict(zip(WORDS, range(len(WORDS)), strict=True))
    rank = pl.col("words").replace_strict(ranks, return_dtype=pl.Int8)
    best = levels.filter("_several").sort(
        "unit", "subject", rank, "numbers", "place", "form", maintain_order=True
    ).unique(["unit", "subject"], keep="first", maintain_order=True)  # fmt: skip
    return pl.concat([levels.filter(~pl.col("_several")), best]).drop("_several").sort("unit", "subject")


def _run(end: str) -> pl.Expr:
    """How many characters in a row agree from one end of the words."""
    within = [
        (pl.col(f"{end}{at}_u") == pl.col(f"{end}{at}_s")) & (pl.min_horizontal("length_u", "length_s") > at)
        for at in range(LETTERS)
    ]
    runs = reduce(lambda done, one: [*done, done[-1] & one], within[1:], [within[0]])
    return pl.sum_horizontal(run.cast(pl.Int16) for run in runs)


def _words() -> pl.Expr:
    """字号 and trade together: how much of the longer is not in the shorter, and whether the 字号 agrees."""
    rest, longer, shorter = pl.col("longer") - pl.col("shared"), pl.col("longer"), pl.col("shorter")
    one_core = (pl.col("core_u") == pl.col("core_s")) & (pl.col("core_u") != "")
    no_trade = (pl.col("trade_u") == "") | (pl.col("trade_s") == "")
    beyond = pl.col("shared") > pl.col("core_length_u")
    return (
        pl.when(longer.is_null() | (shorter == 0)).then(pl.lit("unknown"))
        .when(pl.col("middle_u") == pl.col("middle_s")).then(pl.lit("same"))
        .when(one_core & no_trade).then(pl.lit("core_only"))
        .when(one_core & beyond).then(pl.lit("core_near_trade"))
        .when(one_core).then(pl.lit("core_other_trade"))
        .when((rest == 1) & (longer >= 5)).then(pl.lit("slip"))
        .when((rest == 1) & (longer >= 3)).then(pl.lit("slip_short"))
        .when((rest == 2) & (longer == shorter) & (longer >= 4)).then(pl.lit("two_letters"))
        .when((pl.col("shared") == shorter) & (shorter >= 2)).then(pl.lit("part"))
        .when(pl.col("shared") >= 2).then(pl.lit("some"))
        .otherwise(pl.lit("other"))
    )  # fmt: skip


def _if_words(kind: str) -> pl.Expr:
    told = pl.col("words") == "same" if kind == "same" else pl.col("words").str.starts_with("core_")
    return pl.when(told).then(pl.col(f"{RARITIES[kind]}_s")).otherwise(0.0).fill_null(0.0)


def _told(one: str, two: str) -> pl.Expr:
    """same, other, or unknown where either is."""
    return (
        pl.when(pl.col(one).is_null() | pl.col(two).is_null()).then(pl.lit("unknown"))
        .when(pl.col(one) == pl.col(two)).then(pl.lit("same"))
        .otherwise(pl.lit("other"))
    )  # fmt: skip


def _numbers() -> pl.Expr:
    one, two = pl.col("numbers_u"), pl.col("numbers_s")
    return (
        pl.when((one == "") & (two == "")).then(pl.lit("none"))
        .when(one == two).then(pl.lit("same")).otherwise(pl.lit("other"))
    )  # fmt: skip


def _places() -> pl.Expr:
    one, two = pl.col("place_u"), pl.col("place_s")
    nested = one.str.contains(two, literal=True) | two.str.contains(one, literal=True)
    return (
        pl.when((one == "") & (two == "")).then(pl.lit("none"))
        .when((one == "") | (two == "")).then(pl.lit("one_only"))
        .when(one == two).then(pl.lit("same"))
        .when(nested).then(pl.lit("nested"))
        .otherwise(pl.lit("other"))
    )  # fmt: skip


def _forms() -> pl.Expr:
    one, two = pl.col("form_u"), pl.col("form_s")
    return (
        pl.when(one == two).then(pl.lit("same"))
        .when((one == "") | (two == "")).then(pl.lit("one_only"))
        .when(pl.col("form_kind_u") == pl.col("form_kind_s")).then(pl.lit("one_kind"))
        .otherwise(pl.lit("other"))
    )  # fmt: skip


def _branches() -> pl.Expr:
    one, two = pl.col("branch_u"), pl.col("branch_s")
    return (
        pl.when((one == "") & (two == "")).then(pl.lit("none"))
        .when(one == two).then(pl.lit("same"))
        .when((one == "") | (two == "")).then(pl.lit("one_only"))
        .otherwise(pl.lit("other"))
    )  # fmt: skip


def _counties() -> pl.Expr:
    there = pl.col("county_s")
    same = (there == pl.col("county_u")) | (there == pl.col("other_county_u"))
    city = there.str.slice(0, 4)
    near = (city == pl.col("county_u").str.slice(0, 4)) | (city == pl.col("other_county_u").str.slice(0, 4))
    return (
        pl.when(there.is_null() | pl.col("county_u").is_null()).then(pl.lit("unknown"))
        .when(same).then(pl.lit("same"))
        .when(near).then(pl.lit("one_city")).otherwise(pl.lit("other"))
    )  # fmt: skip


def _doors() -> pl.Expr:
    no_number = pl.col("door_u").is_null() | pl.col("door_s").is_null()
    one_road = no_number & (pl.col("road_u") == pl.col("road_s"))
    return (
        pl.when(pl.col("road_u").is_null() | pl.col("road_s").is_null()).then(pl.lit("unknown"))
        .when(pl.col("door_u") == pl.col("door_s")).then(pl.lit("same"))
        .when(one_road).then(pl.lit("road")).otherwise(pl.lit("other"))
    )  # fmt: skip


def _dates() -> pl.Expr:
    months = (pl.col("opened_u") - pl.col("opened_s")).abs()
    return (
        pl.when(months.is_null()).then(pl.lit("unknown"))
        .when(months == 0).then(pl.lit("same"))
        .when(months <= 2).then(pl.lit("near"))
        .when(months <= 14).then(pl.lit("year"))
        .otherwise(pl.lit("other"))
    )  # fmt: skip


def _industries() -> pl.Expr:
    one, two = pl.col("industry_u"), pl.col("industry_s")
    return (
        pl.when(one.is_null() | two.is_null()).then(pl.lit("unknown"))
        .when(one == two).then(pl.lit("same"))
        .when(one.str.slice(0, 2) == two.str.slice(0, 2)).then(pl.lit("division"))
        .otherwise(pl.lit("other"))
    )  # fmt: skip


def _codes() -> pl.Expr:
    return (
        pl.when("by_code").then(pl.lit("near"))
        .when(pl.col("code_u").is_null() | pl.col("code_s").is_null()).then(pl.lit("unknown"))
        .otherwise(pl.lit("other"))
    )  # fmt: skip
