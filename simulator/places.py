"""True townships and the addresses people write for them.

Here: the towns and villages of each city, invented roads, every way an address is written short.
Not here: the table itself (reference/divisions), how an address is read back (transforms/place*.py).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

DIVISIONS = Path(__file__).parent.parent / "reference" / "divisions" / "divisions_zhejiang_2023.csv"

OLD_NAMES = {
    "330105": "下城区",
    "330102": "江干区",
    "330113": "余杭区",
    "330112": "临安市",
    "330603": "绍兴县",
}
CASES = {
    "full": 0.40,
    "no_province": 0.15,
    "no_city": 0.07,
    "no_county": 0.05,
    "village_only": 0.08,
    "road_only": 0.06,
    "park": 0.05,
    "old_district": 0.04,
    "declared_brackets": 0.04,
    "doubled_prefix": 0.02,
    "full_width_digits": 0.03,
    "bare_road": 0.01,
}
WITHOUT_TOWN = ("village_only", "road_only", "bare_road")
_ROAD_FIRST = "瑞祥嘉锦宏盛景云彩昌德润泰启晨"
_ROAD_SECOND = "达丰兴和荣庆茂源辉康顺利福宁安"


@dataclass(frozen=True)
class City:
    """One city: its four-digit code, name, and one row per village with the names of its parents."""

    code: str
    name: str
    villages: pl.DataFrame


def load_cities() -> list[City]:
    """Return the eleven cities in code order."""
    table = pl.read_csv(DIVISIONS, infer_schema=False)
    names = table.select("division_code", "name")

    def parent(width: int, column: str) -> pl.DataFrame:
        return names.filter(pl.col("division_code").str.ends_with("0" * (12 - width))).select(
            pl.col("division_code").str.slice(0, width).alias(f"{column}_code"), pl.col("name").alias(column)
        )

    villages = (
        table.filter(pl.col("level").is_in(["community", "village"]))
        .with_columns(
            pl.col("division_code").str.slice(0, 4).alias("city_code"),
            pl.col("division_code").str.slice(0, 6).alias("county_code"),
            pl.col("division_code").str.slice(0, 9).alias("town_code"),
            _short_village().alias("village"),
        )
        .join(parent(4, "city"), on="city_code", how="left")
        .join(parent(6, "county"), on="county_code", how="left")
        .join(parent(9, "town"), on="town_code", how="left")
        .with_columns(pl.len().over("county_code", "village").eq(1).alias("is_unique"))
        .sort("division_code")
    )
    return [
        City(str(code[0]), str(part["city"][0]), part)
        for code, part in villages.group_by("city_code", maintain_order=True)
    ]


def draw_places(city: City, n: int, rng: np.random.Generator) -> pl.DataFrame:
    """One row per subject: the true division with its names, the address and its case."""
    counties = city.villages["county_code"].unique(maintain_order=True)
    weight = 1 / city.villages.join(city.villages["county_code"].value_counts(), on="county_code")["count"]
    spread = np.asarray(0.5 * weight / len(counties) + 0.5 / len(city.villages))
    chosen = rng.choice(len(city.villages), size=n, p=spread / spread.sum())
    places = city.villages[chosen].drop("name", "level", "parent_code")
    cases = np.array(list(CASES), dtype=object)[
        rng.choice(len(CASES), size=n, p=np.array(list(CASES.values())) / sum(CASES.values()))
    ]
    return places.with_columns(
        pl.Series("case", cases, dtype=pl.String),
        pl.Series("road_no", rng.integers(0, 8, n)),
        pl.Series("door", rng.integers(1, 900, n)),
        pl.Series("room", rng.integers(101, 1899, n)),
    ).pipe(with_address)


def _short_village() -> pl.Expr:
    name = pl.col("name").str.replace("社区居民委员会|社区居委会|居民委员会|居委会", "社区")
    return name.str.replace("村民委员会|村委会", "村").str.replace("村村$", "村")


def with_address(places: pl.DataFrame) -> pl.DataFrame:
    """The places with `case` where it applies and `address` as written."""
    old = pl.col("county_code").replace_strict(OLD_NAMES, default=None, return_dtype=pl.String)
    case = (
        pl.when((pl.col("case") == "village_only") & ~pl.col("is_unique"))
        .then(pl.lit("full"))
        .when((pl.col("case") == "old_district") & old.is_null())
        .then(pl.lit("full"))
        .otherwise("case")
    )
    cased = places.with_columns(case.alias("case"), old.alias("old_county"), _road().alias("road"))
    city, county, town = pl.col("city"), pl.col("county"), pl.col("town")
    tail = pl.concat_str("road", "door", pl.lit("号"))
    written = {
        "no_province": city + county + town + tail,
        "no_city": "浙江省" + county + town + tail,
        "no_county": city + town + tail,
        "village_only": city + county + pl.col("village") + pl.concat_str("door", pl.lit("号")),
        "road_only": city + county + tail,
        "bare_road": tail,
        "park": city + county + town + "工业园区" + pl.concat_str("door", pl.lit("号")),
        "old_district": city + pl.col("old_county") + town + tail,
        "declared_brackets": "浙江省" + city + county + town + tail + "（自主申报）",
        "doubled_prefix": "浙江省" + city + "浙江省" + city + county + town + tail,
        "full_width_digits": "浙江省" + city + county + town + _wide(tail),
    }
    full = "浙江省" + city + county + town + tail + pl.concat_str("room", pl.lit("室"))
    address = pl.when(pl.col("case") == "full").then(full)
    for name, text in written.items():
        address = address.when(pl.col("case") == name).then(text)  # type: ignore[assignment]
    return cased.with_columns(address.otherwise(full).alias("address"))


def _road() -> pl.Expr:
    """An invented road, the same eight for a town whatever the seed."""
    key = pl.col("town_code").cast(pl.Int64) * 8 + pl.col("road_no")
    first = _letter(key * 7, _ROAD_FIRST)
    second = _letter(key // 15, _ROAD_SECOND)
    kind = _letter(key // 3, "路街路")
    return first + second + kind


def _letter(number: pl.Expr, letters: str) -> pl.Expr:
    return (number % len(letters)).replace_strict(dict(enumerate(letters)), return_dtype=pl.String)


def _wide(text: pl.Expr) -> pl.Expr:
    return text.str.replace_many(list("0123456789"), list("０１２３４５６７８９"))
