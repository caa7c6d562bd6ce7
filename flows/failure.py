"""What a failed run leaves for the person on call: what failed, at which step, why, what to do, how to go on.

Here: `home/failures/<day>-<flow>-<run>.md`, the same text on the run's page, and steps named on the way.
Texts of our own errors are shown as they stand; of an unforeseen one only its kind and place, because what
a library quotes may be a row of data.  Not here: retries (tasks.py), exit statuses (cli/).
"""

import os
import shlex
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactCreate
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import ParameterTypeError

from flows.faults import os_fault
from flows.home import Home
from flows.periods import period_end_before
from flows.reconcile import ReconcileError
from flows.schedule import ZONE
from flows.steps_publish import GateFailedError
from reference.errors import GUIDE, EnvironmentProblem, InputProblem

_STEP = "at step "
_OURS = (InputProblem, EnvironmentProblem, GateFailedError, ReconcileError, ParameterTypeError)
_COMMON = {"--inbox": "inbox", "--home": "home"}
_CREW = {"--runner": "runner", "--lake": "lake", "--workers": "workers", "--dask-address": "dask_address"}
_RULED = {"--rules": "rules", **_CREW}
_OPTIONS = {
    "run": {**_COMMON, "--as-of": "as_of", "--city": "cities", "--scope": "scope", **_RULED},
    "backfill": {**_COMMON, "--from": "since", "--to": "until", "--every": "every", **_RULED},
    "feedback": {**_COMMON, "--as-of": "as_of"},
}
"""The command line's options by verb, and the parameters they stand for."""


@contextmanager
def at_step(name: str) -> Iterator[None]:
    """Let a failure inside say which step it came from; faults of the machine become OSError."""
    try:
        yield
    except Exception as fault:
        told = os_fault(fault) or fault
        told.add_note(f"{_STEP}{name}")
        if told is fault:
            raise
        raise told from fault


def leave_report(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Write the report of a run that failed or crashed; a hook, for runs that a deployment started.

    A person at a terminal has the message already, and a run inside another is reported by the outer one.
    """
    if flow_run.deployment_id is None:
        return
    text = report_text(flow.name, flow_run, state, _fault(state))
    artifact = ArtifactCreate(
        key="zoufang-failure", type="markdown", data=text, description="失败报告", flow_run_id=flow_run.id
    )
    try:
        print(f"report of the failure: {_write(flow.name, flow_run, text)}", file=sys.stderr)
    finally:  # a full disk must not keep the page from telling
        with get_client(sync_client=True) as client:
            client.create_artifact(artifact)


def report_text(name: str, flow_run: FlowRun, state: State[Any], fault: BaseException | None) -> str:
    """Return the report as Markdown."""
    steps = [n.removeprefix(_STEP) for n in getattr(fault, "__notes__", []) if n.startswith(_STEP)]
    finished = _finished_steps(flow_run)
    unknown = "after the last finished one" if finished else "before the first step was done"
    lines = [
        f"# {name} failed 运行失败: {flow_run.name}",
        f"- state 状态: {state.name} at {state.timestamp.astimezone(ZONE):%Y-%m-%d %H:%M:%S} (Asia/Shanghai)",
        f"- failed at step 失败步骤: {' of '.join(steps) or unknown}",
        f"- finished before 已完成: {', '.join(finished) or 'none'}",
        f"- flow run: {flow_run.id}",
        "",
        "## Error 错误",
        "```",
        _error(state, fault),
        "```",
        "## To do 处理",
        _remedy(state, fault),
        "",
        "## Go on 继续",
        "```",
        *_commands(name, flow_run),
        "```",
    ]
    return "\n".join(lines) + "\n"


def _fault(state: State[Any]) -> BaseException | None:
    if state.is_crashed():
        return None
    found = state.result(raise_on_failure=False)
    return found if isinstance(found, BaseException) else None


def _error(state: State[Any], fault: BaseException | None) -> str:
    if fault is None or isinstance(fault, TimeoutError):
        return str(state.message)
    if isinstance(fault, _OURS):
        return str(fault)
    if isinstance(fault, OSError):
        return f"{fault.strerror or type(fault).__name__}: {fault.filename or ''}"
    places = [
        f"  {Path(f.filename).name}, line {f.lineno}, in {f.name}"
        for f in traceback.extract_tb(fault.__traceback__)
    ]
    return "\n".join([f"{type(fault).__name__}; its text is in the log of the worker", *places[-4:]])


def _remedy(state: State[Any], fault: BaseException | None) -> str:
    if state.is_crashed() or fault is None:
        told = "The process was ended from outside: killed, no memory, a restart ({0}, A killed run)."
    elif isinstance(fault, TimeoutError):
        told = "It took longer than its limit. Look what holds the disk or the processors, then go on ({0})."
    elif isinstance(fault, GateFailedError):
        told = (
            "Nothing was published; BI reads the batch before. Do what stands at each failed check, "
            "then go on ({0}, A gate blocks)."
        )
    elif isinstance(fault, ReconcileError):
        told = "Do not pass these figures on. Roll back, or make the batch again ({0}, Headlines are off)."
    elif isinstance(fault, (InputProblem, ParameterTypeError)):
        told = "Mend the file or the parameter that the error names, then go on ({0}, A failed run)."
    elif isinstance(fault, (EnvironmentProblem, OSError)):
        told = "The machine stands in the way: disk, permission or another run ({0}, A full disk)."
    else:
        told = "A fault of the program. Keep the run's folder and the worker's log and report both ({0})."
    return told.format(GUIDE)


def _finished_steps(flow_run: FlowRun) -> list[str]:
    """Return the steps recorded since this run began, in their order; one run at a time holds a home."""
    # Of a killed run the worker knows when it was asked for, not when it began.
    began = (flow_run.start_time or flow_run.created or datetime.now(UTC)).timestamp()
    files = {path: path.stat().st_mtime for path in _home(flow_run).runs.glob("*/steps/*.json")}
    own = sorted((path for path, at in files.items() if at >= began), key=files.__getitem__)
    return [path.stem for path in own if path.parent == own[-1].parent]


def _commands(name: str, flow_run: FlowRun) -> list[str]:
    """Return what takes up the work where it stopped, for a shell in the folder of the checkout."""
    given, verb = flow_run.parameters, name.removeprefix("zoufang-")
    if verb == "reconcile":
        return [".venv/bin/prefect deployment run zoufang-reconcile/monthly --watch"]
    words = [".venv/bin/zoufang", verb]
    for option, key in _OPTIONS[verb].items():
        value = _as_of(verb, flow_run) if key == "as_of" else given.get(key)
        for one in value if isinstance(value, list) else [value]:
            words += [option, str(one)] if one is not None else []
    return [shlex.join([*words, "--resume"] if verb == "run" else words)]


def _as_of(verb: str, flow_run: FlowRun) -> str:
    """Return the batch date as the flow takes it: given, or from the day it was due."""
    given: Mapping[str, Any] = flow_run.parameters
    due = (flow_run.expected_start_time or datetime.now(UTC)).astimezone(ZONE).date()
    return str(
        given.get("as_of")
        or (due if verb == "feedback" else period_end_before(due, given.get("every") or "month"))
    )


def _home(flow_run: FlowRun) -> Home:
    return Home(Path(str(flow_run.parameters.get("home") or ".")).resolve())


def _write(name: str, flow_run: FlowRun, text: str) -> Path:
    folder = _home(flow_run).failures
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{datetime.now(ZONE):%Y%m%d-%H%M%S}-{name}-{str(flow_run.id)[:8]}.md"
    handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o640)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return path
