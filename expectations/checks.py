"""Expectations bound to a gate: its bounds, its severity and its name travel with them.

Here: the constructors the suites are written with, and the one expectation of our own.
Not here: which table is checked for what (suites_*.py), thresholds (reference/gates/gates.yml).
"""

from collections.abc import Iterable
from string import Template
from typing import Any, ClassVar

from expectations.additive import Additive, Key, OfSubject, Rows, looks_elsewhere
from expectations.asking import MEASURED
from expectations.library import (
    ExecutionEngine,
    Expectation,
    ExpectationValidationResult,
    LegacyDiagnosticRendererType,
    PrivateAttr,
    gxe,
    renderer,
)
from reference.gates import SECOND_TIER, Gate, Tier

Suites = dict[str, list[Expectation]]

SHARE = Template(
    "select avg(coalesce($holds, false)::int) as value, count(*) as rows from {batch} where $within"
)
VIOLATIONS = Template(
    "select count(*) filter (where $broken) as value, count(*) as rows from {batch} where $within"
)
# Grouping spills to disk where a count of distinct keys would have to fit into memory. Digests are grouped
# first, in half the time of the keys; only rows whose digest is met again are compared by their keys.
SURPLUS = Template("""
    select coalesce((
             select sum(n) - count(*)
             from (select count(*) as n from {batch} where ($within) and hash($columns) in ($again)
                   group by $columns) as keys), 0) as value,
           (select count(*) from {batch} where $within) as rows""")
AGAIN = Template("""
    select digest
    from (select hash($columns) as digest, count(*) as n
          from {batch} where $within group by digest) as digests
    where n > 1""")
SHOWN = 5


class ExpectMeasureToBeBetween(gxe.UnexpectedRowsExpectation):  # type: ignore[misc]
    """Every row of an aggregate query (`value`, `rows`, optionally `scope`) lies between two bounds.

    The query runs once; scopes with fewer than `min_rows` rows, or without a value, are not judged.
    """

    metric_dependencies: ClassVar[tuple[str, ...]] = (MEASURED,)
    success_keys: ClassVar[tuple[str, ...]] = ("unexpected_rows_query", "min_value", "max_value", "min_rows")
    min_value: float | None = None
    max_value: float | None = None
    min_rows: int = 0
    _additive: Additive | None = PrivateAttr(default=None)

    @property
    def additive(self) -> Additive | None:
        """Return how the query's answer adds up over files; None if nobody said."""
        return self._additive

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: ExecutionEngine | None = None,
    ) -> dict[str, Any]:
        measured = metrics[MEASURED]
        judged = [m for m in measured if m["value"] is not None and m["rows"] >= self.min_rows]
        outside = [m for m in judged if not self._within(float(m["value"]))]
        shown = sorted(outside or judged, key=self._within_first)[:SHOWN]
        text = "; ".join(_measure_text(m) for m in shown) or f"too few rows to judge (under {self.min_rows})"
        more = len(outside or judged) - len(shown)
        return {
            "success": not outside,
            "result": {
                "observed_value": text + (f"; and {more} more" if more else ""),
                "unexpected_count": _unexpected(outside, counts=self.max_value == 0),
            },
        }

    @classmethod
    @renderer(renderer_type=LegacyDiagnosticRendererType.UNEXPECTED_STATEMENT)  # type: ignore[untyped-decorator]
    def _diagnostic_unexpected_statement_renderer(
        cls,
        configuration: object = None,
        result: ExpectationValidationResult | None = None,
        runtime_configuration: dict[str, Any] | None = None,
    ) -> list[Any]:
        """Leave it to the observed value: the library's sentence needs a share of rows, which we have not."""
        if result is not None and result.result.get("observed_value") is not None:
            return []
        inherited: list[Any] = super()._diagnostic_unexpected_statement_renderer(
            configuration, result, runtime_configuration
        )
        return inherited

    def _within(self, value: float) -> bool:
        above = self.min_value is None or value >= self.min_value
        return above and (self.max_value is None or value <= self.max_value)

    def _within_first(self, measure: dict[str, Any]) -> tuple[float, str]:
        bound = self.min_value if self.max_value is None else self.max_value
        return -abs(float(measure["value"]) - (bound or 0)), str(measure.get("scope", ""))


def measure(
    gate: Gate, query: str, column: str | None = None, additive: Additive | None = None
) -> list[Expectation]:
    """Return one expectation per tier of the gate on the values of an aggregate query over `{batch}`."""
    return [_measure(gate, tier, query, column, additive) for tier in gate.tiers]


def share(gate: Gate, holds: str, column: str | None = None, within: str = "true") -> list[Expectation]:
    """Return expectations on the share of rows (of those `within`) for which a condition holds."""
    return measure(gate, SHARE.substitute(holds=holds, within=within), column, _rows(holds, within, True))


def violations(gate: Gate, broken: str, column: str | None = None, within: str = "true") -> list[Expectation]:
    """Return expectations on the number of rows that break a rule."""
    query = VIOLATIONS.substitute(broken=broken, within=within)
    return measure(gate, query, column, _rows(broken, within, False))


def of_subject(gate: Gate, broken: str, column: str | None = None, within: str = "true") -> list[Expectation]:
    """Return the same of a rule that looks up the row's subject_key in curated tables, and nothing else."""
    return measure(gate, VIOLATIONS.substitute(broken=broken, within=within), column, OfSubject())


def unique(gate: Gate, *columns: str, within: str = "true") -> list[Expectation]:
    """Return expectations that the columns together are a key of the rows `within`."""
    query = surplus(*columns, within=within)
    return measure(gate, query, ", ".join(columns), Key(columns, within))


def surplus(*columns: str, within: str = "true") -> str:
    """Return the query for the rows too many where the columns should be a key of the rows `within`."""
    key = ", ".join(columns)
    again = AGAIN.substitute(columns=key, within=within)
    return SURPLUS.substitute(columns=key, within=within, again=again)


def rows(gate: Gate) -> list[Expectation]:
    """Return expectations on the number of rows of the table."""
    return [
        gxe.ExpectTableRowCountToBeBetween(min_value=t.min, max_value=t.max, **_tags(gate, t, None))
        for t in gate.tiers
    ]


def columns(gate: Gate, names: Iterable[str]) -> list[Expectation]:
    """Return expectations that the table has these columns; it may have more."""
    wanted = list(names)
    return [
        gxe.ExpectTableColumnsToMatchSet(column_set=wanted, exact_match=False, **_tags(gate, t, None))
        for t in gate.tiers
    ]


def filled(gate: Gate, *names: str) -> list[Expectation]:
    """Return expectations that none of these columns has a null."""
    return [
        gxe.ExpectColumnValuesToNotBeNull(column=c, **_tags(gate, t, c)) for c in names for t in gate.tiers
    ]


def one_of(gate: Gate, column: str, values: Iterable[Any]) -> list[Expectation]:
    """Return expectations that every non-null value of the column belongs to a set."""
    allowed = list(values)
    return [
        gxe.ExpectColumnValuesToBeInSet(column=column, value_set=allowed, **_tags(gate, t, column))
        for t in gate.tiers
    ]


def _measure(
    gate: Gate, tier: Tier, query: str, column: str | None, additive: Additive | None
) -> Expectation:
    tags = _tags(gate, tier, column)
    expectation = ExpectMeasureToBeBetween(
        unexpected_rows_query=query, min_value=tier.min, max_value=tier.max, min_rows=gate.min_rows, **tags
    )
    expectation._additive = additive
    return expectation


def _rows(condition: str, within: str, share_of: bool) -> Rows | None:
    if looks_elsewhere(condition) or looks_elsewhere(within):
        return None
    # Where nothing is known of a row, it does not hold, and does not break a rule either.
    return Rows(condition, within, share_of)


def _tags(gate: Gate, tier: Tier, column: str | None) -> dict[str, Any]:
    severity = {"error": "critical", "warn": "warning"}[tier.severity]
    name = gate.id if tier is gate.tiers[0] else gate.id + SECOND_TIER
    return {
        "severity": severity,
        "meta": {"expectation": name, "severity": tier.severity, "column": column},
        "notes": f"{gate.zh}: {gate.means}",
    }


def _unexpected(outside: list[dict[str, Any]], counts: bool) -> int:
    return sum(abs(int(m["value"])) for m in outside) if counts else len(outside)


def _measure_text(measured: dict[str, Any]) -> str:
    value = f"{float(measured['value']):.4f}".rstrip("0").rstrip(".")
    scope = f"{measured['scope']}: " if measured.get("scope") else ""
    return f"{scope}{value} (of {measured['rows']} rows)"
