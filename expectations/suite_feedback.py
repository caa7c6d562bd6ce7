"""The suites of feedback in the candidate: facts as declared, nothing ahead of its date, a narrowing funnel.

Here: what holds whatever came back.
Not here: checks row by row (transforms/feedback*.py), thresholds (gates.yml).
"""

from collections.abc import Mapping
from itertools import pairwise

from expectations.checks import Suites, measure, violations
from expectations.declared import briefly_declared
from expectations.library import Expectation
from reference.gates import Gate

Gates = Mapping[str, Gate]

HAPPENED = {
    "fact_visit": "visited_on",
    "fact_recommendation": "pushed_on",
    "fact_credit": "decided_on",
    "fact_loan": "paid_on",
    "fact_renewal": "reported_on",
    "fact_export_insurance": "month",
}
NARROWING = ("declared", "recommended", "credited", "disbursed")
SETTLED = ("used", "superseded", "waiting", "unfilled", "rejected")


def feedback_suites(gates: Gates) -> Suites:
    """Return the expectations of the facts, the ledger's account and the funnel."""
    facts = {f"candidate.{table}": _fact(gates, table, column) for table, column in HAPPENED.items()}
    return {
        **facts,
        "candidate.feedback_proposals": briefly_declared(gates, "feedback_proposals"),
        "candidate.meta_feedback_account": _account(gates),
        "candidate.agg_funnel": _funnel(gates),
    }


def _fact(gates: Gates, table: str, column: str) -> list[Expectation]:
    late = f"{column} > (select as_of from meta_feedback)"  # noqa: S608
    stranger = "batch_id not in (select batch_id from dim_batch)"
    return [
        *briefly_declared(gates, table),
        *violations(gates["events_not_after_as_of"], late, column),
        *violations(gates["references_resolve"], stranger, "batch_id"),
    ]


def _account(gates: Gates) -> list[Expectation]:
    gap = f"""
        select source_file as scope, rows_in - ({" + ".join(SETTLED)}) as value, rows_in as rows
        from {{batch}} order by abs(value) desc limit 100"""  # noqa: S608
    returned = """
        select source as scope, sum(rejected) / nullif(sum(rows_in - unfilled), 0) as value,
               sum(rows_in - unfilled) as rows
        from {batch} group by source"""
    return [
        *briefly_declared(gates, "meta_feedback_account"),
        *measure(gates["feedback_account_balances"], gap, "rows_in"),
        *measure(gates["feedback_rejected_share"], returned, "rejected"),
    ]


def _funnel(gates: Gates) -> list[Expectation]:
    wider = " or ".join(f"{after} > {before}" for before, after in pairwise(NARROWING))
    return [
        *briefly_declared(gates, "agg_funnel"),
        *violations(gates["funnel_monotonic"], wider, ", ".join(NARROWING)),
    ]
