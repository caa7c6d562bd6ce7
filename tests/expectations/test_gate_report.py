"""The verdict, the page a person reads, and the gate table itself; none of it loads the heavy library."""

from pathlib import Path

import pytest

from expectations.report import (
    GateReport,
    GateResult,
    Outcome,
    meta_quality_path,
    quality_summary,
    read_report,
)
from reference.errors import InputProblem
from reference.gates import Severity, load_gates


def result(outcome: Outcome, severity: Severity = "error", gate: str = "uscc_filled") -> GateResult:
    return GateResult("curated.enterprises", gate, "uscc", outcome, "0.9 (of 500 rows)", 1, severity)


@pytest.mark.parametrize(
    ("results", "verdict", "publishable"),
    [
        ([result("passed")], "passed", True),
        ([result("passed"), result("failed", "warn")], "warned", True),
        ([result("failed", "warn"), result("failed", "error")], "blocked", False),
        ([result("failed", "error"), result("errored", "warn")], "errored", False),
    ],
)
def test_warn_publishes_error_blocks_and_a_broken_check_stops(
    results: list[GateResult], verdict: str, publishable: bool
) -> None:
    report = GateReport("r", results, 0.0)
    assert report.verdict == verdict
    assert report.publishable == publishable


def test_a_report_is_read_back_as_written(tmp_path: Path) -> None:
    outcomes: list[Outcome] = ["passed", "failed", "errored"]
    report = GateReport(tmp_path.name, [result(o) for o in outcomes], 0.0)
    meta_quality_path(tmp_path).parent.mkdir()
    report.frame().write_parquet(meta_quality_path(tmp_path))
    assert read_report(tmp_path) == report


def test_a_run_that_was_never_gated_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputProblem, match=tmp_path.name):
        read_report(tmp_path)


def test_the_summary_says_what_was_measured_what_is_allowed_and_what_to_do() -> None:
    text = quality_summary(GateReport("r", [result("passed"), result("failed", "error")], 0.0))
    gate = load_gates()["uscc_filled"]
    assert "BLOCKED" in text.splitlines()[0]
    for expected in (gate.zh, gate.remedy, "0.9 (of 500 rows)", "≥ 0.95", "curated.enterprises [uscc]"):
        assert expected in text


def test_errors_stand_before_warnings_in_the_summary() -> None:
    warned, failed = result("failed", "warn", "status_known"), result("failed", "error", "uscc_valid")
    text = quality_summary(GateReport("r", [warned, failed], 0.0))
    assert text.index("uscc_valid") < text.index("status_known")


def test_every_gate_explains_itself_and_warns_no_later_than_it_blocks() -> None:
    for gate in load_gates().values():
        assert gate.zh, gate.id
        assert gate.means, gate.id
        assert gate.source, gate.id
        assert len(gate.remedy) > 20, gate.id
        if len(gate.tiers) == 2:
            error, warn = gate.tiers
            assert warn.min is None or error.min is None or warn.min > error.min, gate.id
            assert warn.max is None or error.max is None or warn.max < error.max, gate.id


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{id: a, zh: x, means: x, source: x, remedy: x}", "no error/warn tier"),
        ("{id: a, zh: x, means: x, source: x, remedy: x, error: {}, sevrity: x}", "sevrity"),
    ],
)
def test_a_gate_table_with_a_slip_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "gates.yml"
    path.write_text(f"gates:\n- {text}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        load_gates(path)


def test_a_gate_named_twice_is_refused(tmp_path: Path) -> None:
    entry = "- {id: a, zh: x, means: x, source: x, remedy: x, error: {}}\n"
    (tmp_path / "gates.yml").write_text("gates:\n" + entry * 2, encoding="utf-8")
    with pytest.raises(ValueError, match="twice"):
        load_gates(tmp_path / "gates.yml")
