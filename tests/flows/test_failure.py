"""What a failure report says by kind of failure, and that it quotes no data."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun, State, StateType

from expectations.report import GateReport, GateResult
from flows.artifacts import gate_table
from flows.failure import at_step, report_text
from flows.steps_publish import GateFailedError, require_publishable
from reference.errors import InputProblem

DUE = datetime(2025, 3, 2, 19, tzinfo=UTC)
"""Monday the 3rd, 03:00 in Zhejiang."""
PHONE = "13957112345"


def flow_run(home: Path, **parameters: object) -> FlowRun:
    given = {"inbox": "in box", "home": str(home), **parameters}
    return FlowRun(
        id=uuid4(),
        flow_id=uuid4(),
        name="brisk-otter",
        parameters=given,
        expected_start_time=DUE,
        created=DUE,
    )


def failed(name: str = "Failed", kind: StateType = StateType.FAILED) -> State[object]:
    return State(type=kind, name=name, message="told by Prefect")


@pytest.mark.parametrize(
    ("fault", "told", "remedy"),
    [
        (InputProblem("registry/a.csv: no column 名称"), "registry/a.csv: no column 名称", "A failed run"),
        (OSError(28, "No space left on device", "lake/x"), "No space left on device: lake/x", "A full disk"),
        (TimeoutError("too long"), "told by Prefect", "longer than its limit"),
        (GateFailedError("uscc_valid"), "uscc_valid", "A gate blocks"),
    ],
)
def test_each_kind_has_its_error_and_its_remedy(
    tmp_path: Path, fault: Exception, told: str, remedy: str
) -> None:
    text = report_text("zoufang-run", flow_run(tmp_path), failed(), fault)
    assert told in text
    assert remedy in text


def test_an_unforeseen_error_is_told_by_kind_and_place_only(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=PHONE) as caught, at_step("batch 2025-03-02"), at_step("city-3301"):
        raise ValueError(f"could not parse {PHONE}")
    text = report_text("zoufang-run", flow_run(tmp_path), failed(), caught.value)
    assert PHONE not in text
    assert "ValueError; its text is in the log of the worker" in text
    assert "test_failure.py, line" in text
    assert "at step 失败步骤: city-3301 of batch 2025-03-02" in text


@pytest.mark.parametrize(
    ("name", "given", "command"),
    [
        ("zoufang-run", {"every": "week", "cities": ["3301", "3302"]},
         "--as-of 2025-03-02 --city 3301 --city 3302 --resume"),
        ("zoufang-run", {"as_of": "2025-01-31"}, "--as-of 2025-01-31 --resume"),
        ("zoufang-run", {}, "--as-of 2025-02-28 --resume"),
        ("zoufang-feedback", {}, "zoufang feedback --inbox 'in box' --home HOME --as-of 2025-03-03"),
        ("zoufang-backfill", {"since": "2025-01-01", "until": "2025-03-01", "rules": "r.yml"},
         "--from 2025-01-01 --to 2025-03-01 --rules r.yml"),
        ("zoufang-reconcile", {}, "prefect deployment run zoufang-reconcile/monthly"),
    ],
)  # fmt: skip
def test_the_command_does_what_the_run_was_due_to_do(
    tmp_path: Path, name: str, given: dict[str, object], command: str
) -> None:
    text = report_text(name, flow_run(tmp_path, **given), failed("Crashed", StateType.CRASHED), None)
    assert command.replace("HOME", str(tmp_path)) in text
    assert "A killed run" in text


def test_a_blocked_gate_is_shown_by_suite_and_verdict() -> None:
    rows = [
        GateResult("curated.enterprises", "uscc_valid", None, "failed", "3", 3, "error"),
        GateResult("curated.enterprises", "name_known", None, "failed", "1", 1, "warn"),
        GateResult("curated.enterprises", "key_unique", None, "passed", "0", 0, "error"),
        GateResult("staged.census", "rows", None, "errored", "", None, "error"),
    ]
    report = GateReport("run", rows, 0.0)
    with pytest.raises(RuntimeError):
        require_publishable(report)
    assert gate_table(report) == [
        {"suite": "curated.enterprises", "passed": 1, "warned": 1, "blocked": 1, "errored": 0,
         "not passed": "uscc_valid, name_known"},
        {"suite": "staged.census", "passed": 0, "warned": 0, "blocked": 0, "errored": 1,
         "not passed": "rows"},
    ]  # fmt: skip
