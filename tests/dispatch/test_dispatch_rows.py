"""Splitting: every row on one sheet, no sheet over its limit, every name one that Excel takes."""

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.classes import load_classes
from reference.dispatch import load_list_layout
from reference.places import load_places
from transforms.dispatch_rows import list_rows, sheet_names

LAYOUT = load_list_layout()
TEXTS = ("industry_code", "legal_rep_masked", "phone_masked", "renewal_month", "flags", "last_outcome",
         "county", "community", "operating_address", "name", "uscc", "size_class")  # fmt: skip
BOOLEANS = ("is_foreign_trade", "is_sci_tech", "is_private", "is_consumption", "is_new")
PLACES = [
    "330106002000",
    "330106002051",
    "330106002052",
    "330383198001",
    "330383198000",
    "330106000000",
    None,
]


def items(places: list[str | None], address: str = "杭州市西湖区北山街道曙光路{}号") -> pl.LazyFrame:
    code = pl.col("division_code")
    level = {"township": ~code.str.ends_with("000000"), "county": code.is_not_null()}
    return pl.LazyFrame({"division_code": places}, schema={"division_code": pl.String}).select(
        code,
        subject_key=pl.int_range(pl.len()).cast(pl.String).str.zfill(6),
        list_item_id=pl.int_range(pl.len()).cast(pl.String),
        batch_id=pl.lit("ZJ-202503-31"),
        entity_class=pl.lit("enterprise"),
        established_on=pl.date(2020, 1, 1),
        priority=pl.lit(1),
        township=pl.lit("北山街道"),
        address=pl.format(address, pl.int_range(pl.len()) % 37),
        city_code=pl.lit("330100"),
        county_code=pl.when(level["county"]).then(code.str.head(6)),
        township_code=pl.when(level["township"]).then(code.str.head(9)),
        **{name: pl.lit(None, dtype=pl.String) for name in TEXTS},
        **{name: pl.lit(False) for name in BOOLEANS},
    )


def split(frame: pl.LazyFrame, per_sheet: int = 1000, per_officer: int = 150) -> pl.DataFrame:
    rules = replace(LAYOUT.split, max_rows_per_sheet=per_sheet, max_rows_per_officer=per_officer)
    layout = replace(LAYOUT, split=rules)
    return list_rows(frame, layout, load_places().kinds, load_classes().industries).collect()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(PLACES), min_size=1, max_size=60), st.integers(1, 9), st.integers(1, 9))
def test_every_row_is_on_one_sheet_within_the_limit(
    places: list[str | None], per_sheet: int, per_officer: int
) -> None:
    rows = split(items(places), per_sheet, per_officer)
    assert sorted(rows["list_item_id"]) == sorted(str(i) for i in range(len(places)))
    sheets = rows.group_by("unit_code", "group", "part").agg(
        rows=pl.len(), seq=pl.col("seq").sort(), parts=pl.col("parts").first()
    )
    limit = pl.when(pl.col("group").is_null()).then(per_officer).otherwise(per_sheet)
    assert sheets.select((pl.col("rows") <= limit).all()).item()
    assert all(seq.to_list() == list(range(1, len(seq) + 1)) for seq in sheets["seq"])
    spread = sheets.group_by("unit_code", "group").agg(
        even=pl.col("rows").max() - pl.col("rows").min() <= 1, whole=pl.len() == pl.col("parts").first()
    )
    assert spread.select(pl.col("even", "whole").all()).row(0) == (True, True)


def test_a_town_of_twenty_thousand_rows_makes_sheets_an_officer_can_walk() -> None:
    rows = split(items(["330106002000"] * 20_000))
    sheets = rows.group_by("part").len()
    assert sheets.height == 134
    assert (sheets["len"].min(), sheets["len"].max()) == (149, 150)


def test_walking_order_is_by_road_then_door_not_by_text() -> None:
    rows = split(items(["330106002000"] * 37))
    doors = rows["address"].str.extract(r"(\d+)号").cast(pl.Int64).to_list()
    assert doors == list(range(37))


@pytest.mark.parametrize(
    ("bases", "expected"),
    [
        ([("甲/乙[丙]:*?", 0, 1)], ["甲_乙_丙____"]),
        ([("社区" * 20, 0, 1)], [("社区" * 16)[:31]]),
        (
            [("社区" * 20, 0, 2), ("社区" * 20, 1, 2)],
            [("社区" * 16)[:28] + "(1)", ("社区" * 16)[:28] + "(2)"],
        ),
        ([("东村", 0, 1), ("东村", 0, 1), ("东村", 0, 1)], ["东村", "东村_2", "东村_3"]),
        ([("Abc", 0, 1), ("aBC", 0, 1)], ["Abc", "aBC_2"]),
        ([("代码表", 0, 1)], ["代码表_2"]),
        ([("History", 0, 1)], ["History_2"]),
        ([("'", 0, 1), ("", 0, 1)], ["_", "未定社区"]),
    ],
)
def test_sheet_names_are_allowed_and_differ(bases: list[tuple[str, int, int]], expected: list[str]) -> None:
    assert sheet_names(bases, LAYOUT, ["代码表", "填报说明"]) == expected


@given(st.lists(st.tuples(st.text(max_size=40), st.integers(0, 200), st.integers(1, 201)), max_size=8))
def test_any_names_make_sheet_names_excel_takes(bases: list[tuple[str, int, int]]) -> None:
    names = sheet_names(bases, LAYOUT, ["代码表"])
    assert len({name.casefold() for name in names} | {"代码表"}) == len(names) + 1
    for name in names:
        assert 0 < len(name.encode("utf-16-le")) // 2 <= 31
        assert not set(name) & set("[]:*?/\\'")
