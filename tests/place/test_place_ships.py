"""What is distilled to ship: names of places, never what may be one firm's."""

import pytest
from place_makers import read, taught_by

from bench.distil_places import names_to_ship
from reference.places import load_places


def shipped(tails: list[str]) -> set[str]:
    facts = taught_by(read([f"杭州市余杭区五常街道{tail}" for tail in tails]))
    return set(names_to_ship(facts, load_places().kinds)["name"])


@pytest.mark.parametrize("name", ["丹霄路", "蓬瀛小区", "绛雪大厦", "蓬瀛村"])
def test_a_place_ships_on_the_word_of_one_address(name: str) -> None:
    assert name in shipped([f"{name}3号"])


@pytest.mark.parametrize("tail", ["绛雪医院3楼", "绛雪纺织厂内", "绛雪办公大楼3楼", "绛雪集团3号"])
def test_what_may_be_one_establishment_does_not_ship(tail: str) -> None:
    assert not any("绛雪" in name for name in shipped([tail]))


def test_of_any_other_name_told_once_only_the_beginning_ships() -> None:
    assert shipped(["盐埠头西侧空地3号"]) == {"盐埠头"}
    assert "盐埠头西侧空地" in shipped(["盐埠头西侧空地3号", "盐埠头西侧空地5号"])


def test_a_company_never_ships_however_many_addresses_name_it() -> None:
    assert not shipped(["绛雪有限公司3号", "绛雪有限公司5号"])
