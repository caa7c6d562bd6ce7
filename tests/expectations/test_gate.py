"""Each gate passes on a clean batch and fires on its fault; broken checks are not failed data."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pytest
from gate_faults import Fault, plant, read_faults, read_rounds
from gate_makers import RUN, make_batch

from expectations import validate as validation
from expectations.checks import share
from expectations.gate import run_gate
from expectations.report import META_QUALITY, GateReport, meta_quality_path, quality_summary
from expectations.request import GateRequest
from reference.gates import SECOND_TIER, load_gates


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> GateRequest:
    return make_batch(tmp_path_factory.mktemp("clean batch 批次"), subjects=3000)


@pytest.fixture(scope="module")
def reported(clean: GateRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, GateReport]:
    """The folder of a run whose clean batch passed the gate, and what the gate said."""
    folder = tmp_path_factory.mktemp("reported")
    return folder, run_gate(replace(clean, folder=folder))


@pytest.fixture(scope="module")
def known(reported: tuple[Path, GateReport]) -> dict[str, dict[str, Any]]:
    """What was answered of the lake of that batch, by suite."""
    files = (reported[0] / "gate").glob("*.json")
    return {p.stem: json.loads(p.read_bytes()) for p in files if not p.name.startswith("candidate.")}


def fired(report: GateReport) -> set[str]:
    return {r.expectation.removesuffix(SECOND_TIER) for r in report.results if r.outcome != "passed"}


def test_a_clean_batch_passes(reported: tuple[Path, GateReport]) -> None:
    assert fired(reported[1]) == set(), quality_summary(reported[1])


@pytest.mark.parametrize("subjects", [1, 150, 1000])
def test_a_clean_batch_passes_whatever_its_size(tmp_path: Path, subjects: int) -> None:
    report = run_gate(make_batch(tmp_path, subjects))
    # One firm is a batch without exclusions only if it is no excluded one: the maker's first row is.
    expected = {"not_empty"} if subjects == 1 else set()
    assert fired(report) == expected, quality_summary(report)


@pytest.mark.parametrize("faults", read_rounds(), ids=lambda faults: "; ".join(map(str, faults)))
def test_planted_faults_fire_their_gates_and_no_other(
    clean: GateRequest, known: dict[str, dict[str, Any]], tmp_path: Path, faults: list[Fault]
) -> None:
    report = run_gate(plant(faults, clean, tmp_path, known))
    assert fired(report) == {gate for fault in faults for gate in fault.fires}, quality_summary(report)
    assert report.verdict == faults[0].verdict
    assert report.publishable == (report.verdict == "warned")


def test_every_gate_has_a_fault_that_fires_it() -> None:
    tried = {gate for fault in read_faults() for gate in fault.fires}
    assert tried == set(load_gates())


def test_shares_of_a_few_rows_are_not_judged(tmp_path: Path) -> None:
    lost = Fault("codes lost", "curated.enterprises", columns="null as uscc, 'missing' as uscc_check")
    report = run_gate(plant([lost], make_batch(tmp_path, 150), tmp_path / "planted"))
    assert report.verdict == "passed"
    assert any("too few rows" in r.observed for r in report.results if r.expectation == "uscc_filled")


def test_a_check_that_breaks_is_not_a_failure_of_the_data(
    clean: GateRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_suites(gates: object, request: GateRequest) -> dict[str, list[object]]:
        return {"staged.registry": share(load_gates()["uscc_filled"], "no_such_column > 0", "uscc")}

    monkeypatch.setattr(validation, "BUILDERS", (broken_suites,))
    report = run_gate(replace(clean, folder=tmp_path, candidate=None))
    assert report.verdict == "errored"
    assert not report.publishable
    assert "BROKEN" in quality_summary(report)
    assert "no_such_column" in quality_summary(report)
    assert pl.read_parquet(meta_quality_path(tmp_path))["success"].to_list() == [None, None]


def test_results_are_written_for_the_warehouse(reported: tuple[Path, GateReport]) -> None:
    folder, report = reported
    rows = pl.read_parquet(meta_quality_path(folder))
    assert rows.schema == META_QUALITY
    assert rows.height == len(report.results) > 100
    assert rows["run_id"].unique().to_list() == [RUN]
    assert not rows.drop("column_name", "unexpected_count").null_count().sum_horizontal().item()
    assert rows.select("suite", "expectation", "column_name").is_unique().all()
    assert {p.stem for p in (folder / "gate").glob("*.json")} == set(rows["suite"])
    assert not (folder / "gate" / "views.duckdb").exists()


def test_the_same_data_give_the_same_rows(
    clean: GateRequest, reported: tuple[Path, GateReport], tmp_path: Path
) -> None:
    assert run_gate(replace(clean, folder=tmp_path)).results == reported[1].results


def test_beside_a_lake_measured_anew_a_faulty_candidate_is_found_and_can_be_written_afterwards(
    clean: GateRequest, tmp_path: Path
) -> None:
    fault = next(fault for fault in read_faults() if fault.layer == "candidate")
    request = plant([fault], clean, tmp_path)
    assert fired(run_gate(request)) == set(fault.fires)
    with duckdb.connect(str(request.candidate)) as connection:
        connection.execute("create table written_after_the_gate as select 1 as one")


def test_nothing_leaves_the_machine_and_no_table_enters_pandas(
    clean: GateRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(what: str) -> Callable[..., None]:
        def fail(*args: object, **kwargs: object) -> None:
            raise AssertionError(what)

        return fail

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse("network"))
    monkeypatch.setattr(socket, "getaddrinfo", refuse("name lookup"))
    monkeypatch.setattr(pd.DataFrame, "__init__", refuse("pandas"))
    report = run_gate(replace(clean, folder=tmp_path, data_docs=True))
    assert report.verdict == "passed", quality_summary(report)
    assert (tmp_path / "data_docs" / "index.html").exists()
    assert capsys.readouterr().out == ""


def test_warming_up_imports_the_library_and_asks_nobody() -> None:
    """In a process of its own: what a library does when it is imported, it does once."""
    said_already = ("GX_ANALYTICS_ENABLED", "DO_NOT_TRACK")
    asking = {name: value for name, value in os.environ.items() if name not in said_already}
    alone = subprocess.run(
        [sys.executable, "-c", WARMING_UP], env=asking, capture_output=True, text=True, check=False
    )
    assert alone.returncode == 0, alone.stderr


WARMING_UP = """
import os, socket, sys

asked = []

def refuse(*arguments, **options):
    asked.append(arguments)
    raise OSError("nothing leaves the machine")

for name in ("connect", "connect_ex", "sendto"):
    setattr(socket.socket, name, refuse)
socket.getaddrinfo = refuse

from expectations.gate import warm_up

assert "great_expectations" not in sys.modules, "imported before anybody waits for it"
warm_up().join()
assert "great_expectations" in sys.modules
assert os.environ["GX_ANALYTICS_ENABLED"] == "false"
assert not asked, asked
"""
