"""Invented firms with names as they are met: common words often, rare ones seldom, families that look alike.

Here: one row per firm with the parts of its name, codes, place, address, date and industry.
Not here: what a census or another bureau writes of it (link_damage.py).
"""

from pathlib import Path

import numpy as np
import polars as pl

from simulator.codes import make_reg_nos, make_usccs
from simulator.places import draw_places, load_cities

TRADE_WORDS = Path(__file__).parent.parent / "reference" / "names" / "trade_words.csv"
INDUSTRIES = (
    "1340", "1752", "1811", "1921", "1951", "2110", "2239", "2319", "2438", "2645", "2761", "2915", "2927",
    "3049", "3252", "3311", "3399", "3484", "3525", "3670", "3824", "3857", "3985", "4710", "4830", "4790",
    "5123", "5137", "5174", "5175", "5191", "5211", "5270", "5430", "5820", "6210", "6513", "7010", "7040",
    "7212", "7249", "7271", "7299", "7481", "7721", "8010", "8190", "8392",
)  # fmt: skip
FORMS = {
    "有限公司": 0.70, "厂": 0.10, "股份有限公司": 0.01, "专业合作社": 0.04, "加工厂": 0.03, "商行": 0.03,
    "经营部": 0.03, "店": 0.03, "服务部": 0.02, "有限公司分公司": 0.01,
}  # fmt: skip
_LETTERS = (
    "恒达鑫金宏华永兴盛荣发丰泰安康瑞祥福顺利通源汇佳美嘉诚信德正明光辉东海天宇远航飞龙腾新世纪"
    "锦江景程万里长城立益民友联合力同创博雅科智慧云星辰月山水河川林森木石玉宝珠银铜铁钢亿百千"
    "一二三五六八九大中小南北西春秋夏晨曦阳春晖凯旋胜威豪杰英雄伟业鸿图展鹏程志强健乐欢喜悦"
)
SIBLINGS = ("other_number", "other_trade", "other_place", "branch", "same_name")


def make_firms(n: int, seed: int) -> pl.DataFrame:
    """One row per firm: firm, the parts of its name, name, uscc, reg_no, place, address, est_date, industry.

    One firm in eight has a sibling that looks like it (`sibling` says how, `family` whose).
    """
    rng = np.random.default_rng([seed, 1])
    base = _bare_firms(n * 8 // 9, rng)
    chosen = base[rng.choice(len(base), size=n - len(base), replace=False)]
    kind = pl.Series("sibling", list(SIBLINGS))[rng.integers(0, len(SIBLINGS), len(chosen))]
    firms = pl.concat([base, _siblings(chosen, kind, rng)], how="diagonal")
    order = rng.permutation(len(firms))
    return _coded(firms[order], rng).with_columns(_name().alias("name"))


def _bare_firms(n: int, rng: np.random.Generator) -> pl.DataFrame:
    places = _places(n, rng)
    letters = pl.Series(list(_LETTERS))
    weights = 1 / (np.arange(len(letters)) + 8.0)
    length = rng.choice([2, 3, 4], size=n, p=[0.78, 0.12, 0.10])
    drawn = [letters[rng.choice(len(letters), size=n, p=weights / weights.sum())] for _ in range(4)]
    core = [pl.when(pl.Series(length) > at).then(one).otherwise(pl.lit("")) for at, one in enumerate(drawn)]
    return places.with_columns(
        pl.concat_str(core).alias("core"),
        _trades(n, rng).alias("trade"),
        pl.Series("form", list(FORMS))[rng.choice(len(FORMS), size=n, p=list(FORMS.values()))],
        pl.Series("number", ["", "一", "第二", "三"])[rng.choice(4, size=n, p=[0.985, 0.005, 0.005, 0.005])],
        _place_words(rng.random(n)).alias("place"),
        pl.Series("industry", list(INDUSTRIES))[_zipf(len(INDUSTRIES), n, rng)],
        pl.Series("family", np.arange(n)),
        pl.lit("").alias("sibling"),
        pl.lit("").alias("branch"),
        (pl.date(2004, 1, 1) + pl.duration(days=pl.lit(pl.Series(_ages(n, rng))))).alias("est_date"),
    )


def _zipf(size: int, n: int, rng: np.random.Generator) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    weights = 1 / (np.arange(size) + 4.0)
    return rng.choice(size, size=n, p=weights / weights.sum())


def _ages(n: int, rng: np.random.Generator) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Days after 2004, more of them late."""
    return (7200 * np.sqrt(rng.random(n))).astype(np.int64)


def _places(n: int, rng: np.random.Generator) -> pl.DataFrame:
    cities = load_cities()
    counts = np.bincount(rng.integers(0, len(cities), n), minlength=len(cities))
    drawn = [draw_places(city, int(k), rng) for city, k in zip(cities, counts, strict=True)]
    return pl.concat(drawn)[rng.permutation(n)]


def _trades(n: int, rng: np.random.Generator) -> pl.Series:
    known = pl.read_csv(TRADE_WORDS).filter(pl.col("count") > 4)
    weight = known["count"].to_numpy() / known["count"].sum()
    words = known["word"][rng.choice(len(known), size=n, p=weight)]
    return words.set(pl.Series(rng.random(n) < 0.08), "")


def _place_words(draw: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> pl.Expr:
    """What stands before the 字号: the province, the city, the county, both, or nothing."""
    u, city, county = pl.Series(draw), pl.col("city"), pl.col("county")
    bare = city.str.strip_suffix("市")
    return (
        pl.when(u < 0.08).then(pl.lit("浙江"))
        .when(u < 0.40).then(bare)
        .when(u < 0.60).then(city)
        .when(u < 0.85).then(county)
        .when(u < 0.95).then(bare + county.str.replace(r"[市区县]$", ""))
        .otherwise(pl.lit(""))
    )  # fmt: skip


def _siblings(chosen: pl.DataFrame, kind: pl.Series, rng: np.random.Generator) -> pl.DataFrame:
    """A second firm for each: another number, trade or place, a branch of it, or its very name elsewhere."""
    n = len(chosen)
    is_kind = {name: pl.lit(kind) == name for name in SIBLINGS}
    moved = _places(n, rng).rename(lambda c: f"new_{c}")
    days = pl.duration(days=pl.lit(pl.Series(rng.integers(30, 3000, n))))
    elsewhere = is_kind["other_place"] | is_kind["same_name"]
    wide = pl.concat([chosen, moved], how="horizontal")
    kept = [c for c in moved.columns if c.removeprefix("new_") in chosen.columns]
    return wide.with_columns(
        pl.when(elsewhere).then(c).otherwise(c.removeprefix("new_")).alias(c.removeprefix("new_"))
        for c in kept
    ).with_columns(
        pl.when(is_kind["other_number"]).then(pl.lit("二")).otherwise("number").alias("number"),
        pl.when(is_kind["other_trade"]).then(_trades(n, rng)).otherwise("trade").alias("trade"),
        pl.when(is_kind["other_place"]).then(pl.col("city")).otherwise("place").alias("place"),
        pl.when(is_kind["branch"]).then(pl.col("town").str.replace("街道|镇|乡", "") + "分公司")
        .otherwise(pl.lit("")).alias("branch"),
        pl.when(is_kind["branch"]).then(pl.lit("有限公司")).otherwise("form").alias("form"),
        pl.when(is_kind["other_number"]).then("est_date")
        .otherwise((pl.col("est_date") + days).clip(None, pl.date(2023, 11, 30)))
        .alias("est_date"),
        kind.alias("sibling"),
    ).select(chosen.columns)  # fmt: skip


def _coded(firms: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    serial = np.arange(len(firms)) + 1
    county = firms["county_code"].cast(pl.Int64).to_numpy()
    is_shop = ~firms["form"].str.contains("公司|厂|合作社").to_numpy()
    kind = np.where(is_shop, 92, np.where(firms["form"].str.contains("合作社").to_numpy(), 93, 91))
    return firms.with_columns(
        make_usccs(kind, county, serial).alias("uscc"),
        make_reg_nos(county, serial).alias("reg_no"),
        pl.Series("firm", serial),
    )


def _name() -> pl.Expr:
    return pl.concat_str("place", "core", "number", "trade", "form", "branch")
