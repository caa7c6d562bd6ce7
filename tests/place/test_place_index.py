"""What addresses of certain township teach, and how the others are placed by it."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from place_makers import learn_and_place, place, read, taught_by

from flows.place_store import read_index, write_index
from reference.places import load_places

# Invented names, so that nothing that ships knows them.
HERE = [f"杭州市余杭区五常街道丹霄路{n}号" for n in range(1, 41, 2)]
THERE = [f"杭州市余杭区仓前街道丹霄路{n}号" for n in range(201, 241, 2)]
ESTATE = [
    "杭州市余杭区五常街道蓬瀛小区3幢",
    "杭州市余杭区五常街道蓬瀛小区8幢",
    "杭州市余杭区五常街道蓬瀛小区2单元",
]


def test_a_name_that_certain_addresses_put_in_one_town_places_the_others() -> None:
    found = learn_and_place([*ESTATE, "余杭区蓬瀛小区11幢"]).row(3, named=True)
    assert (found["township"], found["method"], found["support"]) == ("五常街道", "place_name", 3)
    assert found["confidence"] >= load_places().limits.least_confidence
    assert place(["余杭区蓬瀛小区11幢"])["township"].to_list() == [None]


def test_the_number_decides_on_a_road_through_two_towns() -> None:
    taught = taught_by(read([*HERE, *THERE]))
    found = place(["余杭区丹霄路9号", "余杭区丹霄路221号", "余杭区丹霄路"], taught=taught)
    assert found["township"].to_list()[:2] == ["五常街道", "仓前街道"]
    assert found["method"].to_list()[:2] == ["road_number"] * 2
    assert found.row(2, named=True)["township"] is None


def test_the_other_side_of_the_road_says_nothing_of_a_number() -> None:
    taught = taught_by(read([*HERE, *THERE]))
    placed = place(["余杭区丹霄路9号", "余杭区丹霄路10号"], taught=taught)
    assert placed["township"].to_list() == ["五常街道", None]


def test_a_guess_never_teaches() -> None:
    rows = [*ESTATE, *(f"余杭区蓬瀛小区{n}幢绛雪苑" for n in range(5))]
    placed = learn_and_place([*rows, "余杭区绛雪苑1幢"])
    assert placed["township"].to_list()[3:8] == ["五常街道"] * 5
    assert placed["township"].to_list()[8] is None


def test_no_guess_across_counties() -> None:
    assert learn_and_place([*ESTATE, "萧山区蓬瀛小区11幢"])["township"].to_list()[3] is None


def test_a_rival_stays_for_review() -> None:
    rivals = [f"杭州市余杭区仓前街道蓬瀛小区{n}幢" for n in range(3)]
    found = learn_and_place([*ESTATE, *rivals, "余杭区蓬瀛小区11幢"]).row(6, named=True)
    assert found["township"] is None
    assert found["runner_up"] in {"330110005", "330110012"}


def test_the_index_is_the_same_when_read_back_and_serves_another_file(tmp_path: Path) -> None:
    facts = taught_by(read([*ESTATE, *HERE]))
    back = read_index(write_index(facts, tmp_path / "places.parquet"))
    assert back.names.rows() == facts.names.rows()
    assert back.numbers.rows() == facts.numbers.rows()
    assert place(["余杭区蓬瀛小区1幢"], taught=back)["township"].to_list() == ["五常街道"]


def test_facts_hold_counts_and_names_only() -> None:
    facts = taught_by(read(ESTATE))
    assert facts.names.filter(slot="start").to_dicts() == [
        {
            "county_code": "330110",
            "township_code": "330110005",
            "slot": "start",
            "name": "蓬瀛小区",
            "support": 3,
        }
    ]


@settings(max_examples=8, deadline=None)
@given(st.permutations([*ESTATE, *HERE[:6], *THERE[:6]]))
def test_the_order_of_addresses_never_changes_what_is_learned(addresses: list[str]) -> None:
    facts, ordered = taught_by(read(addresses)), taught_by(read(sorted(addresses)))
    assert facts.names.rows() == ordered.names.rows()
    assert facts.numbers.rows() == ordered.numbers.rows()


def test_rows_that_teach_are_not_changed_by_what_they_teach() -> None:
    assert (
        place(ESTATE)["method"].to_list() == learn_and_place(ESTATE)["method"].to_list() == ["town_name"] * 3
    )
