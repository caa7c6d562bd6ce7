"""Which address of a firm is placed: the order of rule K3, visits, the office, and the registrar's pool."""

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from flows.steps_place import PlacedCity
from transforms.visit_evidence import TOLD

CENSUS_ON = date(2023, 12, 31)
TEXT = ("subject_key", "uscc", "address", "operating_address", "domicile_division_code", "supervising_office",
        "city_name", "county_name", "register_city_code", "register_county_code")  # fmt: skip
UNIT = ("subject_key", "loc_addr", "loc_div12", "link_strength")


def placed(
    firm: dict[str, object], unit: dict[str, str] | None = None, told: dict[str, object] | None = None
) -> dict[str, object]:
    """The one firm's placement; what the case does not name is null."""
    schema = {**dict.fromkeys(TEXT, pl.String()), "approved_on": pl.Date()}
    subjects = pl.DataFrame([{"subject_key": "F", "uscc": "U", **firm}], schema=schema)
    units = pl.DataFrame(
        [{"subject_key": "F", "link_strength": "exact", **unit}] if unit else [],
        schema=dict.fromkeys(UNIT, pl.String()),
    )
    visits = pl.DataFrame([told] if told else [], schema=TOLD)
    with TemporaryDirectory() as folder:
        city = PlacedCity(Path(folder), visits.lazy(), CENSUS_ON)
        city.read(0, {"subjects": subjects.lazy(), "units": units.lazy()})
        return city.place(0, subjects.lazy()).row(0, named=True)


HOME = {"address": "杭州市余杭区五常街道1号", "register_city_code": "3301", "register_county_code": "330110"}
CENSUS = {"loc_addr": "杭州市余杭区仓前街道2号", "loc_div12": "330110012001"}


def source_and_town(
    firm: dict[str, object], unit: dict[str, str] | None = None, told: dict[str, object] | None = None
) -> tuple[object, object]:
    found = placed(firm, unit, told)
    return found["place_source"], found["township"]


def test_the_census_place_goes_first() -> None:
    assert source_and_town(HOME, CENSUS) == ("census", "仓前街道")


def test_a_register_changed_since_goes_before_the_census() -> None:
    later = {**HOME, "approved_on": date(2024, 5, 1)}
    assert source_and_town(later, CENSUS) == ("domicile", "五常街道")


def test_a_weak_link_goes_last() -> None:
    assert source_and_town(HOME, {**CENSUS, "link_strength": "weak"}) == ("domicile", "五常街道")


def test_a_register_changed_since_leaves_nobody_in_a_county_it_does_not_name() -> None:
    later = {**HOME, "address": "杭州市余杭区琅嬛路1号", "approved_on": date(2024, 5, 1)}
    away = {"loc_addr": "杭州市西湖区北山街道2号", "loc_div12": "330106002001"}
    for unit in (away, {**away, "link_strength": "weak"}):
        found = placed(later, unit)
        assert (found["level"], found["county"], found["place_source"]) == ("county", "余杭区", "domicile")
    # In the same county its old town is the best there is, and so is any where the register is silent.
    assert source_and_town(later, CENSUS) == ("census", "仓前街道")
    assert source_and_town({**later, "address": None}, away) == ("census", "北山街道")
    # Its registrar is another county's, but its own address is where the census saw it.
    abroad = {**later, "address": "杭州市西湖区琅嬛路1号"}
    assert source_and_town(abroad, away) == ("census", "北山街道")


def test_the_operating_place_goes_before_the_domicile_and_stands_alone() -> None:
    working = {**HOME, "operating_address": "杭州市余杭区良渚街道3号"}
    assert source_and_town(working) == ("operating", "良渚街道")
    assert source_and_town({**working, "address": None}) == ("operating", "良渚街道")


def test_the_office_speaks_where_no_address_knows_the_town() -> None:
    for office in ("仓前市场监管所", "余杭区市场监督管理局仓前所"):
        firm = {**HOME, "address": "杭州市余杭区琅嬛路1号", "supervising_office": office}
        assert source_and_town(firm) == ("office", "仓前街道")


def test_where_only_the_registrar_is_known_its_pool_keeps_the_firm() -> None:
    found = placed({**HOME, "address": "琅嬛路1号"})
    assert (found["level"], found["county"], found["place_source"]) == ("county", "余杭区", "registrar")
    found = placed({**HOME, "address": None})
    assert (found["level"], found["county"], found["place_source"]) == ("county", "余杭区", "registrar")


def test_a_firm_registered_at_the_province_is_placed_like_any_other() -> None:
    at_province = {"address": "义乌市雪峰西路9号", "register_city_code": "3300"}
    at_city = {**at_province, "register_city_code": "3307"}
    assert source_and_town(at_province) == source_and_town(at_city) == ("domicile", "北苑街道")


def test_nobody_knows() -> None:
    assert placed({})["level"] is None


SEEN_ON = date(2025, 2, 10)


def told(address: str, **more: object) -> dict[str, object]:
    """An address a visit told of the firm, which the list had in 余杭区."""
    where = {"told_city": "330100", "told_county": "330110", "is_county_left": False}
    return {"uscc": "U", "told_address": address, "told_on": SEEN_ON, "told_event": "e"} | where | more


def test_where_a_visit_found_the_firm_goes_before_register_and_census() -> None:
    moved = told("良渚街道9号")
    assert source_and_town(HOME, CENSUS, moved) == ("visit", "良渚街道")
    assert source_and_town(HOME, None, moved) == ("visit", "良渚街道")
    assert source_and_town(HOME, CENSUS, moved | {"uscc": "another"}) == ("census", "仓前街道")


def test_a_register_changed_since_the_visit_stands() -> None:
    def changed(day: int) -> dict[str, object]:
        return {**HOME, "approved_on": date(2025, 2, day)}

    moved = told("良渚街道9号")
    assert source_and_town(changed(9), CENSUS, moved) == ("visit", "良渚街道")
    assert source_and_town(changed(10), CENSUS, moved) == ("domicile", "五常街道")
    assert source_and_town(changed(11), CENSUS, moved) == ("domicile", "五常街道")


def test_a_told_address_that_no_one_can_place_keeps_the_old_town() -> None:
    for address in ("琅嬛路1号", "搬到隔壁", "上海市"):
        assert source_and_town(HOME, CENSUS, told(address)) == ("census", "仓前街道")
        assert source_and_town(HOME, None, told(address, is_county_left=True)) == ("domicile", "五常街道")
    assert source_and_town(HOME, None, told("余杭区")) == ("domicile", "五常街道")
    # Nor is the county it was in evidence of its own, where the register knows none.
    found = placed({}, None, told("琅嬛路1号"))
    assert (found["level"], found["place_source"]) == (None, None)


def test_who_left_the_province_is_in_no_town_of_it_by_a_name_it_shares() -> None:
    for address in ("上海市仓前街道9号", "江苏苏州市仓前街道9号", "广西壮族自治区仓前街道"):
        assert source_and_town(HOME, None, told(address, is_county_left=True)) == ("domicile", "五常街道")
    assert source_and_town(HOME, None, told("仓前街道上海路9号")) == ("visit", "仓前街道")


def test_who_left_the_county_is_looked_for_in_any_other() -> None:
    assert source_and_town(HOME, None, told("仓前街道9号", is_county_left=True)) == ("visit", "仓前街道")
    away = told("台州市椒江区海门街道9号", is_county_left=True)
    assert source_and_town(HOME, CENSUS, away) == ("visit", "海门街道")
    assert placed(HOME, CENSUS, away)["city"] == "台州市"


def test_a_county_alone_takes_a_firm_that_left_its_own_into_its_pool() -> None:
    found = placed(HOME, CENSUS, told("湖州市德清县", is_county_left=True))
    assert (found["level"], found["county"], found["place_source"]) == ("county", "德清县", "visit")
    assert source_and_town(HOME, CENSUS, told("湖州市德清县")) == ("census", "仓前街道")


def test_22_keeps_to_the_county_and_23_looks_in_the_whole_city() -> None:
    # 天台县 has no 城东街道, 温岭市 has the only one of the city.
    home = {"address": "天台县赤城街道1号", "register_city_code": "3310", "register_county_code": "331023"}
    where = {"told_city": "331000", "told_county": "331023"}
    assert source_and_town(home, None, told("城东街道9号", **where)) == ("domicile", "赤城街道")
    away = placed(home, None, told("城东街道9号", is_county_left=True, **where))
    assert (away["place_source"], away["county"], away["township"]) == ("visit", "温岭市", "城东街道")
