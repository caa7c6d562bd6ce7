"""Reading what Great Expectations answered.

Here: its JSON to results; a check that broke is told apart from one that failed.
Not here: running suites (validate.py).
"""

from typing import Any

from expectations.report import GateResult, Outcome


def read_answers(suite: str, document: dict[str, Any], expected: int) -> list[GateResult]:
    """Return one result per answer of the library's document; an errored one more if answers are missing."""
    results = [_read_result(suite, r) for r in document["results"]]
    if len(results) != expected:
        message = f"{len(results)} answers to {expected} expectations"
        results.append(GateResult(suite, "all_answered", None, "errored", message, None, "error"))
    columns_missing = any(r.expectation == "columns_present" and r.outcome == "failed" for r in results)
    return [_for_want_of_columns(r) if columns_missing else r for r in results]


def absent(suite: str) -> GateResult:
    """Return the failure of a suite whose table does not exist."""
    return GateResult(suite, "not_empty", None, "failed", "the table does not exist", None, "error")


def _for_want_of_columns(result: GateResult) -> GateResult:
    if result.outcome != "errored":
        return result
    return GateResult(result.suite, result.expectation, result.column_name, "failed",
                      "not measured: columns are missing", None, result.severity)  # fmt: skip


def _read_result(suite: str, raw: dict[str, Any]) -> GateResult:
    config = raw["expectation_config"]
    tags = config["meta"]
    message = _exception(raw.get("exception_info") or {})
    measured: dict[str, Any] = raw.get("result") or {}
    if message is None and not measured:
        message = "the library returned no result"
    outcome: Outcome = "errored" if message else "passed" if raw["success"] else "failed"
    return GateResult(
        suite=suite,
        expectation=tags["expectation"],
        column_name=tags["column"],
        outcome=outcome,
        observed=message or _observed(measured),
        unexpected_count=None if message else measured.get("unexpected_count"),
        severity=tags["severity"],
    )


def _exception(info: dict[str, Any]) -> str | None:
    raised = [i for i in (info, *info.values()) if isinstance(i, dict) and i.get("raised_exception")]
    return str(raised[0]["exception_message"]).strip().splitlines()[0] if raised else None


def _observed(measured: dict[str, Any]) -> str:
    if "element_count" in measured:
        values = ", ".join(dict.fromkeys(str(v) for v in measured["partial_unexpected_list"][:5]))
        return f"{measured['unexpected_count']} of {measured['element_count']} rows" + (
            f": {values}" if values else ""
        )
    missing = (measured.get("details") or {}).get("mismatched", {}).get("missing")
    if missing:
        return f"missing: {', '.join(missing)}"
    value = measured["observed_value"]
    return f"{len(value)} columns" if isinstance(value, list) else str(value)
