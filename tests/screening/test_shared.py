"""Doors and what is shared: one door in many writings, counts over the province, lists, persons."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.divisions import load_gazetteer
from reference.rules import load_rules
from reference.text_tables import load_text_tables
from transforms.address_key import with_door
from transforms.shared_counts import (
    defaulting_reps,
    door_facts,
    listed_addresses,
    person_outcomes,
    shared_by,
    shared_facts,
    town_codes,
    with_idle,
)
from transforms.shared_keys import holders, key_hashes, recurring, subject_keys

GAZETTEER, LOOKALIKES = load_gazetteer(), load_text_tables().lookalikes
AS_OF = date(2025, 3, 31)
WRITINGS = (
    "浙江省杭州市余杭区五常街道文一西路969号3幢5层599室", "杭州市余杭区五常街道文一西路９６９号３号楼599室",
    "余杭区五常街道文一西路969号3栋599", "杭州市余杭区文一西路969号3幢599室(自主申报)",
    "五常街道文一西路969号三幢599室", "浙江省杭州市浙江省杭州市余杭区五常街道文一西路969#3幢599室",
)  # fmt: skip


def _doors(*addresses: str, county: str = "330110") -> list[tuple[str | None, str | None, str | None]]:
    rows = pl.DataFrame({"address": addresses, "county_hint": [county] * len(addresses)})
    return with_door(rows, GAZETTEER, LOOKALIKES).select("county", "town", "door").rows()


@pytest.mark.parametrize("writing", WRITINGS)
def test_the_same_door_in_different_writing_has_one_key(writing: str) -> None:
    [first], [other] = _doors(WRITINGS[0]), _doors(writing)
    assert (first[0], first[2]) == (other[0], other[2])


@pytest.mark.parametrize(
    "road", ["余杭区五常街道文一西路", "余杭区三号路", "义乌市福田街道国际商贸城", "余杭区104国道"]
)
def test_a_road_without_number_is_no_door(road: str) -> None:
    assert _doors(road)[0][2] is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("文一西路969号", "文一西路96号"), ("文一西路1-2号", "文一西路12号"), ("三号路5号", "三号路15号"),
        ("文一西路969号3幢", "文一西路969号4幢"), ("文一西路969号101室", "文一西路969号102室"),
    ],
)  # fmt: skip
def test_different_doors_have_different_keys(one: str, other: str) -> None:
    first, second = _doors(one, other)
    assert first != second


@given(st.lists(st.integers(0, 9), max_size=200), st.integers(2, 12))
def test_recurring_hashes_are_exactly_those_that_occur_so_often(numbers: list[int], least: int) -> None:
    found = recurring(pl.Series(numbers, dtype=pl.UInt64), least).to_list()
    assert sorted(found) == [n for n in range(10) if numbers.count(n) >= least]


def _subjects(count: int, address: str, **columns: object) -> pl.DataFrame:
    told = {
        "status": "A", "cancelled_on": None, "established_on": date(2020, 1, 1), "address": address,
        "operating_address": None, "register_county_code": "330110", "register_city_code": "3301",
        "phone_key": "f" * 32, "legal_rep_id_key": "e" * 32,
    } | columns  # fmt: skip
    keys = [f"{address}{columns}{n}" for n in range(count)]
    frame = pl.DataFrame({"subject_key": keys, **{name: [value] * count for name, value in told.items()}})
    dates = pl.col("cancelled_on", "established_on").cast(pl.Date)
    return frame.with_columns(dates, pl.col("operating_address").cast(pl.String))


def _keys(*parts: pl.DataFrame) -> pl.DataFrame:
    return subject_keys(pl.concat(parts), ["A"], AS_OF, GAZETTEER, LOOKALIKES)


def _listed(*rows: tuple[str, str, int | None]) -> pl.DataFrame:
    frame = pl.DataFrame(
        {
            "address": [row[0] for row in rows], "kind": [row[1] for row in rows],
            "cap": pl.Series([row[2] for row in rows], dtype=pl.Int64), "doc_no": ["地字1号"] * len(rows),
            "valid_from": pl.Series([date(2024, 1, 1)] * len(rows), dtype=pl.Date),
            "county_hint": pl.Series([None] * len(rows), dtype=pl.String),
        },
        schema_overrides={"address": pl.String, "kind": pl.String, "doc_no": pl.String},
    )  # fmt: skip
    return with_door(frame, GAZETTEER, LOOKALIKES)


def test_a_door_counts_its_active_subjects_in_every_city_and_writing() -> None:
    keys = _keys(
        _subjects(3, WRITINGS[0]),
        _subjects(2, WRITINGS[3], register_city_code="3302"),
        _subjects(4, WRITINGS[0], status="D"),
        _subjects(4, WRITINGS[0], cancelled_on=date(2025, 3, 31)),
        _subjects(5, "杭州市余杭区文一西路969号"),
    )
    facts = door_facts(keys, _listed(), town_codes(GAZETTEER))
    assert facts.filter("is_active").group_by("door_n").len().sort("door_n").rows() == [(5, 10)]
    assert shared_facts([facts]).filter(pl.col("door_n").is_not_null()).height == 10


def test_who_leaves_the_town_out_belongs_to_it_only_if_no_other_has_such_a_door() -> None:
    here, there, nowhere = (
        "杭州市余杭区五常街道某某路1号",
        "杭州市余杭区仓前街道某某路1号",
        "杭州市余杭区某某路1号",
    )
    one = door_facts(_keys(_subjects(2, here), _subjects(3, nowhere)), _listed(), town_codes(GAZETTEER))
    assert set(one["door_n"]) == {5}
    keys = _keys(_subjects(2, here), _subjects(4, there), _subjects(3, nowhere))
    two = door_facts(keys, _listed(), town_codes(GAZETTEER))
    assert sorted(set(two["door_n"])) == [2, 3, 4]


def test_listed_addresses_cover_their_door_in_whatever_writing() -> None:
    keys = _keys(_subjects(3, WRITINGS[0]), _subjects(1, "杭州市余杭区五常街道文一西路1号"))
    listed = _listed((WRITINGS[3], "market", 40), ("余杭区五常街道文一西路1号", "false_address", None))
    facts = door_facts(keys, listed, town_codes(GAZETTEER)).sort("door_n")
    told = facts.select("door_n", "door_kind", "door_cap", "false_door_doc_no").unique()
    assert told.sort("door_n").rows() == [
        (1, None, None, "地字1号"), (3, "market", 40, None)
    ]  # fmt: skip


def test_only_entries_in_force_that_day_are_listed() -> None:
    schema = {
        "address": pl.String, "list_kind": pl.String, "cap": pl.Int64, "doc_no": pl.String,
        "valid_from": pl.Date, "valid_to": pl.Date, "extract_date": pl.Date,
        "source_file": pl.String, "row_no": pl.Int64,
    }  # fmt: skip
    days = [
        ("a", date(2024, 1, 1), date(2025, 3, 31), None), ("b", date(2024, 1, 1), date(2025, 3, 30), None),
        ("c", date(2025, 4, 1), None, None), ("d", date(2024, 1, 1), None, date(2025, 4, 1)),
        ("e", date(2024, 1, 1), None, date(2025, 3, 1)),
    ]  # fmt: skip
    rows = [(name, "market", 9, "1", start, end, seen, "f", 2) for name, start, end, seen in days]
    staged = pl.LazyFrame(rows, schema=schema, orient="row")
    assert sorted(listed_addresses(staged, AS_OF)["address"]) == ["a", "e"]


def test_telephones_and_representatives_are_counted_over_active_subjects() -> None:
    keys = _keys(
        _subjects(3, "甲路1号"),
        _subjects(2, "乙路2号", status="V"),
        _subjects(1, "丙路3号", phone_key="", legal_rep_id_key=None),
    )
    hashes = key_hashes(keys)
    assert {kind: len(found) for kind, found in hashes.items()} == {
        "door": 4,
        "phone_key": 3,
        "legal_rep_id_key": 3,
    }
    members = holders(keys, "phone_key", recurring(hashes["phone_key"], 3))
    phones = shared_by(members, "phone_key", "phone_n")
    reps = shared_by(
        holders(keys, "legal_rep_id_key", recurring(hashes["legal_rep_id_key"], 3)),
        "legal_rep_id_key",
        "rep_n",
    )
    idle = reps.select("subject_key", is_idle=pl.int_range(pl.len()) < 2)
    told = shared_facts([phones, with_idle(reps, idle)]).drop_nulls("phone_n")
    assert told.select("phone_n", "rep_n", "rep_idle_n").unique().rows() == [(3, 3, 2)]
    assert told.height == 3


def test_cases_against_persons_reach_the_firms_they_represent() -> None:
    key, other = "e" * 32, "d" * 32
    rows = [
        (key, "1", date(2024, 5, 1), None, date(2025, 3, 31), 2),
        (key, "1", date(2024, 5, 1), None, date(2025, 1, 31), 3),
        (key, "2", date(2023, 1, 1), None, date(2025, 3, 31), 4),
        (other, "3", date(2024, 5, 1), None, date(2025, 3, 31), 5),
        (key, "4", date(2024, 4, 1), None, date(2025, 4, 1), 6),
    ]  # fmt: skip
    schema = {
        "person_id_key": pl.String, "case_no": pl.String, "publish_date": pl.Date, "remove_date": pl.Date,
        "extract_date": pl.Date, "row_no": pl.Int64,
    }  # fmt: skip
    staged = pl.LazyFrame(rows, schema=schema, orient="row").with_columns(
        source_file=pl.lit("f"), court=pl.lit("院")
    )
    told = person_outcomes(staged, pl.Series([key]), AS_OF).sort("row_no")
    assert told["outcome"].to_list() == ["matched", "superseded", "matched", "not_on_register", "after_as_of"]
    found = defaulting_reps(told, _keys(_subjects(2, "甲路1号")), load_rules(), AS_OF)
    assert found["D03_case_no"].to_list() == ["1", "1"]


@settings(max_examples=10, deadline=None)
@given(st.permutations(range(9)))
def test_the_order_of_subjects_changes_nothing(order: list[int]) -> None:
    keys = _keys(
        _subjects(4, WRITINGS[0]), _subjects(3, WRITINGS[3]), _subjects(2, "余杭区五常街道文一西路1号")
    )
    listed, towns = _listed((WRITINGS[1], "market", 40)), town_codes(GAZETTEER)
    assert shared_facts([door_facts(keys[order], listed, towns)]).equals(
        shared_facts([door_facts(keys, listed, towns)])
    )
