"""What a gate found, as rows for `meta_quality` and as a page for a person.

Here: results, the verdict, reading them back.  Not here: measuring (gate.py).  Light to import.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import polars as pl

from expectations.request import Tally
from reference.errors import InputProblem
from reference.gates import SECOND_TIER, Gate, Severity, load_gates

Outcome = Literal["passed", "failed", "errored"]
Verdict = Literal["passed", "warned", "blocked", "errored"]

META_QUALITY = pl.Schema(
    {
        "run_id": pl.String,
        "suite": pl.String,
        "expectation": pl.String,
        "column_name": pl.String,
        "success": pl.Boolean,
        "observed": pl.String,
        "unexpected_count": pl.Int64,
        "severity": pl.String,
    }
)


@dataclass(frozen=True)
class GateResult:
    """One expectation's outcome; `errored` means that it could not be measured, whatever the data are."""

    suite: str
    expectation: str
    column_name: str | None
    outcome: Outcome
    observed: str
    unexpected_count: int | None
    severity: Severity


@dataclass(frozen=True)
class GateReport:
    """All outcomes of one run, in suite order, and the seconds of measuring, also where nobody waited for it.

    `tallies` is what was counted in single files, by table, for the request of a later run.
    """

    run_id: str
    results: Sequence[GateResult]
    seconds: float
    tallies: Mapping[str, Tally] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """Return the worst outcome: errored stops with a fault of ours, blocked with one of the data."""
        if any(r.outcome == "errored" for r in self.results):
            return "errored"
        failed = {r.severity for r in self.results if r.outcome == "failed"}
        return "blocked" if "error" in failed else "warned" if failed else "passed"

    @property
    def publishable(self) -> bool:
        """Return whether the candidate may be published; warnings do not hold it back."""
        return self.verdict in ("passed", "warned")

    def frame(self) -> pl.DataFrame:
        """Return the rows of `meta_quality`: one per expectation; `success` is null where it errored."""
        success = {"passed": True, "failed": False, "errored": None}
        rows = [
            (self.run_id, r.suite, r.expectation, r.column_name, success[r.outcome], r.observed,
             r.unexpected_count, r.severity)
            for r in self.results
        ]  # fmt: skip
        return pl.DataFrame(rows, schema=META_QUALITY, orient="row")


def meta_quality_path(run_folder: Path) -> Path:
    """Return where a run keeps its rows of `meta_quality`."""
    return run_folder / "gate" / "meta_quality.parquet"


def read_report(run_folder: Path) -> GateReport:
    """Return the stored report of a run; InputProblem if the run was never gated."""
    path = meta_quality_path(run_folder)
    if not path.exists():
        raise InputProblem(f"{run_folder.name} has no gate results; choose a run that reached its gate")
    outcomes: dict[bool | None, Outcome] = {True: "passed", False: "failed", None: "errored"}
    rows = pl.read_parquet(path).rows(named=True)
    results = [
        GateResult(row["suite"], row["expectation"], row["column_name"], outcomes[row["success"]],
                   row["observed"], row["unexpected_count"], row["severity"])
        for row in rows
    ]  # fmt: skip
    return GateReport(run_folder.name, results, 0.0)


def quality_summary(report: GateReport) -> str:
    """Return the report as text for a terminal: one headline, then what is wrong and what to do about it."""
    gates = load_gates()
    worst_first = sorted(report.results, key=lambda r: (r.outcome != "errored", r.severity != "error"))
    lines = [_headline(report)]
    for suite in dict.fromkeys(r.suite for r in report.results):
        lines.append(_suite_line(suite, [r for r in report.results if r.suite == suite]))
    told: set[tuple[str, str, str | None]] = set()
    for result in worst_first:
        about = (result.suite, result.expectation.removesuffix(SECOND_TIER), result.column_name)
        if result.outcome != "passed" and about not in told:
            told.add(about)
            lines += ["", *_problem(result, gates)]
    return "\n".join(lines)


def _headline(report: GateReport) -> str:
    passed = sum(r.outcome == "passed" for r in report.results)
    meaning = {
        "passed": "passed 通过",
        "warned": "passed with warnings 有警告, 可发布",
        "blocked": "BLOCKED 未通过: the data failed; nothing was published",
        "errored": "BROKEN 无法检测: a check could not be measured; this says nothing about the data",
    }[report.verdict]
    return f"Quality gate 质量门: {meaning} ({passed} of {len(report.results)} checks passed)"


def _suite_line(suite: str, results: Sequence[GateResult]) -> str:
    counts = {"errored": 0, "error": 0, "warn": 0}
    for result in results:
        if result.outcome != "passed":
            counts["errored" if result.outcome == "errored" else result.severity] += 1
    words = {"errored": "broken", "error": "failed", "warn": "warned"}
    state = ", ".join(f"{n} {words[k]}" for k, n in counts.items() if n) or "ok"
    return f"  {suite:<32} {len(results):>3} checks  {state}"


def _problem(result: GateResult, gates: Mapping[str, Gate]) -> list[str]:
    kind = "BROKEN" if result.outcome == "errored" else "ERROR" if result.severity == "error" else "warning"
    where = result.suite + (f" [{result.column_name}]" if result.column_name else "")
    gate = gates.get(result.expectation.removesuffix(SECOND_TIER))
    if result.outcome == "errored" or gate is None:
        return [
            f"{kind}  {result.expectation} · {where}",
            f"  message   {result.observed}",
            "  to do     The check itself failed. Keep the run folder, look at gate/*.json, report it.",
        ]
    return [
        f"{kind}  {gate.zh} {gate.id} · {where}",
        f"  measured  {result.observed}   allowed {_allowed(gate, result.severity)}",
        f"  meaning   {gate.means}",
        f"  to do     {gate.remedy}",
    ]


def _allowed(gate: Gate, severity: Severity) -> str:
    tier = next(t for t in gate.tiers if t.severity == severity)
    bounds = [
        f"≥ {tier.min:g}" if tier.min is not None else "",
        f"≤ {tier.max:g}" if tier.max is not None else "",
    ]
    return " and ".join(b for b in bounds if b) or "none missing"
