"""Placing an address: golden cases a clerk can read, and what must hold of any text."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from place_makers import place

from reference.divisions import load_gazetteer, make_gazetteer
from reference.scopes import DIVISIONS_DIR

GOLDEN = Path(__file__).parents[1] / "golden" / "place" / "addresses.csv"
NATION = Path(__file__).parents[3] / "shared" / "data" / "divisions" / "divisions_cn_2023.parquet"


def test_golden_addresses() -> None:
    golden = pl.read_csv(GOLDEN, infer_schema=False)
    wrong = []
    for (city,), cases in golden.partition_by("city_hint", as_dict=True).items():
        placed = place(cases["address"].to_list(), city=city)
        in_town = placed["level"].is_in(["township", "community"])
        towns = placed.select(pl.when(in_town).then(pl.col("division_code").str.head(9))).to_series()
        found = zip(cases["address"], towns, placed["method"], strict=True)
        expected = zip(cases["address"], cases["township_code"], cases["method"], strict=True)
        wrong += [pair for pair in zip(found, expected, strict=True) if pair[0] != pair[1]]
    assert wrong == []


def test_codes_place_without_text() -> None:
    placed = place([None] * 4, codes=["330110005000", "330110005", "330110", "999999"])
    assert placed["township"].to_list() == ["五常街道", "五常街道", None, None]
    assert placed["county"].to_list() == ["余杭区", "余杭区", "余杭区", None]
    assert placed["level"].to_list() == ["township", "township", "county", None]


def test_a_code_goes_down_to_the_community() -> None:
    village = load_gazetteer().divisions.filter(pl.col("level") == "community").row(0, named=True)
    placed = place([None], codes=[village["code"]]).row(0, named=True)
    assert (placed["community"], placed["method"], placed["level"]) == (
        village["name"],
        "code12",
        "community",
    )


def test_code_and_text_that_differ_are_flagged() -> None:
    placed = place(["义乌市福田街道1号"], codes=["330110005000"])
    assert placed["place_note"].to_list() == ["code_text_conflict"]


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("浙江省嘉兴市浙江省嘉兴市南湖区余新镇余南村", "嘉兴市南湖区余新镇余南村"),
        ("杭州市余杭区五常街道街道文一西路９６９号", "杭州市余杭区五常街道文一西路969号"),
        ("杭州市 余杭区\u3000五常街道文一西路969号（自主申报）", "杭州市余杭区五常街道文一西路969号"),
        ("温州市⻰港市(原苍南县)⻰金大道", "温州市龙港市龙金大道"),
        ("乐清市柳市镇柳青路1号；另设经营场所：乐清市虹桥镇2号", "乐清市柳市镇柳青路1号"),
    ],
)
def test_tricks_of_real_text_change_nothing(written: str, plain: str) -> None:
    columns = ["division_code", "method"]
    assert place([written]).select(columns).rows() == place([plain]).select(columns).rows()


PARTS = st.sampled_from(
    ["浙江省", "杭州市", "余杭区", "义乌市", "五常街道", "福田街道", "乌镇", "人民路1号", "（自主申报）",
     " ", "１２号", "鄞县大道", "西浜村", "江干区", "下沙街道", "银苑社区", "工业园区", "-", "A区3幢"]
)  # fmt: skip
ADDRESSES = st.lists(st.one_of(st.none(), st.lists(PARTS, max_size=6).map("".join)), min_size=1, max_size=8)


@settings(max_examples=12, deadline=None)
@given(ADDRESSES)
def test_every_row_once_in_any_order_with_codes_that_agree(addresses: list[str | None]) -> None:
    placed = place(addresses)
    assert placed["row_id"].to_list() == list(range(len(addresses)))
    backwards = place(addresses[::-1])
    assert placed.drop("row_id").rows() == backwards.drop("row_id").rows()[::-1]
    known = placed.drop_nulls("county").join(
        load_gazetteer().divisions.filter(pl.col("level") == "county"), left_on="county", right_on="name"
    )
    assert known.select((pl.col("division_code").str.slice(0, 6) == pl.col("code")).all()).item()
    assert placed["confidence"].is_between(0, 1).all()
    assert placed.filter(pl.col("level").is_null())["method"].null_count() == placed["level"].null_count()


@settings(max_examples=12, deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=5).map("".join))
def test_the_province_in_front_changes_nothing(address: str) -> None:
    columns = ["division_code", "method", "confidence", "place_note"]
    assert place([address]).select(columns).rows() == place(["浙江省" + address]).select(columns).rows()


def test_the_division_table_of_another_province_serves_without_a_change_of_code() -> None:
    if not NATION.exists():
        pytest.skip(f"{NATION} is absent: the division table of the whole country is not part of the project")
    rows = pl.read_parquet(NATION)
    jiangsu = make_gazetteer(rows.filter(pl.col("division_code").str.starts_with("32")))
    placed = place(
        ["江苏省南京市鼓楼区华侨路街道汉中路1号", "苏州市昆山市玉山镇前进路2号", "江苏昆山千灯镇"],
        gazetteer=jiangsu,
    )
    assert placed["township"].to_list() == ["华侨路街道", "玉山镇", "千灯镇"]
    assert placed["province"].to_list() == ["江苏省"] * 3


def test_the_shipped_divisions_are_those_of_one_province() -> None:
    codes = pl.read_csv(DIVISIONS_DIR / "divisions_zhejiang_2023.csv", infer_schema=False)["division_code"]
    assert codes.str.starts_with("33").all()
