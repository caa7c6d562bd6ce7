"""The facts against the warehouse's own SQL, and colours and ranks against the rules."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from wall_case import HOSTILE, PERSON

from dashboard.board import plan, set_ranks, status
from dashboard.facts import Document
from reference.divisions import DIVISIONS_FILE
from reference.wall import Board, load_board, load_outlines
from warehouse.publish import published_file
from warehouse.read import opened

BOARD = Board(planned_days=90, red_below=0.8, yellow_below=0.95, min_ranked_targets=200)
COLOURS = """
SELECT {code} AS code, CASE
    WHEN coalesce(targets, 0) = 0 THEN 'none'
    WHEN visited / targets < 0.8 * 60 / 90 THEN 'red'
    WHEN visited / targets < 0.95 * 60 / 90 THEN 'yellow'
    ELSE 'green' END AS colour, targets, visited, recommended, overdue, loan_amount
FROM {mart} WHERE {code} IS NOT NULL"""


def asked(home: Path, query: str) -> list[tuple[Any, ...]]:
    with opened(published_file(home)) as con:
        return con.execute(query).fetchall()


def by_code(areas: list[Document]) -> dict[str, Document]:
    return {area["code"]: area for area in areas if area["code"]}


@pytest.mark.parametrize("level", ["city", "county", "township"])
def test_colours_and_figures_are_those_of_the_marts(
    home: Path, documents: dict[str, Document], level: str
) -> None:
    lists = {"city": documents["wall"]["cities"], "county": documents["wall"]["counties"]}
    lists["township"] = [
        area for name, found in documents.items() if name.startswith("county/") for area in found["townships"]
    ]
    expected = asked(home, COLOURS.format(code=f"{level}_code", mart=f"mart_progress_{level}"))
    names = ("status", "targets", "visited", "recommended", "overdue", "loan_amount")
    shown = {code: tuple(area[name] for name in names) for code, area in by_code(lists[level]).items()}
    assert shown == {code: tuple(rest) for code, *rest in expected}


def test_every_colour_occurs_where_the_counts_say_so(documents: dict[str, Document]) -> None:
    counties = by_code(documents["wall"]["counties"])
    found = {code: counties[code]["status"] for code in ("330106", "330203", "330105", "330108")}
    assert found == {"330106": "green", "330203": "red", "330105": "yellow", "330108": "green"}


@pytest.mark.parametrize(
    ("visited", "expected", "colour"),
    [(0, 0.5, "red"), (399, 0.5, "red"), (400, 0.5, "yellow"), (474, 0.5, "yellow"), (475, 0.5, "green"),
     (1000, 0.5, "green"), (1000, 0.0, "none")],
)  # fmt: skip
def test_a_colour_begins_at_its_limit(visited: int, expected: float, colour: str) -> None:
    assert status(1000, visited, expected, BOARD) == colour


def test_nobody_is_coloured_without_targets() -> None:
    assert status(0, 0, 0.5, BOARD) == "none"


def test_the_plan_runs_from_the_batch_for_its_days_and_no_longer() -> None:
    assert plan(date(2025, 3, 31), date(2025, 5, 30), BOARD)["expected"] == 60 / 90
    assert plan(date(2025, 3, 31), date(2025, 12, 31), BOARD)["expected"] == 1
    assert plan(date(2025, 3, 31), date(2025, 3, 1), BOARD)["expected"] == 0
    assert plan(date(2025, 3, 31), date(2025, 3, 31), BOARD)["ends_on"] == "2025-06-29"


def test_equal_shares_have_one_rank_and_few_targets_none() -> None:
    figures = [
        ("a", 400, 200),
        ("b", 200, 100),
        ("c", 300, 300),
        ("d", 199, 199),
        (None, 900, 900),
        ("e", 500, 0),
    ]
    areas = [{"code": code, "targets": t, "visited": v} for code, t, v in figures]
    set_ranks(areas, "rank", "visited", BOARD)
    assert [area["rank"] for area in areas] == [2, 2, 1, None, None, 4]


def test_ranks_of_counties_today_a_week_ago_and_without_ningbo(documents: dict[str, Document]) -> None:
    counties = by_code(documents["wall"]["counties"])
    names = ("rank", "rank_week_ago", "rank_excl_ningbo")
    shown = {code: tuple(area[name] for name in names) for code, area in counties.items()}
    # Shares: 西湖 400/601, a week ago 370/601; 拱墅 180/300 both; 海曙 200/400 and 100/400; 滨江 too small.
    assert shown["330106"] == (1, 1, 1)
    assert shown["330105"] == (2, 2, 2)
    assert shown["330203"] == (3, 3, None)
    assert shown["330108"] == (None, None, None)
    assert [counties[c]["visited_week_ago"] for c in ("330106", "330203")] == [370, 100]


def test_townships_are_ranked_within_their_county(documents: dict[str, Document]) -> None:
    towns = by_code(documents["county/330106"]["townships"])
    assert {code: area["rank"] for code, area in towns.items()} == {"330106001": 1, "330106002": 2}


def test_communities_add_up_to_what_is_placed_in_one(home: Path, documents: dict[str, Document]) -> None:
    (shown,) = documents["county/330106"]["communities"]["330106001"]
    assert (shown["code"], shown["targets"], shown["visited"]) == ("330106001001", 50, 50)
    assert shown["name"] == "友谊社区居民委员会"
    placed = asked(home, "SELECT sum(community_targets) FROM agg_visit_target")[0][0]
    assert placed == sum(
        one["targets"] for name, found in documents.items() if name.startswith("county/")
        for rows in found["communities"].values() for one in rows
    )  # fmt: skip


def test_regions_sections_and_unresolved_are_those_of_the_marts(
    home: Path, documents: dict[str, Document]
) -> None:
    regions = documents["wall"]["regions"]
    headlines = (
        "SELECT region, targets, visited, targets - placed_targets, overdue FROM mart_headlines ORDER BY 1"
    )
    shown = [
        (name, area["targets"], area["visited"], area["unresolved"], area["overdue"])
        for name, area in sorted(regions.items())
    ]
    assert shown == asked(home, headlines)
    assert regions["province"]["unresolved"] == 1
    for name, mart in (("foreign_trade", "mart_foreign_trade"), ("sci_tech", "mart_sci_tech")):
        rows = asked(home, f"SELECT level, targets, visited, recommended FROM {mart} WHERE city_code IS NULL")
        found = {level: (area[name]["targets"], area[name]["visited"], area[name]["recommended"])
                 for level, area in regions.items()}  # fmt: skip
        assert found == {level: tuple(rest) for level, *rest in rows if level in found}


def test_renewals_of_every_level_are_those_of_the_loans_due(
    home: Path, documents: dict[str, Document]
) -> None:
    lists = {"city_code": documents["wall"]["cities"], "county_code": documents["wall"]["counties"]}
    lists["township_code"] = [
        area for name, found in documents.items() if name.startswith("county/") for area in found["townships"]
    ]
    query = """SELECT {0}, count(*), count(*) FILTER (WHERE contacted_on <= matures_on - 30),
        count(*) FILTER (WHERE contacted_on IS NULL)
        FROM fact_renewal WHERE matures_on <= DATE '2025-06-29' AND {0} IS NOT NULL GROUP BY ALL"""
    names = ("due_30", "contacted_on_time", "uncontacted")
    for code, areas in lists.items():
        shown = {
            one: tuple(area["renewals"][name] for name in names)
            for one, area in by_code(areas).items()
            if area["renewals"] and area["renewals"]["due_30"]
        }
        assert shown == {one: tuple(rest) for one, *rest in asked(home, query.format(code))}


def test_a_township_without_loans_due_has_none_where_its_county_has_a_book(
    documents: dict[str, Document],
) -> None:
    towns = by_code(documents["county/330106"]["townships"])
    assert towns["330106001"]["renewals"]["uncontacted"] == 2
    assert towns["330106002"]["renewals"]["uncontacted"] == 0
    pool = next(area for area in documents["county/330106"]["townships"] if area["code"] is None)
    assert pool["renewals"]["uncontacted"] == 1
    assert by_code(documents["county/330105"]["townships"])["330105001"]["renewals"] is None


def test_batch_plan_and_verdict(documents: dict[str, Document]) -> None:
    wall = documents["wall"]
    assert (wall["batch"]["batch_id"], wall["batch"]["as_of"]) == ("ZJ-202503-31", "2025-03-31")
    assert wall["batch"]["facts_as_of"] == "2025-05-30"
    assert wall["quality"]["verdict"] == "warned"
    assert [row["expectation"] for row in wall["quality"]["failed"]] == ["dates_in_order"]


def test_no_firm_and_no_person_is_in_any_document(home: Path, documents: dict[str, Document]) -> None:
    text = json.dumps(documents, ensure_ascii=False)
    assert documents["wall"]["banks"][0]["bank_name"] == HOSTILE
    (firms,) = asked(home, "SELECT list(DISTINCT subject_key) FROM fact_visit_target")[0]
    assert len(firms) == 1401
    assert PERSON not in text
    assert "13800138000" not in text
    assert not [key for key in firms if key in text]


def test_a_county_and_a_city_of_the_outlines_for_each_of_the_divisions() -> None:
    rows = DIVISIONS_FILE.read_text(encoding="utf-8").splitlines()[1:]
    for level in ("city", "county"):
        codes = {row.split(",")[0][:6] for row in rows if row.split(",")[2] == level}
        assert set(load_outlines(level)) == codes


@pytest.mark.parametrize(
    "text",
    ["planned_days: 90", "planned_days: 0\nred_below: 0.8\nyellow_below: 0.9\nmin_ranked_targets: 1",
     "planned_days: 9\nred_below: 0.9\nyellow_below: 0.8\nmin_ranked_targets: 1"],
)  # fmt: skip
def test_rules_that_make_no_sense_are_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "board.yml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"board\.yml"):
        load_board(file)


def test_the_rules_in_force_are_those_of_the_domain_notes() -> None:
    assert load_board() == BOARD
