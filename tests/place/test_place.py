from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.divisions import load_gazetteer
from transforms.place import place_addresses

GOLDEN = Path(__file__).parents[1] / "golden" / "place" / "addresses.csv"
NONE = pl.lit(None, dtype=pl.String)


def place(addresses: list[str | None], city_hint: str | None = None) -> pl.DataFrame:
    rows = pl.DataFrame(
        {"row_id": range(len(addresses)), "address": addresses}, schema_overrides={"address": pl.String}
    )
    hinted = rows.lazy().with_columns(
        division_code=NONE, city_hint=pl.lit(city_hint, dtype=pl.String), county_hint=NONE
    )
    return place_addresses(hinted, load_gazetteer()).collect().sort("row_id")


def test_golden_addresses() -> None:
    golden = pl.read_csv(GOLDEN, infer_schema=False)
    wrong = []
    for case in golden.iter_rows(named=True):
        found = place([case["address"]], case["city_hint"]).row(0, named=True)
        in_town = found["level"] in {"township", "community"}
        town = found["division_code"][:9] if in_town else None
        if (town, found["method"]) != (case["township_code"], case["method"]):
            wrong.append((case["address"], town, found["method"]))
    assert wrong == []


def test_codes_place_without_text() -> None:
    rows = pl.DataFrame(
        {
            "row_id": [1, 2, 3, 4],
            "address": [None, None, None, None],
            "division_code": ["330110005000", "330110005", "330110", "999999"],
        },
        schema_overrides={"address": pl.String},
    )
    hinted = rows.lazy().with_columns(city_hint=NONE, county_hint=NONE)
    placed = place_addresses(hinted, load_gazetteer()).collect().sort("row_id")
    assert placed["township"].to_list() == ["五常街道", "五常街道", None, None]
    assert placed["county"].to_list() == ["余杭区", "余杭区", "余杭区", None]
    assert placed["level"].to_list() == ["township", "township", "county", None]


def test_code_and_text_that_differ_are_flagged() -> None:
    rows = pl.DataFrame({"row_id": [1], "address": ["义乌市福田街道1号"], "division_code": ["330110005000"]})
    hinted = rows.lazy().with_columns(city_hint=NONE, county_hint=NONE)
    assert place_addresses(hinted, load_gazetteer()).collect()["place_note"].to_list() == [
        "code_text_conflict"
    ]


PARTS = st.sampled_from(
    [
        "浙江省",
        "杭州市",
        "余杭区",
        "义乌市",
        "五常街道",
        "福田街道",
        "乌镇",
        "人民路1号",
        "（自主申报）",
        " ",
        "１２号",
        "鄞县大道",
        "西浜村",
    ]
)
ADDRESSES = st.lists(st.one_of(st.none(), st.lists(PARTS, max_size=6).map("".join)), min_size=1, max_size=8)


@settings(max_examples=40, deadline=None)
@given(ADDRESSES)
def test_every_row_once_in_any_order_with_codes_that_agree(addresses: list[str | None]) -> None:
    placed = place(addresses)
    assert placed["row_id"].to_list() == list(range(len(addresses)))
    backwards = place(addresses[::-1])
    assert placed["division_code"].to_list() == backwards["division_code"].to_list()[::-1]
    known = placed.drop_nulls("county").join(
        load_gazetteer().divisions.filter(pl.col("level") == "county"), left_on="county", right_on="name"
    )
    assert known.select((pl.col("division_code").str.slice(0, 6) == pl.col("code")).all()).item()
