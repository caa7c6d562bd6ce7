"""Door key of an address (门牌键): one key for a door in whatever writing, none for a bare road.

Here: domain notes §6.3, from the text alone: county, township as written, and what stands behind, normalised.
Not here: where the door lies (place.py), doors that several firms share (shared_doors.py).
"""

import polars as pl

from reference.divisions import Gazetteer
from transforms.place_text import with_main_text

DOOR = ("county", "town", "door")
_HEAD = r"^((?:[一-龥]{2,3}市){0,4})([一-龥]{1,3}[县区])?([一-龥]{1,7}?(?:街道|镇|乡))?(.*)$"
_NUMERALS = "零〇一二两三四五六七八九十百"
_NUMBERED = rf"[{_NUMERALS}]{{1,5}}(?:号|幢|栋|座|弄|单元|楼|层|室)"
_VALUES = {
    "零": 0,
    "〇": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}
_ROAD_NUMBERS = r"\d+(?:号路|号大街|国道|省道|县道)"
_SAME = (
    (r"[,，。;；:：、_\s]", ""),
    (r"#", "号"),
    (r"(?:号楼|栋|座)", "幢"),
    (r"(\d)(?:之|-)(\d)", "$1-$2"),
    # 3幢5层599室 is the door that others write 3幢599.
    (r"\d+(?:层|楼|F)(\d{3,4})", "$1"),
    (r"(\d)(?:号房间|号房|房间|房|室|号铺|号摊位|号商铺)$", "$1"),
    (r"(\d)号$", "$1"),
)


def with_door(rows: pl.DataFrame, gazetteer: Gazetteer, lookalikes: dict[str, str]) -> pl.DataFrame:
    """Return the rows with DOOR in place of `address`; `door` is null where no number is written.

    Takes `address` and `county_hint` (6 digits or null): the county where the text names none of today's.
    `town`: the township as written, null where it is not. Meant for a city at a time.
    """
    # Hardly two rows have one address: reading each writing once would cost more than it saves.
    read = _read(rows.select("address"), gazetteer, lookalikes)
    county = pl.coalesce("_county", "county_hint", "_city")
    return (
        pl.concat([rows.drop("address"), read], how="horizontal")
        .with_columns(county=county)
        .drop("county_hint", "_county", "_city")
    )


def _read(addresses: pl.DataFrame, gazetteer: Gazetteer, lookalikes: dict[str, str]) -> pl.DataFrame:
    """One row per address, in their order: _city (4 digits), _county (6 digits), town, door."""
    text = with_main_text(addresses.lazy(), gazetteer.province[1], lookalikes).collect()
    parts = text.select(pl.col("text").str.extract_groups(_HEAD)).unnest("text")
    cities = gazetteer.scopes.select("scope", "county_code")
    names = dict(cities.drop_nulls().iter_rows())
    whole = {name: code for code, name, level in gazetteer.divisions.iter_rows() if level == "city"}
    towns = set(gazetteer.towns["alias"])
    town_city = pl.col("1").str.extract(r"([^市]{2,3}市)$")
    county = [
        pl.col(column).replace_strict(names, default=None, return_dtype=pl.String)
        for column in ("2", "_town_city")
    ]
    known_town = pl.col("3").is_in(list(towns))
    unread = pl.when(pl.col("2").is_not_null() & pl.col("_c2").is_null()).then("2").otherwise(pl.lit(""))
    put_back = pl.when(~known_town).then("3").otherwise(pl.lit(""))
    named = parts.with_columns(_town_city=town_city).with_columns(_c2=county[0], _c1=county[1])
    tail = pl.concat_str(unread, put_back.fill_null(""), pl.col("4").fill_null(""))
    split = named.select(
        _city=pl.col("1").str.extract(r"^([一-龥]{2,3}市)")
        .replace_strict(whole, default=None, return_dtype=pl.String),
        _county=pl.coalesce("_c2", "_c1"),
        town=pl.when(known_town).then("3"),
        _tail=tail,
    )  # fmt: skip
    return split.with_columns(door=_door(split["_tail"])).drop("_tail")


def _door(tail: pl.Series) -> pl.Series:
    """The tail in comparison form; null without a house number."""
    text = _with_digits(tail).to_frame("t").lazy()
    for pattern, meant in _SAME:
        text = text.with_columns(pl.col("t").str.replace_all(pattern, meant))
    numbered = pl.col("t").str.replace_all(_ROAD_NUMBERS, "").str.contains(r"\d")
    return text.select(pl.when(numbered).then("t")).collect().to_series()


def _with_digits(tail: pl.Series) -> pl.Series:
    """Chinese numerals before a unit as digits: 十二号 → 12号. Few addresses have any."""
    rows = tail.str.contains(_NUMBERED).fill_null(value=False)
    if not rows.any():
        return tail
    words = tail.filter(rows).str.extract_all(_NUMBERED).explode().unique().to_list()
    meant = {word: _number(word.rstrip("号幢栋座弄单元楼层室")) + word.lstrip(_NUMERALS) for word in words}
    longest = sorted(meant, key=len, reverse=True)
    digits = tail.filter(rows).to_frame("t").select(
        pl.col("t").str.replace_many(longest, [meant[w] for w in longest], leftmost=True)
    )  # fmt: skip
    return tail.clone().scatter(rows.arg_true(), digits.to_series())


def _number(numeral: str) -> str:
    """Return the digits of a numeral such as 十二, 一百零三, 二〇三."""
    if not set(numeral) & {"十", "百"}:
        return "".join(str(_VALUES[sign]) for sign in numeral)
    total, last = 0, 0
    for sign in numeral:
        if sign in ("十", "百"):
            total += (last or 1) * {"十": 10, "百": 100}[sign]
            last = 0
        else:
            last = _VALUES[sign]
    return str(total + last)
