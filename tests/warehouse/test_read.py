"""The fixed questions of the command line, and the messages when the file cannot be asked."""

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from warehouse_makers import make_batch, record_of, write_table

from reference.errors import EnvironmentProblem, InputProblem
from warehouse import read
from warehouse.candidate import add_quality
from warehouse.schema import read_sql

JAN, MAR = date(2025, 1, 31), date(2025, 3, 31)


@pytest.fixture
def file(tmp_path: Path, build: Callable[..., Path]) -> Path:
    kept = {"subject_key": "A", "uscc": "A", "name": "甲", "division_code": "330106001000"}
    reason = {"reason_zh": "因", "reason_en": "why", "evidence": "{}"}
    hits = [{"subject_key": "A", "rule_id": rule, "category": "closed"} | reason for rule in ("C01", "C03")]
    excluded = kept | {"disposition": "excluded", "primary_rule": "C03"}
    path = build(make_batch(tmp_path, JAN, [kept]), make_batch(tmp_path, MAR, [excluded], hits))
    failed = {
        "run_id": record_of(MAR).run_id,
        "suite": "candidate",
        "expectation": "share",
        "severity": "warn",
    }
    rows = [failed | {"success": True, "expectation": "key"}, failed | {"success": False}]
    add_quality(path, write_table(tmp_path / "quality.parquet", "quality", rows))
    return path


def test_questions_answer_for_the_newest_batch_unless_one_is_named(file: Path) -> None:
    assert [row["batch_id"] for row in read.read_batches(file)] == ["ZJ-202503-31", "ZJ-202501-31"]
    assert [(r["region"], r["targets"], r["excluded"]) for r in read.read_headlines(file)] == [
        ("province", 0, 1),
        ("province_excl_ningbo", 0, 1),
    ]
    assert read.read_headlines(file, "ZJ-202501-31")[0]["targets"] == 1
    assert [(row["rule_id"], row["firms_excluded"]) for row in read.read_exclusions(file)] == [
        ("C03", 1),
        ("C01", 0),
    ]
    assert [row["city_name"] for row in read.read_progress(file)] == ["杭州市", "宁波市"]
    assert read.read_account(file)[0]["rows_in"] == 1
    assert [(row["expectation"], row["success"]) for row in read.read_quality(file)] == [
        ("share", False),
        ("key", True),
    ]
    assert read.read_placement(file) == []
    assert read.read_placement(file, "ZJ-202501-31")[0]["targets"] == 1


def test_a_firm_is_told_batch_by_batch_newest_first(file: Path) -> None:
    found = read.read_firm(file, "A")
    assert [(row["batch_id"], row["is_target"], row["exclusions"]) for row in found] == [
        ("ZJ-202503-31", False, ["C03 因", "C01 因"]),
        ("ZJ-202501-31", True, None),
    ]
    assert read.read_firm(file, "B") == []


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputProblem, match="publish a batch first"):
        read.read_batches(tmp_path / "zoufang.duckdb")


WRITER = (
    "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.readline()"
)


def test_a_file_held_by_a_writer_is_an_environment_problem(file: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
        with pytest.raises(EnvironmentProblem, match="cannot be opened"):
            read.read_batches(file)
        writer.communicate("\n", timeout=60)


def test_a_batch_is_compared_with_the_newest_earlier_one_of_its_scope_and_cities(
    tmp_path: Path, build: Callable[..., Path]
) -> None:
    days = [date(2025, month, 28) for month in range(1, 7)]
    made = [make_batch(tmp_path, day, [], cities=("3302",) if day.month == 4 else ()) for day in days]
    made[2] = replace(made[2], record=replace(made[2].record, scope="all"))
    path = build(*made)
    before = [read.read_batch_before(path, batch.record.batch_id) for batch in made]
    assert [row and row["as_of"].month for row in before] == [None, 1, None, None, 2, 5]
    assert before[1] == {"batch_id": "ZJ-202501-28", "run_id": "20250128-aaaaaaaaaaaa", "version": 1,
                         "as_of": days[0]}  # fmt: skip


@pytest.mark.parametrize("query", ["batch_before", "county_counts", "county_exclusions", "account"])
def test_comparing_two_batches_reads_sums_and_no_firms(file: Path, query: str) -> None:
    """What makes it take as long for eleven million firms as for one."""
    with read.opened(file) as con:
        asked = {"batch_id": "ZJ-202503-31"}
        plan = str(con.execute(f"EXPLAIN {read_sql('ask', query)}", asked).fetchall())
    assert re.search("dim_batch|agg_exclusion", plan)
    assert not re.search("fact_|dim_enterprise", plan)


def test_counts_by_county_are_those_of_one_batch(file: Path) -> None:
    county = {"city_code": "330100", "county_code": "330106"}
    [found] = [row for row in read.read_county_counts(file, "ZJ-202501-31") if row["targets"]]
    assert found == county | {"targets": 1, "placed_targets": 1, "excluded": 0}
    [found] = [row for row in read.read_county_counts(file, "ZJ-202503-31") if row["excluded"]]
    assert found == county | {"targets": 0, "placed_targets": 0, "excluded": 1}
    assert read.read_county_exclusions(file, "ZJ-202501-31") == []
    [found] = read.read_county_exclusions(file, "ZJ-202503-31")
    assert found == county | {"category": "closed", "excluded": 1}
