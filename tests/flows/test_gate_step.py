"""The run's side of a gate that begins before its candidate: which step a failure is of, what is left."""

import errno
import os
import threading
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from expectations import gate as gates
from flows import run as runs
from flows.batches import Pointer
from flows.compute import Computed
from flows.home import Home
from flows.planned import Run
from flows.run_report import Reached
from flows.settings import Settings
from flows.steps_publish import gate_step
from warehouse.build import BatchRecord, BuildReport

DAY, RUN = date(2025, 3, 31), "20250331-aaaaaaaaaaaa"


@pytest.fixture
def reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reached:
    """A run at its gate, without Prefect, whose build writes an empty candidate."""
    settings = Settings(tmp_path / "inbox", Home(tmp_path / "home"), DAY)
    record = BatchRecord(settings.batch_id, DAY, RUN, "c", "r", "d", "i", datetime.now(UTC), settings.scope)

    def build(*_: object) -> BuildReport:
        candidate = settings.home.run(RUN) / "candidate.duckdb"
        candidate.parent.mkdir(parents=True, exist_ok=True)
        duckdb.connect(str(candidate)).close()
        return BuildReport(candidate, {}, 0, 0.0)

    monkeypatch.setattr(runs, "build_task", build)
    monkeypatch.setattr(runs, "gate_task", gate_step)
    run = Run(settings, RUN, "versions", "returned")
    return Reached(run, Pointer(record, ()), (), Computed({}, ()), pl.DataFrame())


def steps(reached: Reached) -> dict[str, str]:
    return {step.step: step.how for step in reached.run.clock.ended}


def at_work() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith("gate-")]


def test_a_failed_build_is_the_fault_that_is_shown(reached: Reached, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(runs, "build_task", full)
    monkeypatch.setattr(gates, "_make_views", lambda *_: 1 / 0)
    with pytest.raises(OSError, match="No space left") as caught:
        runs._gate(reached)
    assert caught.value.__notes__ == ["at step build"]
    assert steps(reached) == {"build": "failed"}
    assert not at_work()


def test_a_full_disk_met_by_the_lake_s_part_is_one_of_the_gate(
    reached: Reached, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise duckdb.IOException(f"Could not write file: {os.strerror(errno.ENOSPC)}")

    monkeypatch.setattr(gates, "_make_views", full)
    with pytest.raises(OSError, match="No space left") as caught:
        runs._gate(reached)
    assert caught.value.__notes__ == ["at step gate"]
    assert steps(reached) == {"build": "made", "gate": "failed"}
    assert not at_work()


def test_data_that_fail_are_reported_as_blocked(reached: Reached, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr(runs, "gate_artifacts", told.append)
    monkeypatch.setattr(runs, "_report", lambda *given: told.append(given[1]))
    with pytest.raises(runs.GateFailedError, match="the table does not exist") as caught:
        runs._gate(reached)
    assert told == ["blocked", reached.run.folder]
    assert caught.value.__notes__ == ["at step gate"]
    assert not at_work()
