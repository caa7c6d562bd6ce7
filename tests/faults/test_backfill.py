"""Backfill, and what a person asks a home with several batches: explain, gate, history, rollback."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from verbs import LISTED_ON, MONTHS, run, zoufang

from bench.faults.compare import batches, contents, curated
from flows.batches import batch_files, read_pointers
from flows.home import Home
from warehouse.publish import published_file
from warehouse.read import opened

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("runs")]
JAN, FEB, MAR = MONTHS


def ask(home: Path, query: str) -> list[tuple[Any, ...]]:
    with opened(published_file(home)) as con:
        return con.execute(query).fetchall()


def test_a_killed_backfill_gives_what_single_runs_give(months: Path, single_runs: Path) -> None:
    assert batches(published_file(months)) == [JAN, FEB, MAR]
    assert curated(months) == curated(single_runs)
    assert contents(published_file(months)) == contents(published_file(single_runs))


def test_each_month_is_judged_by_what_had_happened_by_then(months: Path) -> None:
    """A firm listed in mid-February is a target of January's batch and excluded from February's on."""
    on_list = {
        month: {
            row[0] for row in ask(months, f"SELECT uscc FROM fact_visit_target WHERE batch_id = '{month}'")
        }
        for month in ("ZJ-202501-31", "ZJ-202502-28", "ZJ-202503-31")
    }
    listed = {
        month: {
            row[0]
            for row in ask(
                months,
                f"SELECT uscc FROM fact_exclusion WHERE batch_id = '{month}'"
                f" AND rule_id = 'D01' AND evidence LIKE '%\"listed_on\":\"{LISTED_ON}\"%'",
            )
        }
        for month in on_list
    }
    january, february, march = on_list
    assert len(on_list[january] & listed[february]) >= 10
    assert listed[january] == set()
    assert listed[february] == listed[march]
    assert on_list[february] & listed[february] == set()


def test_what_follows_from_the_census_alone_is_made_for_the_first_month(single_runs: Path) -> None:
    how = []
    for month in ("ZJ-202501-31", "ZJ-202502-28"):
        report = json.loads(zoufang("report", "--home", single_runs, "--batch", month, "--json").out)
        how += [step["how"] for step in report["durations"]["steps"] if step["step"] in ("census", "link")]
    assert how == ["made", "made", "linked", "made"]


def test_explain_a_target_an_excluded_firm_and_an_unknown_one(months: Path) -> None:
    target = ask(months, "SELECT min(uscc) FROM fact_visit_target WHERE batch_id = 'ZJ-202503-31'")[0][0]
    excluded, rule = ask(
        months,
        "SELECT uscc, rule_id FROM fact_exclusion WHERE batch_id = 'ZJ-202503-31' AND category = 'zombie'"
        " AND uscc NOT IN (SELECT uscc FROM fact_visit_target WHERE batch_id = 'ZJ-202503-31')"
        " ORDER BY ALL LIMIT 1",
    )[0]
    on_list = json.loads(zoufang("screen", "--explain", target, "--home", months, "--json").out)
    assert (on_list["disposition"], on_list["batch_id"]) == ("target", "ZJ-202503-31")
    off_list = json.loads(zoufang("screen", "--explain", excluded, "--home", months, "--json").out)
    assert off_list["disposition"] == "excluded"
    hit = [entry for entry in off_list["rules"] if entry["rule_id"] == rule]
    assert len(hit) == 1
    assert rule in zoufang("screen", "--explain", excluded, "--home", months).out

    unknown = zoufang("screen", "--explain", "91330000000000000X", "--home", months)
    assert (unknown.status, unknown.out) == (2, "")
    assert "91330000000000000X: no such firm in batch ZJ-202503-31" in unknown.err
    wrong_batch = zoufang("screen", "--explain", target, "--home", months, "--batch", "ZJ-209901-31")
    assert wrong_batch.status == 2
    assert "published: ZJ-202501-31, ZJ-202502-28, ZJ-202503-31" in wrong_batch.err


def test_gate_and_history_tell_what_was_published(months: Path) -> None:
    shown = zoufang("gate", "--home", months)
    assert shown.status == 0, shown.err
    assert {"suite", "severity"} <= json.loads(zoufang("gate", "--home", months, "--json").out)[0].keys()
    lines = zoufang("history", "--home", months).out.splitlines()[:3]
    assert [line.split()[-5] for line in lines] == ["ZJ-202503-31", "ZJ-202502-28", "ZJ-202501-31"]
    assert [line.split()[-2:] for line in lines] == [["v1", "published"]] * 3
    assert [line.startswith("*") for line in lines] == [True, False, False]
    kept = json.loads(zoufang("history", "--home", months, "--json").out)
    assert [version["is_current"] for version in kept] == [True, False, False]
    for version in kept:
        assert [step["state"] for step in version["journal"]][-3:] == ["draft", "gated", "published"]
        assert all(step["by"] and step["at"] and step["why"] for step in version["journal"])


def test_what_was_rolled_back_does_not_come_back_with_the_next_run(copied: Path, extracts: Path) -> None:
    first = read_pointers(Home(copied))[-1]
    back = zoufang("rollback", "--home", copied, "--to", "ZJ-202501-31")
    assert (back.status, batches(published_file(copied)), pointers(copied)) == (0, [JAN], [JAN])

    following = run(extracts, copied, MAR, "--scope", "enterprise")
    assert following.status == 0, following.err
    assert batches(published_file(copied)) == pointers(copied) == [JAN, MAR]
    assert read_pointers(Home(copied))[-1].record.run_id != first.record.run_id

    forward = zoufang("rollback", "--home", copied, "--to", first.record.run_id)
    assert (forward.status, batches(published_file(copied))) == (0, [JAN, FEB, MAR])
    assert read_pointers(Home(copied))[-1] == first
    assert missing(copied) == []
    assert "published already" in run(extracts, copied, MAR, "--resume").err


def test_later_builds_need_nothing_of_the_folder_that_a_fresh_start_empties(copied: Path) -> None:
    shutil.rmtree(Home(copied).runs)
    assert missing(copied) == []


def missing(home: Path) -> list[Path]:
    """Return the files that the next build would look for in vain."""
    files = [batch_files(Home(home), pointer) for pointer in read_pointers(Home(home))]
    named = [
        p for f in files for p in (*f.enterprises, *f.rule_hits, *f.visit_targets, *f.account, *f.quality)
    ]
    assert named
    return [path for path in named if not path.exists()]


def pointers(home: Path) -> list[str]:
    return [str(pointer.record.as_of) for pointer in read_pointers(Home(home))]
