"""The wall of a batch that the pipeline made: figures add up, and nothing of a firm or a person is in it."""

import json
from collections.abc import Iterator

import pytest

from bench.published import Province
from dashboard.facts import Document, wall_facts
from reference.wall import load_board
from warehouse.publish import published_file
from warehouse.read import opened, read_wall

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("province")]


@pytest.fixture(scope="module")
def shown(published_province: Province) -> dict[str, Document]:
    return wall_facts(read_wall(published_file(published_province.home)), load_board())


def texts(value: object) -> Iterator[str]:
    """Every text of a document, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)


def test_each_level_adds_up_to_the_one_above(shown: dict[str, Document]) -> None:
    wall = shown["wall"]
    for name in ("targets", "excluded", "unresolved", "visited"):
        whole = wall["regions"]["province"][name]
        assert sum(area[name] for area in wall["cities"]) == whole, name
        assert sum(area[name] for area in wall["counties"]) == whole, name
    assert wall["regions"]["province"]["targets"] > 4_000
    for county in wall["counties"]:
        if county["code"]:
            towns = shown[f"county/{county['code']}"]["townships"]
            assert sum(town["targets"] for town in towns) == county["targets"]


def test_before_any_feedback_nothing_is_red(shown: dict[str, Document]) -> None:
    assert {area["status"] for area in shown["wall"]["counties"]} == {"none"}
    assert shown["wall"]["plan"]["elapsed_days"] == 0


def test_no_name_code_or_address_of_a_firm_is_shown(
    shown: dict[str, Document], published_province: Province
) -> None:
    said = set(texts(shown))
    with opened(published_file(published_province.home)) as con:
        firms = con.execute("SELECT name, uscc, address, subject_key FROM dim_enterprise").fetchall()
    known = {value for firm in firms for value in firm if value}
    assert len(known) > 10_000
    assert said & known == set()
    text = json.dumps(shown, ensure_ascii=False)
    assert not [value for value in sorted(known)[::40] if value in text]
