"""What a city or county column may hold: a city, a county, both in one cell, or a code."""

from pathlib import Path

import polars as pl
import pytest
from place_makers import place

from flows.place_file import PlaceRequest, place_file
from reference.divisions import load_gazetteer

HERE = [
    "余杭区", "余杭", "浙江省余杭区", "杭州市余杭区", "浙江省杭州市余杭区", "杭州余杭", "浙江杭州余杭",
    "杭州市余杭", "浙江省杭州市余杭", "330110", "330110000000",
]  # fmt: skip


@pytest.mark.parametrize("column", ["city_column", "county_column"])
def test_city_and_county_in_one_cell_of_either_column(tmp_path: Path, column: str) -> None:
    asked, out = tmp_path / "asked.csv", tmp_path / "out.parquet"
    pl.DataFrame({"地址": "琅嬛路1号", "地区": HERE}).write_csv(asked)
    place_file(PlaceRequest(asked, out, "地址", **{column: "地区"}))
    placed = pl.read_parquet(out)
    assert placed["county"].to_list() == ["余杭区"] * len(HERE)
    assert placed["city"].to_list() == ["杭州市"] * len(HERE)
    assert set(placed["method"]) == {"county_hint"}


def test_a_county_that_is_a_city_and_one_that_was_dissolved() -> None:
    assert place(["琅嬛路1号"], city="金华市义乌市")["county"].to_list() == ["义乌市"]
    # 江干区 went to several counties: the city is certain, the county is not.
    dissolved = place(["琅嬛路1号"], city="杭州市江干区").row(0, named=True)
    assert (dissolved["city"], dissolved["county"]) == ("杭州市", None)


@pytest.mark.parametrize("hint", ["宁波市余杭区", "杭州市鄞州", "余杭区杭州市", "杭州市余杭区仓前街道"])
def test_a_county_of_another_city_or_any_other_text_means_nothing(hint: str) -> None:
    assert place(["琅嬛路1号"], city=hint)["level"].to_list() == [None]


def test_no_spelling_means_two_things() -> None:
    assert not load_gazetteer().hints["spelling"].is_duplicated().any()
