"""The run report at the terminal: finding the newest one, and what a person needs of it in one screen.

Here: reading `report.json`, text.  Light to import.  Not here: making it (run_report.py), the page.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from flows.home import Home
from reference.errors import EnvironmentProblem, InputProblem

REPORT, PAGE = "report.json", "report.html"
_SLOWEST, _TOLD = 8, 12
"""How many stages, and how many of anything else, the text names; the page has all."""


def find_report(home: Home, batch_id: str | None = None) -> tuple[dict[str, Any], Path]:
    """Return the newest report of a batch, or of any, and where it lies; InputProblem if there is none.

    Where the run's own folder still has it, that is the place: the page lies beside it.
    """
    paths = [*home.runs.glob(f"*/{REPORT}"), *home.batches.glob(f"*/{REPORT}")]
    found = [(_read(path), path) for path in paths]
    own = [one for one in found if batch_id in (None, one[0]["batch_id"])]
    if not own:
        known = ", ".join(sorted({report["batch_id"] for report, _ in found})) or "none"
        raise InputProblem(
            f"{home.root}: no run{f' of batch {batch_id}' if batch_id else ''} has left a report; "
            f"batches that have one: {known}. Check --home, or start a run: zoufang run --help"
        )
    return max(own, key=lambda one: str(one[0]["ended_at"]))


def _read(path: Path) -> dict[str, Any]:
    try:
        report: dict[str, Any] = json.loads(path.read_bytes())
    except ValueError:
        raise EnvironmentProblem(f"{path} is damaged; remove it, the other reports are then shown") from None
    return report


def report_text(report: Mapping[str, Any], path: Path) -> str:
    """Return the report as text for a terminal."""
    spent, gate = report["durations"], report["gate"]
    stages = sorted(spent["by_stage"], key=lambda stage: -stage["wall_seconds"])[:_SLOWEST]
    held = sum(row["rows"] for row in report["rejects"])
    page = path.with_name(PAGE)
    lines = [
        f"运行报告 批次 {report['batch_id']} v{report['version']} (run {report['run_id']}): "
        f"{report['status']}",
        f"took 用时: {spent['wall_seconds']:,.1f} s, processors {spent['cpu_seconds']:,.1f} s, "
        f"at most {spent['peak_rss_mb']:,} MB",
        "slowest stages 最慢步骤 (seconds by the clock, of processors; steps made, resumed, linked):",
        *(
            f"  {stage['stage']:<12}{stage['wall_seconds']:>10,.1f}{stage['cpu_seconds']:>10,.1f}"
            f"{stage['made']:>6}{stage['resumed']:>5}{stage['linked']:>5}"
            for stage in stages
        ),
        f"rows 行数: {sum(row['rows_in'] for row in report['account']):,} in, {held:,} quarantined",
        *_first(
            f"  {row['source']:<20}{row['rows']:>10,}  {row['column_name'] or '–'}: {row['reason']}"
            for row in report["rejects"]
        ),
        f"gate 质量门: {gate['verdict']}, {gate['passed']} of {gate['expectations']} passed",
        *_first(f"  {one['severity']} {one['expectation']} · {one['suite']}" for one in gate["not_passed"]),
        *drift_lines(report["drift"]),
        f"report 运行报告: {page if page.exists() else path}",
    ]
    return "\n".join(lines)


def drift_lines(drift: Mapping[str, Any]) -> list[str]:
    """Return what passed its limit against the batch before, first a headline; few lines even for many."""
    if drift["before"] is None:
        return ["drift 与上批相比: no earlier batch of the same scope and cities"]
    alerts = drift["alerts"]
    count = f"{len(alerts)} alerts 预警" if alerts else "nothing passes its limit 无预警"
    headline = f"drift 与上批相比 ({drift['before']['batch_id']}): {count}"
    return [headline, *_first(f"  ! {alert['text']}" for alert in alerts)]


def _first(lines: Iterable[str]) -> list[str]:
    """Return the first few lines, and how many more there are."""
    every = list(lines)
    more = [f"  … and {len(every) - _TOLD} more in the report"] if len(every) > _TOLD else []
    return [*every[:_TOLD], *more]
