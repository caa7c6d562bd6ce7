"""What the page of a run shows in the Prefect UI: progress, rows by source, gate results by verdict.

Here: figures as artifacts, none of which names a firm or a person.  Not here: the figures (summary.py).
"""

import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from expectations.report import GateReport, meta_quality_path, read_report
from flows.summary import markdown_summary

TELL_SECONDS = 1.0


class Progress:
    """A bar on the page of the run, moved on by each step that is done, of as many as are known to come."""

    def __init__(self, batch_id: str, steps: int) -> None:
        self._batch, self._steps, self._done = batch_id, steps, 0
        self._lock, self._told = threading.Lock(), time.monotonic()
        bar = create_progress_artifact(0.0, key="zoufang-progress", description=f"批次 {batch_id}: begun")
        assert isinstance(bar, UUID)  # a coroutine only where a flow is one
        self._bar = bar

    def expect(self, steps: int) -> None:
        """Say that more steps will come."""
        with self._lock:
            self._steps += steps

    def done(self, step: str) -> None:
        """Count a step; the server is told at most once a second, and of the last one."""
        with self._lock:
            self._done = min(self._done + 1, self._steps)
            if time.monotonic() - self._told < TELL_SECONDS and self._done < self._steps:
                return
            share, self._told = 100.0 * self._done / self._steps, time.monotonic()
            update_progress_artifact(self._bar, share, f"批次 {self._batch}: {step} done")


def summary_artifacts(summary: Mapping[str, Any]) -> None:
    """Show the summary of a batch, and where the rows of each source ended."""
    text = f"批次 {summary['batch_id']}"
    create_markdown_artifact(markdown_summary(dict(summary)), key="zoufang-run", description=text)
    create_table_artifact(
        list(summary["account"]),
        key="zoufang-row-account",
        description=f"{text}: 行数平衡, the five columns on the right sum to rows_in",
    )


def gate_artifacts(run_folder: Path) -> None:
    """Show what a run's gate found, by suite and verdict, and where Data Docs lie; nothing before a gate."""
    if not meta_quality_path(run_folder).exists():
        return
    report = read_report(run_folder)
    docs = run_folder / "data_docs" / "index.html"
    told = f"质量门 {report.verdict}: checks by suite; every one in [Data Docs]({docs.as_uri()})"
    create_table_artifact(gate_table(report), key="zoufang-gate", description=told)
    create_link_artifact(docs.as_uri(), "Data Docs", key="zoufang-data-docs", description=str(docs))


def report_artifact(report: Mapping[str, Any], page: Path) -> None:
    """Show where the report of the run lies, and how many alerts it has."""
    told = f"运行报告: {len(report['drift']['alerts'])} alerts 预警 ({page})"
    create_link_artifact(page.as_uri(), "Run report 运行报告", key="zoufang-report", description=told)


def gate_table(report: GateReport) -> list[dict[str, Any]]:
    """Return one row per suite: suite, passed, warned, blocked, errored, names of what did not pass."""
    return [_suite_row(suite, report) for suite in dict.fromkeys(r.suite for r in report.results)]


def _suite_row(suite: str, report: GateReport) -> dict[str, Any]:
    own = [r for r in report.results if r.suite == suite]
    kinds = [
        r.outcome if r.outcome != "failed" else "blocked" if r.severity == "error" else "warned" for r in own
    ]
    counts = Counter(kinds)
    told = dict.fromkeys(r.expectation for r in own if r.outcome != "passed")
    return {
        "suite": suite,
        **{kind: counts[kind] for kind in ("passed", "warned", "blocked", "errored")},
        "not passed": ", ".join(told),
    }


def reconcile_artifact(rows: Sequence[Mapping[str, Any]]) -> None:
    """Show the headline figures beside those counted anew."""
    table = [{name: str(value) for name, value in row.items()} for row in rows]
    create_table_artifact(
        table, key="zoufang-reconcile", description="对账: headlines and what they come from"
    )
