"""Which address of a firm is placed: the order of rule K3, the office, and the registrar's pool."""

from datetime import date

import polars as pl

from flows.steps_place import place_city

CENSUS_ON = date(2023, 12, 31)
TEXT = ("subject_key", "address", "operating_address", "domicile_division_code", "supervising_office",
        "city_name", "county_name", "register_city_code", "register_county_code")  # fmt: skip
UNIT = ("subject_key", "loc_addr", "loc_div12", "link_strength")


def placed(firm: dict[str, object], unit: dict[str, str] | None = None) -> dict[str, object]:
    """The one firm's placement; what the case does not name is null."""
    schema = {**dict.fromkeys(TEXT, pl.String()), "approved_on": pl.Date()}
    subjects = pl.DataFrame([{"subject_key": "F", **firm}], schema=schema)
    units = pl.DataFrame(
        [{"subject_key": "F", "link_strength": "exact", **unit}] if unit else [],
        schema=dict.fromkeys(UNIT, pl.String()),
    )
    frame, _ = place_city(subjects.lazy(), units.lazy(), CENSUS_ON)
    return frame.row(0, named=True)


HOME = {"address": "杭州市余杭区五常街道1号", "register_city_code": "3301", "register_county_code": "330110"}
CENSUS = {"loc_addr": "杭州市余杭区仓前街道2号", "loc_div12": "330110012001"}


def source_and_town(firm: dict[str, object], unit: dict[str, str] | None = None) -> tuple[object, object]:
    found = placed(firm, unit)
    return found["place_source"], found["township"]


def test_the_census_place_goes_first() -> None:
    assert source_and_town(HOME, CENSUS) == ("census", "仓前街道")


def test_a_register_changed_since_goes_before_the_census() -> None:
    later = {**HOME, "approved_on": date(2024, 5, 1)}
    assert source_and_town(later, CENSUS) == ("domicile", "五常街道")


def test_a_weak_link_goes_last() -> None:
    assert source_and_town(HOME, {**CENSUS, "link_strength": "weak"}) == ("domicile", "五常街道")


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
