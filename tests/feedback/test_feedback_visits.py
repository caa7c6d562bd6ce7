"""Visits that come back: the checks of the form, corrections, readiness, proposals, evidence."""

import random
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from feedback_makers import AS_OF, FAULTS, MAR, feed, firms, no_faults, visit
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.feedback import load_criteria, load_issues
from reference.text_tables import load_text_tables
from transforms.feedback import Settled
from transforms.feedback_visits import check_visits, proposals, visit_facts
from transforms.visit_evidence import told_addresses
from transforms.visit_evidence import visits as evidence

LISTED = firms("A", "B", "C")


def check(*rows: dict[str, Any], known: pl.DataFrame = LISTED, faults: pl.DataFrame | None = None) -> Settled:
    told = no_faults() if faults is None else faults
    return check_visits(feed("visits", *rows), told, known, load_criteria(), AS_OF)


def facts(*rows: dict[str, Any], known: pl.DataFrame = LISTED) -> pl.DataFrame:
    return visit_facts(check(*rows, known=known).used, known, load_criteria())


WRONG: list[tuple[dict[str, Any], str, str]] = [
    (visit("A") | {"uscc": "B"}, "uscc", "uscc_mismatch"),
    (visit("A") | {"list_item_id": "item-Q"}, "list_item_id", "unknown_item"),
    (visit("A") | {"list_item_id": None, "uscc": None}, "list_item_id", "no_firm"),
    (visit("A") | {"list_item_id": None, "uscc": "Q"}, "uscc", "unknown_firm"),
    (visit("A", MAR - timedelta(days=1)), "visit_date", "before_dispatch"),
    (visit("A", AS_OF + timedelta(days=1)), "visit_date", "after_as_of"),
    (visit("A", outcome="11", need="1"), "need_amt", "need_without_amount"),
    (visit("A", outcome="11", need="1", need_amt=0), "need_amt", "need_without_amount"),
]


@pytest.mark.parametrize(("row", "column", "issue"), WRONG, ids=lambda value: str(value)[:24])
def test_a_wrong_row_is_returned_with_cell_and_reason(row: dict[str, Any], column: str, issue: str) -> None:
    found = check(row, visit("B"))
    assert found.rows["status"].to_list() == ["rejected", "used"]
    assert found.issues.select("row_id", "column_name", "issue").rows() == [("r0", column, issue)]


@pytest.mark.parametrize("on", [MAR, AS_OF])
def test_both_ends_of_the_period_count(on: date) -> None:
    assert check(visit("A", on)).rows["status"].to_list() == ["used"]


def test_a_row_comes_back_with_all_its_faults_and_each_cell_once() -> None:
    faults = pl.DataFrame(
        [("r0", "outcome", "77", "unknown_value"), ("r0", "need_amt", "许多", "not_a_number")],
        schema=FAULTS,
        orient="row",
    )
    found = check(visit("A", outcome=None, need="1") | {"uscc": "B"}, faults=faults)  # type: ignore[arg-type]
    told = set(found.issues.select("column_name", "issue").rows())
    assert told == {("outcome", "unknown_value"), ("need_amt", "not_a_number"), ("uscc", "uscc_mismatch")}


def test_every_issue_has_words_and_a_remedy() -> None:
    known = load_issues()
    assert set(load_text_tables().reasons) <= set(known)
    assert {issue for _, _, issue in WRONG} | {"second_attempt_missing"} <= set(known)
    assert all(issue.zh and issue.remedy for issue in known.values())


def test_a_firm_not_found_waits_for_a_second_attempt_on_another_day() -> None:
    first, day = visit("A", outcome="31"), date(2025, 4, 10)
    assert check(first).rows["status"].to_list() == ["waiting"]
    assert check(first, visit("A", day, "31", visit_seq=2)).used.is_empty()
    assert check(first, visit("A", day + timedelta(days=1), "31")).rows["status"].to_list() == ["used"] * 2


def test_the_same_row_twice_counts_once_and_the_newer_of_one_day_wins() -> None:
    old = visit("A", outcome="13", extract_date=date(2025, 4, 11))
    new = visit("A", outcome="14", extract_date=date(2025, 4, 12))
    assert check(old, old).rows["status"].to_list() == ["superseded", "used"]
    assert check(new, old).used["outcome"].to_list() == ["14"]


def test_a_wrong_correction_does_not_put_out_the_row_it_means_to_correct() -> None:
    later = visit("A", outcome="11", need="1", extract_date=date(2025, 5, 1))
    assert check(visit("A", extract_date=date(2025, 4, 11)), later).used["outcome"].to_list() == ["13"]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.builds(
            visit,
            st.sampled_from("ABQ"),
            st.dates(MAR - timedelta(days=2), MAR + timedelta(days=3)),
            st.sampled_from(["11", "13", "31"]),
            visit_seq=st.sampled_from([None, 1, 2]),
        ),
        max_size=10,
    ),
    st.randoms(use_true_random=False),
)
def test_every_row_ends_once_and_the_order_of_arrival_does_not_matter(
    rows: list[dict[str, Any]], rng: random.Random
) -> None:
    named = [row | {"row_id": f"r{n:02}"} for n, row in enumerate(rows)]
    shuffled = rng.sample(named, len(named))
    one, other = check(*named), check(*shuffled)
    assert one.rows.height == len(rows)
    assert one.rows.select("row_id", "status").equals(other.rows.select("row_id", "status"))
    returned = set(one.rows.filter(pl.col("status").is_in(["rejected", "waiting"]))["row_id"])
    assert returned == set(one.issues["row_id"])


def test_a_visit_without_an_item_is_of_the_newest_list_that_day() -> None:
    june = firms("A", batch_id="ZJ-202506-10", list_as_of=date(2025, 6, 10), list_item_id="item-A-june")
    known = pl.concat([LISTED, june])
    found = check(
        {"uscc": "A", "visit_date": date(2025, 6, 9), "outcome": "13"},
        {"uscc": "A", "visit_date": date(2025, 6, 10), "outcome": "13"},
        known=known,
    )
    assert found.used["batch_id"].to_list() == ["ZJ-202503-31", "ZJ-202506-10"]


def test_an_excluded_firm_that_is_visited_counts_off_the_list_with_the_rule_that_excluded_it() -> None:
    gone = firms("Z", is_on_list=False, disposition="excluded", primary_rule="Z02", list_item_id=None)
    known = pl.concat([LISTED, gone.with_columns(pl.col("list_item_id").cast(pl.String))])
    told = facts({"uscc": "Z", "visit_date": date(2025, 5, 1), "outcome": "13"}, known=known)
    assert told.select("is_on_list", "excluded_by").rows() == [(False, "Z02")]


READY = visit("A", outcome="11", need="1", need_amt=50_000, purpose_code="1", addr_verified="1")


@pytest.mark.parametrize(
    ("row", "firm", "expected"),
    [
        (READY, {}, (True, True, True, True, True, True)),
        (READY, {"established_on": date(2025, 1, 1)}, (False, True, True, True, True, False)),
        (READY, {"status": "S"}, (False, True, True, True, True, False)),
        (READY | {"addr_verified": "3"}, {}, (True, False, True, True, True, False)),
        (READY | {"addr_verified": None}, {}, (True, None, True, True, True, None)),
        (READY, {"flags": "C07,D03"}, (True, True, True, False, True, False)),
        (READY | {"purpose_code": "9"}, {}, (True, True, True, True, False, False)),
        (READY | {"outcome": "13"}, {}, (True, True, False, True, True, False)),
    ],
)
def test_readiness_follows_the_five_criteria(
    row: dict[str, Any], firm: dict[str, Any], expected: tuple[bool | None, ...]
) -> None:
    told = facts(row, known=firms("A", **firm))
    assert told.select("v1", "v2", "v3", "v4", "v5", "is_ready").row(0) == expected


def test_the_newest_visit_proposes_exclusion_or_another_town() -> None:
    later = date(2025, 5, 5)
    told = facts(
        visit("A", outcome="33"),
        visit("B", outcome="33"),
        visit("B", later, "13"),
        visit("C", outcome="22", new_addr="西溪街道1号"),
    )
    found = proposals(told, load_criteria()).select("uscc", "kind", "new_address").rows()
    assert found == [("A", "exclude", None), ("C", "redispatch", "西溪街道1号")]


def test_evidence_is_the_newest_visit_known_on_the_date_alive_if_it_met_a_firm_at_work() -> None:
    later = date(2025, 5, 5)
    told = facts(
        visit("A"), visit("A", later, "33"), visit("B", later, "14"), visit("C", outcome="15")
    ).lazy()
    criteria, first = load_criteria(), date(2025, 4, 10)
    refused = ("C", first, "15", False, False)
    assert evidence(told, criteria, date(2025, 4, 30)).collect().rows() == [
        ("A", first, "13", True, False), refused
    ]  # fmt: skip
    gone, met = ("A", later, "33", False, False), ("B", later, "14", True, False)
    assert evidence(told, criteria, later).collect().rows() == [gone, met, refused]


def test_the_newest_address_told_is_that_of_the_newest_visit_on_the_date_that_tells_one() -> None:
    first, later, last = date(2025, 4, 10), date(2025, 5, 5), date(2025, 5, 6)
    told = facts(
        visit("A", outcome="22", new_addr="西溪街道1号"),
        visit("A", later, "23", new_addr="德清县武康街道2号"),
        visit("A", last, "23", new_addr=" "),
        visit("B", outcome="13", addr_verified="2", new_addr="文新街道3号"),
        visit("C", outcome="13", addr_verified="1", new_addr="蒋村街道4号"),
    ).lazy()

    def known(on: date) -> list[tuple[object, ...]]:
        found = told_addresses(told, load_criteria(), on).collect()
        assert set(found.select("told_city", "told_county").rows()) == {("330100", "330106")}
        return found.select("uscc", "told_address", "told_on", "is_county_left", "told_event").rows()

    stays = ("B", "文新街道3号", first, False, "r3")
    assert known(first) == [("A", "西溪街道1号", first, False, "r0"), stays]
    for on in (later, last):
        assert known(on) == [("A", "德清县武康街道2号", later, True, "r1"), stays]


def test_a_photo_a_position_or_two_visitors_witness_a_visit() -> None:
    told = facts(visit("A", visitor_count=1), visit("B", photo_id="IMG_0001"), visit("C", visitor_count=2))
    assert dict(told.select("uscc", "is_witnessed").iter_rows()) == {"A": False, "B": True, "C": True}
