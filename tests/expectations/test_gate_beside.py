"""The lake is measured while the candidate is built; what is found, and what is shown, is as in one go."""

import errno
import json
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from gate_makers import make_batch

from expectations import gate as gates
from expectations import validate as validation
from expectations.gate import Gate, run_gate
from expectations.report import GateReport, meta_quality_path
from expectations.request import GateRequest
from flows.known_bytes import hash_file

WAIT = 120
"""Seconds after which something hangs, on the busiest machine."""


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> GateRequest:
    made = make_batch(tmp_path_factory.mktemp("batch"), subjects=150)
    return replace(made, content=hash_file, data_docs=True)


class Watched:
    """Which suites the library ran, and in which thread; `held` is called before each."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.suites: list[tuple[str, str]] = []
        self.begun = threading.Event()
        self.lake_done = threading.Event()
        self.held: Callable[[], object] = lambda: None
        self._run, self._close = validation._run_suite, validation.Ahead.close
        monkeypatch.setattr(validation, "_run_suite", self._watch_suite)

        def close(ahead: validation.Ahead) -> object:
            return self._watch_end(ahead)

        monkeypatch.setattr(validation.Ahead, "close", close)

    def _watch_suite(self, context: object, batch: object, name: str, *others: object) -> object:
        self.suites.append((name, threading.current_thread().name.partition("_")[0]))
        self.begun.set()
        self.held()
        return self._run(context, batch, name, *others)  # type: ignore[arg-type]

    def _watch_end(self, ahead: validation.Ahead) -> object:
        tallies = self._close(ahead)
        self.lake_done.set()
        return tallies


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(monkeypatch)


def told(folder: Path, report: GateReport) -> tuple[object, ...]:
    """Return all that a gate leaves, without the names and times that the library draws for each run."""
    documents = {p.name: json.loads(p.read_text()) for p in (folder / "gate").glob("*.json")}
    for answer in (answer for document in documents.values() for answer in document["results"]):
        del answer["expectation_config"]["id"]
    pages = folder / "data_docs" / "validations"
    return (
        report.results,
        report.tallies,
        {name: document["results"] for name, document in documents.items()},
        meta_quality_path(folder).read_bytes(),
        sorted(page.relative_to(pages).parts[0] for page in pages.rglob("*.html")),
    )


def at_work() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith("gate-")]


def test_the_lake_is_measured_while_the_candidate_is_built_and_all_is_as_in_one_go(
    clean: GateRequest, tmp_path: Path, watched: Watched
) -> None:
    once = replace(clean, folder=tmp_path / "once")
    expected = told(once.folder, run_gate(once))
    in_one_go, watched.suites = watched.suites, []
    watched.lake_done.clear()
    beside = replace(clean, folder=tmp_path / "beside", candidate=tmp_path / "candidate.duckdb")
    assert clean.candidate is not None
    with Gate(beside) as gate:
        assert watched.lake_done.wait(WAIT), "the lake waits for the candidate"
        assert watched.suites
        shutil.copyfile(clean.candidate, tmp_path / "candidate.duckdb")
        report = gate.finish()
    assert told(beside.folder, report) == expected
    assert watched.suites == in_one_go
    assert {suite for suite, thread in watched.suites if thread != "gate-lake"} == {
        suite for suite, _ in watched.suites if suite.startswith("candidate.")
    }
    assert not at_work()


def test_what_is_known_of_the_lake_is_not_asked_again_and_stands_in_its_place(
    clean: GateRequest, tmp_path: Path, watched: Watched
) -> None:
    first = replace(clean, folder=tmp_path / "first")
    expected = told(first.folder, run_gate(first))
    known = json.loads((first.folder / "gate" / "staged.registry.json").read_text())
    watched.suites.clear()
    again = replace(clean, folder=tmp_path / "again", known={"staged.registry": known})
    assert told(again.folder, run_gate(again))[2:] == expected[2:]
    assert "staged.registry" not in dict(watched.suites)


def test_the_seconds_are_those_of_both_parts(clean: GateRequest, tmp_path: Path, watched: Watched) -> None:
    slow = iter([0.3])
    watched.held = lambda: threading.Event().wait(next(slow, 0))
    with Gate(replace(clean, folder=tmp_path)) as gate:
        assert watched.lake_done.wait(WAIT)
        assert gate.finish().seconds > 0.3


@pytest.mark.parametrize("fault", [ValueError("no candidate"), KeyboardInterrupt("no candidate")])
def test_a_build_that_fails_ends_the_gate_at_once_and_is_what_is_shown(
    clean: GateRequest, tmp_path: Path, watched: Watched, fault: BaseException
) -> None:
    failed = threading.Event()
    watched.held = lambda: failed.wait(WAIT)
    gate = Gate(replace(clean, folder=tmp_path))
    # The suite under way goes on no sooner than the gate is told to stop.
    stop = gate._stopped.set
    gate._stopped.set = lambda: (stop(), failed.set())  # type: ignore[method-assign, assignment]
    assert watched.begun.wait(WAIT)
    with pytest.raises(type(fault), match="no candidate"), gate:
        raise fault
    assert len(watched.suites) == 1
    assert not at_work()
    assert not meta_quality_path(tmp_path).exists()


def test_what_breaks_in_the_thread_is_raised_by_who_waits_for_it_and_hides_no_other_fault(
    clean: GateRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(gates, "_make_views", full)
    with pytest.raises(OSError, match="No space left"), Gate(replace(clean, folder=tmp_path)) as gate:
        gate.finish()
    with pytest.raises(ValueError, match="of the build"), Gate(replace(clean, folder=tmp_path)):
        raise ValueError("of the build")
    assert not at_work()
