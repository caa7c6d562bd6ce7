"""One batch under other rules: what-if foretells it, a run makes it version 2, a rollback takes it back."""

import json
from pathlib import Path
from typing import Any

import pytest
from verbs import MONTHS, run, zoufang

from bench.faults.compare import contents, curated
from flows.batches import read_pointers
from flows.home import Home
from flows.journal import read_journal
from reference.rules import RULES_FILE, SCHEMA_FILE
from reference.yaml_file import read_yaml
from warehouse.publish import published_file
from warehouse.read import opened

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("runs")]
BATCH, MAR = "ZJ-202503-31", MONTHS[2]
LISTED = "SELECT batch_id, count(*) FROM fact_visit_target GROUP BY ALL ORDER BY ALL"


@pytest.fixture
def edited(tmp_path: Path) -> Path:
    """A rules file with a longer grace, one missed report instead of two, no size limit for medium firms."""
    text = RULES_FILE.read_text(encoding="utf-8")
    changes = {"grace_m: 12 ": "grace_m: 30 ", "{years: 2}": "{years: 1}", "[large, medium]": "[large]"}
    for old, new in changes.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    path = tmp_path / "edited.yml"
    path.write_text(text, encoding="utf-8")
    return path


def what_if(home: Path, rules: Path) -> dict[str, Any]:
    ended = zoufang("what-if", "--home", home, "--batch", BATCH, "--rules", rules, "--json")
    assert ended.status == 0, ended.err
    found: dict[str, Any] = json.loads(ended.out)
    return found


def ask(home: Path, query: str) -> list[tuple[Any, ...]]:
    with opened(published_file(home)) as con:
        return con.execute(query).fetchall()


def states(home: Path) -> list[tuple[int, str]]:
    return [(line.version, line.state) for line in read_journal(Home(home)) if line.batch_id == BATCH]


def test_the_same_rules_make_no_difference(months: Path) -> None:
    found = what_if(months, RULES_FILE)
    assert found["targets_before"] == found["targets_after"] > 0
    assert (found["entered"], found["left"], found["changed"], found["notes"]) == (0, 0, [], [])
    assert [found[f"by_{part}"] for part in ("rule", "category", "county", "priority")] == [[]] * 4
    text = zoufang("what-if", "--home", months, "--batch", BATCH, "--rules", RULES_FILE).out
    assert text.count("no difference 无差异") == 4


def test_other_rules_foretold_then_run_then_taken_back(copied: Path, extracts: Path, edited: Path) -> None:
    first, before = read_pointers(Home(copied))[-1], curated(copied)
    published = contents(published_file(copied))
    listed = ask(copied, LISTED)
    foretold = what_if(copied, edited)
    assert curated(copied) == before
    assert contents(published_file(copied)) == published
    assert [one["where"] for one in foretold["changed"]] == [
        "P01.size_classes", "Z02.years", "common.grace_m",
    ]  # fmt: skip

    ended = run(extracts, copied, MAR, "--rules", str(edited))
    assert ended.status == 0, ended.err
    assert "published batch ZJ-202503-31: v2" in ended.err
    second = read_pointers(Home(copied))[-1]
    check_foretold(copied, foretold)
    check_version_2(copied, listed)
    assert before.items() - {(BATCH, first.record.run_id)} <= curated(copied).items()
    assert states(copied) == [(v, s) for v in (1, 2) for s in ("draft", "gated", "published")]
    again = run(extracts, copied, MAR, "--rules", str(edited))
    assert "this run is published already; nothing to do" in again.err
    assert states(copied)[-1] == (2, "published")

    assert zoufang("rollback", "--home", copied, "--to", first.record.run_id).status == 0
    assert read_pointers(Home(copied))[-1] == first
    assert contents(published_file(copied)) == published
    assert states(copied)[-1] == (2, "gated")
    assert zoufang("rollback", "--home", copied, "--to", second.record.run_id).status == 0
    assert read_pointers(Home(copied))[-1] == second
    assert states(copied)[-1] == (2, "published")
    check_closed(copied, extracts, edited)


def check_foretold(home: Path, foretold: dict[str, Any]) -> None:
    """The run did what what-if said, by county, by rule and in all."""
    counties = ask(
        home,
        "SELECT city_code, county_code, targets_before, targets_after, firms_entered, firms_left "
        f"FROM mart_batch_diff_county WHERE against_batch_id = '{BATCH}' "
        "AND firms_entered + firms_left > 0 ORDER BY city_code, county_code NULLS FIRST",
    )
    names = ("city_code", "county_code", "targets_before", "targets_after", "entered", "left")
    assert counties == [tuple(row[name] for name in names) for row in foretold["by_county"]]
    assert min(foretold["entered"], foretold["left"]) > 0
    rules, categories = (
        dict(
            ask(
                home,
                f"SELECT {kind}, sum(firms_excluded) FROM mart_exclusions "
                f"WHERE batch_id = '{BATCH}' GROUP BY 1",
            )
        )
        for kind in ("rule_id", "category")
    )
    told = {row["rule_id"]: row for row in foretold["by_rule"]}
    assert {"Z02", "P01", "F03"} <= told.keys()
    assert [told[rule]["firms_after"] for rule in ("Z02", "P01")] == [rules[rule] for rule in ("Z02", "P01")]
    by_category = {row["category"]: row["firms_after"] for row in foretold["by_category"]}
    assert {"zombie", "out_of_scope"} <= by_category.keys()
    assert by_category.items() <= categories.items()


def check_version_2(home: Path, listed: list[tuple[Any, ...]]) -> None:
    """The batch is there once, as version 2; its difference from version 1 explains every firm."""
    assert ask(home, "SELECT batch_id, version FROM dim_batch ORDER BY ALL")[-1] == (BATCH, 2)
    assert ask(home, LISTED)[:2] == listed[:2]
    mart = "FROM mart_batch_diff WHERE comparison = 'correction'"
    [(entered, left, unexplained)] = ask(
        home,
        "SELECT count_if(change = 'entered'), count_if(change = 'left'), "
        f"count_if(change IN ('entered', 'left') AND reason_rule_id NOT IN {touched_rules()}) {mart}",
    )
    assert unexplained == 0
    [(now,)] = ask(home, f"SELECT count(*) FROM fact_visit_target WHERE batch_id = '{BATCH}'")
    assert now == listed[2][1] + entered - left
    assert ask(home, f"SELECT DISTINCT batch_id, version, against_batch_id, against_version {mart}") == [
        (BATCH, 2, BATCH, 1)
    ]


def touched_rules() -> tuple[str, ...]:
    """The rules whose limits were edited: two of their own, and all that are silent in grace."""
    declared = read_yaml(SCHEMA_FILE)["rules"]
    return ("Z02", "P01", *(rule for rule, known in declared.items() if "grace_m" in known["common"]))


def check_closed(home: Path, inbox: Path, rules: Path) -> None:
    """A closed batch takes no other version, and says so; nothing is made of it."""
    assert zoufang("close", "--home", home, "--batch", BATCH, "--why", "走访结束").status == 0
    assert states(home)[-1] == (2, "closed")
    assert "走访结束" in zoufang("history", "--home", home, "--batch", BATCH).out
    refused = run(inbox, home, MAR, "--scope", "enterprise")
    assert (refused.status, refused.out) == (2, "")
    assert f"batch {BATCH} is closed" in refused.err
    assert run(inbox, home, MAR, "--rules", str(rules)).status == 0  # the very same run: nothing to do
    unknown = zoufang("close", "--home", home, "--batch", "ZJ-209901-31")
    assert (unknown.status, "published: ZJ-202501-31" in unknown.err) == (2, True)


def test_a_rules_file_with_mistakes_is_refused(months: Path, edited: Path) -> None:
    text = edited.read_text(encoding="utf-8")
    line = 1 + text[: text.index("{years: 1}")].count("\n")
    for new, named in (
        ("{years: two}", f"edited.yml, line {line}: rule Z02: years is 'two', expected a whole number"),
        ("{year: 1}", f"edited.yml, line {line}: rule Z02: 'year' is unknown"),
        ("{}", "rule Z02: 'years' is missing"),
    ):
        edited.write_text(text.replace("{years: 1}", new), encoding="utf-8")
        ended = zoufang("what-if", "--home", months, "--batch", BATCH, "--rules", edited)
        assert (ended.status, ended.out) == (2, "")
        assert named in ended.err
        assert "copy" in ended.err
        assert "Traceback" not in ended.err
    edited.write_text(text.replace("- id: Z02", "- id: Z99"), encoding="utf-8")
    ended = zoufang("what-if", "--home", months, "--batch", BATCH, "--rules", edited)
    assert ended.status == 2
    assert "rule 'Z99' is unknown" in ended.err
    edited.write_text(text.replace("census_on: 2023-12-31", "census_on: 2018-12-31"), encoding="utf-8")
    ended = zoufang("what-if", "--home", months, "--batch", BATCH, "--rules", edited)
    assert (ended.status, "census_on differs" in ended.err) == (2, True)
