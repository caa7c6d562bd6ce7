"""How names and codes get damaged, one whole column at a time.

Here: typos, places dropped or changed, abbreviations, other trade words, legal forms, variant characters.
Not here: which unit gets which damage (link_damage.py).
"""

from pathlib import Path

import numpy as np
import polars as pl

from simulator.codes import ALPHABET

NAMES = Path(__file__).parent.parent / "reference" / "names"
_WRONG = "华宏洪鸿红恒衡亨成诚城程新鑫欣兴星盛胜圣荣容融达大通同龙隆宁林琳丽利力立金锦晶"
_FORMS = {
    "有限公司": "有限责任公司", "股份有限公司": "有限公司", "厂": "有限公司", "加工厂": "厂",
    "商行": "经营部", "经营部": "商行", "店": "商店", "服务部": "店", "专业合作社": "合作社",
}  # fmt: skip
# Trade words that people put for one another.
_TRADES = {
    "贸易": "商贸", "商贸": "贸易", "进出口": "进出口贸易", "电器": "电气", "电气": "电器", "服饰": "服装",
    "机械": "机械制造", "电子": "电子科技", "科技": "技术", "工贸": "实业", "实业": "工贸", "纺织": "纺织品",
    "化工": "化工材料", "物资": "物资贸易", "建材": "建筑材料", "鞋业": "鞋服", "机电": "机电设备",
    "塑业": "塑料制品", "包装": "包装材料", "五金": "五金制品", "食品": "食品贸易", "物流": "货运",
}  # fmt: skip


def damage_name(firms: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """The rows plus `stated_name`: `stated_name` or `name` with the damage that `damage` names, if any."""
    if "stated_name" not in firms.columns:
        firms = firms.with_columns(stated_name="name")
    damage, name = pl.col("damage"), pl.col("stated_name")
    n = len(firms)
    return firms.with_columns(
        pl.when(damage == "typo").then(_typo(name, n, rng))
        .when(damage == "place_changed").then(_other_place(name, n, rng))
        .when(damage == "place_dropped").then(name.str.strip_prefix(pl.col("place")))
        .when(damage == "abbreviated").then(_shortened(name, n, rng))
        .when(damage == "trade_swapped").then(_swapped(name))
        .when(damage == "form_changed").then(_reformed(name))
        .when(damage == "variant_characters").then(_traditional(name))
        .otherwise(name).alias("stated_name")
    )  # fmt: skip


def damage_code(codes: pl.Series, rng: np.random.Generator) -> pl.Series:
    """Each code with one character of its last twelve wrong, or two neighbours changed round."""
    n = len(codes)
    at, swap = pl.lit(pl.Series(rng.integers(6, 17, n))), pl.Series(rng.random(n) < 0.3)
    drawn = pl.Series([chr(c) for c in ALPHABET])[rng.integers(0, 31, n)]
    code = pl.col("code")
    one, two = code.str.slice(at, 1), code.str.slice(at + 1, 1)
    other = pl.when(pl.lit(drawn) == one).then(pl.lit("7")).otherwise(pl.lit(drawn))
    changed = code.str.slice(0, at) + other + code.str.slice(at + 1)
    turned = code.str.slice(0, at) + two + one + code.str.slice(at + 2)
    frame = codes.alias("code").to_frame()
    return frame.select(pl.when(pl.lit(swap)).then(turned).otherwise(changed)).to_series()


def shorten_place(place: pl.Expr) -> pl.Expr:
    """The place without its last character: 杭州 for 杭州市."""
    return place.str.replace(r"[市县区]$", "")


def _typo(name: pl.Expr, n: int, rng: np.random.Generator) -> pl.Expr:
    """One character of the firm's own words replaced, left out, doubled, or changed with the next."""
    width = (pl.col("core") + pl.col("trade")).str.len_chars().cast(pl.Int64)
    start = (pl.col("place") + pl.col("number")).str.len_chars().cast(pl.Int64)
    u = pl.lit(pl.Series(rng.random(n)))
    at = start + (u * width).floor().cast(pl.Int64)
    wrong = pl.lit(pl.Series(list(_WRONG))[rng.integers(0, len(_WRONG), n)])
    how = pl.lit(pl.Series(rng.random(n)))
    head, one, tail = name.str.slice(0, at), name.str.slice(at, 1), name.str.slice(at + 1)
    return (
        pl.when(how < 0.6).then(head + wrong + tail)
        .when(how < 0.75).then(head + tail)
        .when(how < 0.85).then(head + one + one + tail)
        .otherwise(head + tail.str.slice(0, 1) + one + tail.str.slice(1))
    )  # fmt: skip


def _other_place(name: pl.Expr, n: int, rng: np.random.Generator) -> pl.Expr:
    u = pl.lit(pl.Series(rng.random(n)))
    rest = name.str.strip_prefix(pl.col("place"))
    city, county = shorten_place(pl.col("city")), pl.col("county")
    company = rest.str.ends_with("公司")
    return (
        pl.when((u < 0.3) & company)
        .then(rest.str.replace("(股份有限公司|有限公司)$", "(" + city + ")$1"))
        .when(u < 0.5).then(pl.lit("浙江省") + city + "市" + rest)
        .when(u < 0.75).then(pl.when(pl.col("place") == county).then(city).otherwise(county) + rest)
        .otherwise(pl.when(pl.col("place") == pl.lit("浙江")).then(city).otherwise(pl.lit("浙江")) + rest)
    )  # fmt: skip


def _shortened(name: pl.Expr, n: int, rng: np.random.Generator) -> pl.Expr:
    """The trade or the legal form left out, or both words of a long 字号 cut to the first two."""
    how = pl.lit(pl.Series(rng.random(n)))
    no_form = name.str.strip_suffix(pl.col("branch")).str.strip_suffix(pl.col("form")) + pl.col("branch")
    no_trade = pl.concat_str("place", "core", "number", "form", "branch")
    short = pl.concat_str("place", pl.col("core").str.slice(0, 2), "number", "trade", "form", "branch")
    long_core = pl.col("core").str.len_chars() > 2
    return (
        pl.when((how < 0.4) & (pl.col("trade") != "")).then(no_trade)
        .when((how < 0.6) & long_core).then(short)
        .otherwise(no_form)
    )  # fmt: skip


def _swapped(name: pl.Expr) -> pl.Expr:
    other = pl.col("trade").replace_strict(_TRADES, default=None, return_dtype=pl.String)
    longer = pl.when(pl.col("trade") == "").then(pl.lit("贸易")).otherwise(pl.col("trade") + "科技")
    return pl.concat_str("place", "core", "number", pl.coalesce(other, longer), "form", "branch")


def _reformed(name: pl.Expr) -> pl.Expr:
    other = pl.col("form").replace_strict(_FORMS, default="经营部", return_dtype=pl.String)
    return pl.concat_str("place", "core", "number", "trade", other, "branch")


def _traditional(name: pl.Expr) -> pl.Expr:
    variants = pl.read_csv(NAMES / "variants.csv").unique("meant", keep="first", maintain_order=True)
    return name.str.replace_many(variants["meant"].to_list(), variants["written"].to_list())
