"""The whole loop on paper: dispatched workbooks filled in and returned, the next list made with them."""

import json
from datetime import date, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from loops import FEB, JAN, Loop, ask, come_back, copy_of, decided
from officer import Answers, column_of, fill_workbook
from verbs import run, zoufang

from reference.dispatch import load_list_layout

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("feedback")]
OUTCOMES = ("11", "13", "22", "33", None, "12", "15", "32", "14", "23", "21", "31")
"""What officers found, firm by firm in turn; null: they did not get there."""
MET, GONE, MOVED = {"11", "12", "13", "14", "15"}, {"31", "32", "33"}, {"22", "23"}
NEW_ADDRESS = "浙江省台州市椒江区海门街道"
UNITS = 6
"""Workbooks filled in: enough for every outcome, few enough to be cheap."""
SEEN_ON = date(2025, 2, 10)


def answers(outcome: str | None, day: date = SEEN_ON) -> Answers | None:
    if outcome is None:
        return None
    told: dict[str, Any] = {"走访人": "王小明", "走访日期": day, "走访方式": "1", "走访结果": outcome}
    told |= {"是否有融资需求": "0", "地址核实": "1"}
    if outcome == "11":
        told |= {"是否有融资需求": "1", "需求金额(万元)": 80.5, "用途": "1", "期限(月)": 12}
    if outcome in MOVED:
        told |= {"地址核实": "2", "更正地址": NEW_ADDRESS}
    return told


def dispatch(home: Path, units: int | None = UNITS) -> dict[str, Path]:
    """Dispatch the newest list and return the workbooks of its largest units, or of all."""
    ended = zoufang("dispatch", "--home", home, "--json")
    assert ended.status == 0, ended.err
    folder = Path(json.loads(ended.out)["folder"])
    files = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
    largest = sorted(files, key=lambda unit: (-unit["rows"], unit["unit_code"]))[:units]
    return {unit["unit_code"]: folder / unit["file"] for unit in largest}


class Closed(NamedTuple):
    """A home after a whole round: the list of the units filled in, what was found, what the feedback said."""

    home: Path
    listed: list[str]
    found: dict[str, str]
    rows: int
    off_list: tuple[str, str]
    summary: dict[str, Any]


@pytest.fixture(scope="module")
def closed(loop: Loop, one_city: Path, tmp_path_factory: pytest.TempPathFactory) -> Closed:
    """Dispatch, fill in, take in, make the next list."""
    folder = tmp_path_factory.mktemp("filled")
    home, back = copy_of(loop, folder / "own").home, folder / "in" / "visits"
    books = dispatch(home)
    listed = [uscc for path in books.values() for uscc in column_of(path, "统一社会信用代码")]
    found = {uscc: outcome for uscc, outcome in zip(listed, cycle(OUTCOMES), strict=False) if outcome}
    absent = {uscc: outcome for uscc, outcome in found.items() if outcome == "31"}
    rows = 0
    for unit, path in books.items():
        rows += fill_workbook(path, back / f"{unit}.xlsx", lambda uscc: answers(found.get(uscc)))
    # Who was not found is looked for a second time, on another day, in a second copy.
    later = SEEN_ON + timedelta(days=3)
    for unit, path in books.items():
        if absent.keys().isdisjoint(column_of(path, "统一社会信用代码")):
            continue
        rows += fill_workbook(path, back / f"{unit}_2.xlsx", lambda uscc: answers(absent.get(uscc), later))
    idle = ask(home, "SELECT uscc FROM fact_exclusion WHERE is_primary AND rule_id IN ('Z02', 'Z05')")
    (met,), (gone,) = idle[:2]
    visits = f"统一社会信用代码,走访日期,走访结果\n{met},{SEEN_ON},13\n{gone},{SEEN_ON},33\n"
    (back / "清单外.csv").write_text(visits, encoding="utf-8")
    summary = come_back(folder / "in", home, FEB)
    ended = run(one_city, home, str(FEB))
    assert ended.status == 0, ended.err
    return Closed(home, listed, found, rows, (met, gone), summary)


def test_what_officers_chose_in_the_workbooks_is_what_the_facts_say(closed: Closed) -> None:
    visits = "SELECT uscc, arg_max(outcome, visited_on) FROM fact_visit WHERE is_on_list GROUP BY 1"
    assert closed.summary["returned"] == []
    assert dict(ask(closed.home, visits)) == closed.found
    unfilled = sum(row["unfilled"] for row in closed.summary["account"])
    twice = list(closed.found.values()).count("31")
    assert set(closed.found.values()) == set(OUTCOMES) - {None}
    assert unfilled == closed.rows - len(closed.found) - twice
    needs = "SELECT DISTINCT need_amount, need_term_months FROM fact_visit WHERE outcome = '11'"
    assert [(float(amount), months) for amount, months in ask(closed.home, needs)] == [(805_000, 12)]
    assert ask(closed.home, "SELECT DISTINCT batch_id FROM fact_visit") == [(f"ZJ-{JAN:%Y%m-%d}",)]


def test_firms_gone_are_proposed_for_exclusion_and_firms_moved_for_another_town(closed: Closed) -> None:
    proposed = ask(closed.home, "SELECT uscc, kind, new_address FROM feedback_proposals")
    moved = {(u, "redispatch", NEW_ADDRESS) for u, o in closed.found.items() if o in MOVED}
    assert set(proposed) == moved | {(u, "exclude", None) for u, o in closed.found.items() if o in GONE}


def test_the_next_list_leaves_out_who_was_met_and_shows_what_the_others_said(closed: Closed) -> None:
    home = closed.home
    of_batch = "FROM fact_visit_target WHERE batch_id = 'ZJ-202502-28'"
    following = {uscc for (uscc,) in ask(home, f"SELECT uscc {of_batch}")}
    # Traders are met again at any time, and who was put on the list by decision (O02) stays on it.
    again = ask(home, "SELECT uscc FROM fact_visit_target WHERE is_foreign_trade OR flags LIKE '%O02%'")
    met = {uscc for uscc, outcome in closed.found.items() if outcome in MET} - {u for (u,) in again}
    assert set(closed.listed) - following == met
    why = dict(ask(home, "SELECT uscc, reason_kind FROM mart_batch_diff WHERE change = 'left'"))
    assert {why[uscc] for uscc in met} == {"visited"}
    shown = {u: told for path in dispatch(home).values() for u, told in column_of(path, "上批次结果").items()}
    words = load_list_layout().lists["outcome"].codes
    assert set(shown) <= following
    assert set(shown) & set(closed.found)
    wanted = {uscc: words.get(closed.found.get(uscc, ""), "") for uscc in shown}
    assert {uscc: told or "" for uscc, told in shown.items()} == wanted


def test_firms_moved_are_on_the_next_list_in_their_new_town_at_their_new_address(closed: Closed) -> None:
    home, moved = closed.home, {uscc for uscc, outcome in closed.found.items() if outcome in MOVED}
    town = ask(home, "SELECT left(division_code, 9) FROM dim_division WHERE name = '海门街道'")[0][0]
    placed = "SELECT uscc FROM fact_visit_target WHERE batch_id = 'ZJ-202502-28' AND township_code = "
    assert moved <= {uscc for (uscc,) in ask(home, f"{placed}'{town}'")}
    addresses = column_of(dispatch(home, None)[town], "经营地址")
    assert {addresses[uscc] for uscc in moved} == {NEW_ADDRESS}
    ended = zoufang("screen", "--explain", min(moved), "--home", home, "--json")
    told = json.loads(ended.out)
    assert (told["township"], told["place_source"], told["told_on"]) == ("海门街道", "visit", str(SEEN_ON))
    assert told["told_event"] in {event for (event,) in ask(home, "SELECT event_id FROM fact_visit")}


def test_an_excluded_firm_met_at_work_is_alive_to_the_next_batch(closed: Closed, one_city: Path) -> None:
    met, gone = closed.off_list
    # For that very visit it is not sent out anew; a firm found gone stays what the records say.
    assert decided(closed.home, FEB, met) == ("superseded", "R01")
    assert decided(closed.home, FEB, gone) in (("excluded", "Z02"), ("excluded", "Z05"))
    again = run(one_city, closed.home, str(FEB), "--resume")
    assert "published already" in again.err
