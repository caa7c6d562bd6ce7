"""The analyst's first hour (docs/tour.md): every query is run, every printed answer compared by cell."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from analyst_case import DOCS, SETTING, blocks, publish_golden, sections
from feedback_case import AS_OF, facts
from golden_case import MAR, golden
from mart_oracle import funnel
from warehouse_makers import make_batch

from warehouse.publish import published_file

STOPS = sections("tour.md")
Answer = list[dict[str, str]]


def query(stop: str) -> str:
    (found,) = blocks(STOPS[stop], "sql")
    return found


def printed(number: int) -> Answer:
    """Return the answer that the page prints at a stop."""
    text = next(text for title, text in STOPS.items() if title.startswith(f"{number}. "))
    rows = [re.split(r" *\| *", line[1:-1].strip(" ")) for line in text.splitlines() if line.startswith("|")]
    return [dict(zip(rows[0], row, strict=True)) for row in rows[2:]]


def cell(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published_file(publish_golden(tmp_path_factory.mktemp("tour")))


def ask(file: Path, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    with duckdb.connect(str(file), read_only=True, config=SETTING) as con:
        found = con.execute(sql)
        return [column[0] for column in found.description], found.fetchall()


def test_the_stops_are_numbered_and_each_says_how_to_read_it_and_what_not_to_do() -> None:
    assert [title.partition(".")[0] for title in STOPS] == [str(n) for n in range(1, len(STOPS) + 1)]
    assert 10 <= len(STOPS) <= 15
    for title, text in STOPS.items():
        assert re.search(r"\n\n- \*\*Read\*\*: .+\n(.+\n)*- \*\*Trap\*\*: ", text), title


@pytest.mark.parametrize("stop", STOPS, ids=lambda title: title.partition(".")[0])
def test_the_answer_is_the_one_the_page_prints(file: Path, stop: str) -> None:
    names, rows = ask(file, query(stop))
    found = [dict(zip(names, map(cell, row), strict=True)) for row in rows]
    assert found == printed(int(stop.partition(".")[0]))
    assert found, "an answer without a row shows nobody how to read it"


def test_the_queries_run_in_the_command_line_too(file: Path) -> None:
    command = [str(Path(sys.executable).with_name("duckdb")), "-readonly", str(file), "-csv"]
    asked = [word for stop in STOPS for word in ("-c", query(stop))]
    told = subprocess.run([*command, *asked], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")
    headers = [",".join(printed(n)[0]) for n in range(1, len(STOPS) + 1)]
    assert [line for line in told.stdout.splitlines() if line in headers] == headers


def test_before_the_first_visit_every_query_has_the_same_columns(
    tmp_path: Path, build: Callable[..., Path]
) -> None:
    file = build(make_batch(tmp_path / "lake", MAR, [{"subject_key": "A", "division_code": "330106001000"}]))
    for number, stop in enumerate(STOPS, 1):
        assert ask(file, query(stop))[0] == list(printed(number)[0]), stop


def oracle(level: str, city: str | None, section: str = "all") -> dict[str, Any]:
    return funnel()[(level, city, None, None), section]


def test_targets_and_cities_are_those_counted_firm_by_firm() -> None:
    headlines, cities = printed(2), printed(3)
    levels = ("province", "province_excl_ningbo")
    assert [int(row["targets"]) for row in headlines] == [oracle(level, None)["targets"] for level in levels]
    for row, code in zip(cities, ("330100", "330200", None), strict=True):
        wanted = oracle("city", code)
        counted = (int(row["targets"]), int(row["visited"]), float(row["coverage"]))
        assert counted == (wanted["targets"], wanted["visited"], wanted["coverage"])
    assert sum(int(row["targets"]) for row in cities) == int(headlines[0]["targets"])
    without = sum(int(row["targets"]) for row in cities if row["is_ningbo"] == "false")
    assert without == int(headlines[1]["targets"])


def test_exclusions_are_those_counted_firm_by_firm() -> None:
    decided = Counter(f["primary_rule"] for f in golden("firms") if f["disposition"] == "excluded")
    hit = Counter(h["rule_id"] for h in golden("rule_hits") if h["severity"] == "exclude")
    shown = {row["rule_id"]: (int(row["firms_excluded"]), int(row["firms_hit"])) for row in printed(4)}
    assert shown == {rule: (decided[rule], hit[rule]) for rule in hit}
    assert sum(decided.values()) == int(printed(2)[0]["excluded"])


def test_the_funnel_is_the_one_worked_out_from_the_facts() -> None:
    wanted = oracle("province", None)
    rates = {
        "visited": "coverage",
        "effective": "effective_rate",
        "declared": "declare_rate",
        "recommended": "audit_pass_rate",
        "credited": "credit_rate",
        "disbursed": "disbursement_rate",
    }
    assert [row["step"] for row in printed(5)] == ["targets", *rates]
    for row in printed(5):
        assert int(row["firms"]) == wanted[row["step"]]
        assert (row["rate"] or None) == (
            str(round(wanted[rates[row["step"]]], 4)) if row["step"] in rates else None
        )
    newest = printed(6)[-1]
    # Firms off the list were visited, too: the calendar counts them, the list's coverage does not.
    assert int(newest["visited_so_far"]) == wanted["visited"] + wanted["visited_off_list"]
    assert float(newest["loan_amount_so_far"]) == wanted["loan_amount"]


def test_what_entered_and_left_is_what_the_comparison_says() -> None:
    period = [row for row in golden("batch_changes") if row["batch_id"] != row["against_batch_id"]]
    total = Counter(row["change"] for row in period)
    assert sum(int(row["entered"]) for row in printed(7)) == total["entered"]
    assert sum(int(row["left_list"]) for row in printed(7)) == total["left"]
    for row in printed(7):
        before, entered, left, moved, after = (int(value) for value in list(row.values())[1:])
        assert before + entered - left + moved == after
    reasons = Counter(
        (r["change"], r["reason_rule_id"]) for r in period if r["change"] in {"entered", "left"}
    )
    assert {(r["change"], r["reason_rule_id"]): int(r["firms"]) for r in printed(8)} == reasons


def test_overdue_answers_and_renewals_are_those_of_the_facts() -> None:
    told = facts()
    answered = {row["rec_id"] for row in told["fact_credit"] if row["result"]}
    late = [
        row
        for row in told["fact_recommendation"]
        if row["rec_id"] not in answered and (AS_OF - row["pushed_on"]).days > 30
    ]
    assert [row["bank"] for row in printed(9) if row["overdue"] != "0"] == [r["bank_name"] for r in late]
    newest = max(row["reported_on"] for row in told["fact_renewal"])
    due = [
        row
        for row in told["fact_renewal"]
        if row["reported_on"] == newest and 0 <= (row["matures_on"] - AS_OF).days <= 30
    ]
    assert sum(int(row["loans"]) for row in printed(10)) == len(due)
    assert sum(float(row["balance"]) for row in printed(10)) == sum(row["balance"] for row in due)
    silent = [row for row in due if not row.get("contacted_on")]
    assert sum(int(row["contact_overdue"]) for row in printed(10)) == len(silent)


@pytest.mark.parametrize(("number", "section"), [(11, "foreign_trade"), (12, "sci_tech")])
def test_the_sections_are_those_counted_firm_by_firm(number: int, section: str) -> None:
    regions = [("province", None), ("province_excl_ningbo", None), ("city", "330100"), ("city", "330200")]
    for row, region in zip(printed(number), regions, strict=False):
        wanted = oracle(*region, section)
        shared = row.keys() & wanted.keys()
        assert {"targets", "visited"} <= shared
        for name in shared:
            assert (float(row[name]) if row[name] else None) == wanted[name], (row["region_name"], name)


def test_the_rules_of_the_firm_are_those_that_hit_it() -> None:
    wanted = [row["rule_id"] for row in golden("rule_hits") if row["subject_key"] == "辛"]
    assert [row["rule_id"] for row in printed(15)] == wanted
    firm = next(row for row in golden("firms") if row["subject_key"] == "辛")
    assert [row["rule_id"] for row in printed(15) if row["is_primary"] == "true"] == [firm["primary_rule"]]


def slug(heading: str) -> str:
    """Return the anchor that GitHub and GitLab give a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", ["tour.md", "bi.md", "analysts.md"])
def test_every_link_of_the_pages_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#([^)]+))?\)", (DOCS / page).read_text(encoding="utf-8"))
    assert {"dictionary.md", "kpis.md", "wall.md"} <= {target for target, _ in links}
    for target, anchor in links:
        text = (DOCS / target).read_text(encoding="utf-8")
        assert not anchor or anchor in map(slug, re.findall(r"^#+ (.+)$", text, re.M)), (target, anchor)
