"""Villages that the division table no longer has still place an address, in the town they lie in today."""

from pathlib import Path

import polars as pl
from place_makers import place

from bench.former_villages import edition_villages, former_villages
from reference.divisions import load_gazetteer
from reference.places import load_places

GAZETTEER = load_gazetteer()


def edition(folder: Path, towns: dict[str, str], villages: dict[str, str]) -> pl.DataFrame:
    """An edition of 余杭区 with towns by code, villages by code."""
    pl.DataFrame({"code": ["330110"], "name": ["余杭区"]}).write_csv(folder / "areas.csv")
    for name, rows in (("streets", towns), ("villages", villages)):
        pl.DataFrame({"code": list(rows), "name": list(rows.values())}).write_csv(folder / f"{name}.csv")
    return edition_villages(folder, GAZETTEER.province[0])


def test_a_town_keeps_its_villages_under_its_new_status_and_one_that_is_gone_passes_them_on(
    tmp_path: Path,
) -> None:
    today = GAZETTEER.villages.filter(scope="余杭区", township_code="330110005")["village"].head(4).to_list()
    towns = {"330110190": "五常乡", "330110191": "丹霄镇"}
    villages = {
        "330110190201": "蓬瀛村村委会",
        **{f"33011019120{i}": name for i, name in enumerate(today)},
        "330110191209": "绛雪居委会",
    }
    rows = edition(tmp_path, towns, villages)
    known = GAZETTEER.villages.select("township_code", "village")
    assert former_villages([rows], GAZETTEER, known).rows() == [
        ("330110005", "绛雪社区"),
        ("330110005", "蓬瀛村"),
    ]


def test_a_town_whose_villages_nobody_knows_today_tells_nothing(tmp_path: Path) -> None:
    rows = edition(tmp_path, {"330110191": "丹霄镇"}, {"330110191201": "绛雪村委会"})
    assert former_villages([rows], GAZETTEER, GAZETTEER.villages.clear()).is_empty()


def test_a_merged_village_places_an_address_that_names_no_town() -> None:
    places = load_places()
    former = places.former_villages.join(places.names, left_on="village", right_on="name", how="anti")
    alone = former.filter(pl.len().over("village") == 1).join(GAZETTEER.villages, on="village", how="anti")
    county = GAZETTEER.divisions.select(county="code", county_name="name")
    rows = alone.join(county, left_on=pl.col("township_code").str.slice(0, 6), right_on="county").head(20)
    placed = place((rows["county_name"] + rows["village"] + "8号").to_list())
    assert (placed["division_code"].str.slice(0, 9) == rows["township_code"]).mean() >= 0.9
