"""The run report: what one run read, did, found and how it differs from the batch before, for programs.

Here: gathering it as plain values, `report.json` and `report.html` in the run's folder, the copy in the lake.
Its keys are explained in docs/report.md.
Not here: page and text (report_page.py, report_text.py), comparing (run_drift.py).  No firm, no person.
"""

import resource
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import polars as pl

from expectations.report import GateResult, read_report
from flows.batches import Pointer
from flows.compute import Computed
from flows.ingest import FileReport
from flows.manifest import RUN, write_json
from flows.planned import Run
from flows.report_page import report_page
from flows.report_text import PAGE, REPORT
from flows.run_drift import batch_drift
from flows.steps_ingest import quarantine_files
from flows.steps_publish import candidate_path
from flows.summary import add_up
from flows.timing import StepTime
from reference.gates import SECOND_TIER, load_gates
from reference.text_tables import load_text_tables
from warehouse.publish import published_file

Status = Literal["gated", "blocked", "published"]


@dataclass(frozen=True)
class Reached:
    """A run that reached its gate: what its report is made of."""

    run: Run
    pointer: Pointer
    files: Sequence[FileReport]
    computed: Computed
    account: pl.DataFrame


def leave_run_report(reached: Reached, status: Status) -> dict[str, Any]:
    """Write the report of a run and its page into the run's folder and return it.

    `gated` says that the gate let it pass: all that takes time is done before the warehouse is swapped, so
    that what is published has its report whatever happens then; see `finish_run_report`.
    """
    report = make_report(reached, status)
    _write(report, reached.run.folder)
    return report


def finish_run_report(reached: Reached, report: dict[str, Any]) -> None:
    """Write that the run is published and what that took, in the run's folder and in the lake.

    The lake keeps it since a fresh start of the same run empties its folder.
    """
    run = reached.run
    finished = {**report, "status": "published", "ended_at": _now(), "durations": _durations(run)}
    _write(finished, run.folder)
    write_json(run.settings.home.batches / run.run_id / REPORT, finished, indent=None)


def _write(report: dict[str, Any], folder: Path) -> None:
    write_json(folder / REPORT, report, indent=None)
    draft = folder / f"{PAGE}.tmp"
    draft.write_text(report_page(report), encoding="utf-8")
    draft.replace(folder / PAGE)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def make_report(reached: Reached, status: Status) -> dict[str, Any]:
    """Return the report as plain values, fit for JSON."""
    run, record = reached.run, reached.pointer.record
    candidate = candidate_path(run.settings, reached.pointer)
    warehouse = candidate if candidate.exists() else published_file(run.settings.home.root)
    cities = [city.figures for city in reached.computed.cities]
    own = ("source", "file", "sha256", "rows_in", "staged", "quarantined")
    return {
        "run_id": run.run_id,
        "batch_id": record.batch_id,
        "version": record.version,
        "as_of": str(record.as_of),
        "scope": record.scope,
        "cities": list(record.cities),
        "status": status,
        "began_at": run.clock.began.isoformat(timespec="seconds"),
        "ended_at": _now(),
        "versions": {
            "code": record.code_version,
            "rules": record.rules_version,
            "divisions": record.divisions_version,
            "inputs_sha256": record.inputs_sha256,
            "returned_sha256": run.returned,
        },
        "inputs": [{name: getattr(file, name) for name in own} for file in reached.files],
        "outputs": [
            {"path": artifact.path.replace(RUN, run.run_id), "sha256": artifact.sha256}
            for city in reached.computed.cities
            for artifact in city.artifacts
        ],
        "durations": _durations(run),
        "account": reached.account.drop("batch_id").to_dicts(),
        "rejects": _rejects(reached),
        "counts": {
            "dispositions": add_up(cities, "dispositions"),
            "place_levels": add_up(cities, "levels"),
            "links": reached.computed.figures["census"],
        },
        "gate": _gate(run.folder),
        "drift": batch_drift(warehouse, record.batch_id),
    }


def _durations(run: Run) -> dict[str, Any]:
    wall, cpu = run.clock.totals
    steps = run.clock.ended
    return {
        "wall_seconds": round(wall, 3),
        "cpu_seconds": round(cpu, 3),
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "steps": [
            {k: round(v, 3) if isinstance(v, float) else v for k, v in asdict(step).items()} for step in steps
        ],
        "by_stage": _summed(steps, "stage", 0),
        "by_city": _summed([step for step in steps if "-" in step.step], "city", 1),
    }


def _summed(steps: Sequence[StepTime], name: str, part: int) -> list[dict[str, Any]]:
    """Add up steps by a part of their names `<stage>-<city>`, in the order they began."""
    groups: dict[str, list[StepTime]] = {}
    for step in steps:
        groups.setdefault(step.step.split("-", 1)[part], []).append(step)
    return [
        {
            name: group,
            "steps": len(own),
            **{how: sum(step.how == how for step in own) for how in ("made", "resumed", "linked", "failed")},
            "wall_seconds": round(sum(step.wall_seconds for step in own), 3),
            "cpu_seconds": round(sum(step.cpu_seconds for step in own), 3),
        }
        for group, own in groups.items()
    ]


def _rejects(reached: Reached) -> list[dict[str, Any]]:
    """Count the quarantined rows by source, reason and column; what stood in the rows is not read."""
    settings = reached.run.settings
    sources = sorted({file.source for file in reached.files})
    files = [path for source in sources for path in quarantine_files(reached.files, source, settings)]
    if not files:
        return []
    keys = ["source", "reason_code", "column_name"]
    counted = pl.scan_parquet(files).group_by(keys).agg(rows=pl.len())
    reasons = load_text_tables().reasons
    rows = counted.sort("source", "rows", *keys[1:], descending=[False, True, False, False]).collect()
    return [{**row, "reason": reasons[row["reason_code"]]} for row in rows.to_dicts()]


def _gate(folder: Path) -> dict[str, Any]:
    """What the gate found: how much of it holds, and every check that does not."""
    report = read_report(folder)
    failed = [result for result in report.results if result.outcome != "passed"]
    return {
        "verdict": report.verdict,
        "expectations": len(report.results),
        "passed": len(report.results) - len(failed),
        "not_passed": [_failed(result) for result in failed],
    }


def _failed(result: GateResult) -> dict[str, Any]:
    """One check that did not hold; cells it quotes stay in Data Docs."""
    gate = load_gates().get(result.expectation.removesuffix(SECOND_TIER))
    measured = "could not be measured" if result.outcome == "errored" else result.observed
    if " rows: " in measured:
        measured = measured.partition(": ")[0]
    return {
        "suite": result.suite,
        "expectation": result.expectation,
        "column": result.column_name,
        "outcome": result.outcome,
        "severity": result.severity,
        "measured": measured,
        "unexpected_count": result.unexpected_count,
        "zh": gate.zh if gate else None,
        "means": gate.means if gate else None,
        "remedy": gate.remedy if gate else None,
    }
