"""Suites of the candidate warehouse: what BI would see if it were published now.

Here: dimensions, facts and marts.  Not here: the row account (suite_account.py), thresholds (gates.yml).
"""

from collections.abc import Mapping

from expectations.checks import Suites, measure, one_of, rows, violations
from expectations.declared import as_declared, briefly_declared
from expectations.library import Expectation
from expectations.request import GateRequest, files_as_sql, quoted
from expectations.suite_account import IN_BATCHES, account_suite
from expectations.suite_feedback import feedback_suites
from expectations.suites_curated import PRIORITIES
from reference.gates import Gate
from reference.tables import tables_of

Gates = Mapping[str, Gate]

PERSONAL = "legal_rep|representative|phone|mobile|telephone|id_card|id_no|id_hash|email"
RESTRICTED = "employees|emp_count|emp_end|revenue|assets|si_pension|tax"
SHOWING_TARGETS = {
    "mart_headlines": "region = 'province'",
    "mart_progress_city": "true",
    "mart_progress_county": "true",
    "mart_progress_township": "true",
}
"""Marts whose targets add up to the list, each with the rows to add."""
PLACES = ("city_code", "county_code", "township_code", "division_code")


def candidate_suites(gates: Gates, request: GateRequest) -> Suites:
    """Return the expectations of the warehouse tables and marts, or nothing if there is no candidate."""
    if request.candidate is None:
        return {}
    marts = {f"candidate.{mart.name}": briefly_declared(gates, mart.name) for mart in tables_of("mart")}
    for mart, part in SHOWING_TARGETS.items():
        marts[f"candidate.{mart}"] += _agrees(gates, part)
    marts["candidate.mart_headlines"] += _headlines(gates)
    return {
        "candidate.dim_division": _divisions(gates),
        "candidate.dim_batch": _batches(gates, request),
        "candidate.dim_enterprise": _enterprises(gates),
        "candidate.fact_visit_target": _targets(gates, request),
        "candidate.fact_exclusion": _exclusions(gates, request),
        "candidate.fact_batch_change": _changes(gates, request),
        "candidate.meta_row_account": account_suite(gates, request),
        **feedback_suites(gates),
        **marts,
    }


def _divisions(gates: Gates) -> list[Expectation]:
    orphan = "parent_code is not null and parent_code not in (select division_code from dim_division)"
    return [
        *as_declared(gates, "dim_division"),
        *rows(gates["not_empty"]),
        *violations(gates["references_resolve"], orphan, "parent_code"),
    ]


def _batches(gates: Gates, request: GateRequest) -> list[Expectation]:
    batch, run = quoted(request.batch_id), quoted(request.list_run_id or request.run_id)
    current = f"""
        select count(*) filter (where batch_id = {batch} and run_id = {run}) as value, count(*) as rows
        from {{batch}}"""  # noqa: S608
    return [
        *as_declared(gates, "dim_batch"),
        *measure(gates["current_batch_present"], current, "batch_id"),
    ]


def _enterprises(gates: Gates) -> list[Expectation]:
    return [
        *as_declared(gates, "dim_enterprise"),
        *rows(gates["not_empty"]),
        *violations(gates["values_in_range"], "valid_to <= valid_from", "valid_to"),
        *_known_place(gates, "division_code"),
    ]


def _targets(gates: Gates, request: GateRequest) -> list[Expectation]:
    current = _current(request)
    return [
        *as_declared(gates, "fact_visit_target", current),
        *rows(gates["not_empty"]),
        *one_of(gates["known_values"], "priority", PRIORITIES),
        *violations(gates["values_in_range"], "place_confidence not between 0 and 1", "place_confidence"),
        *violations(gates["references_resolve"], IN_BATCHES, "batch_id"),
        *(e for column in PLACES for e in _known_place(gates, column, current)),
        *_loaded_whole(gates, request),
    ]


def _loaded_whole(gates: Gates, request: GateRequest) -> list[Expectation]:
    listed = request.layer("curated").get("visit_targets")
    if not listed:
        return []
    wanted = f"(select count(*) from read_parquet({files_as_sql(listed)}))"  # noqa: S608
    query = f"""
        select abs(count(*) - {wanted}) as value, count(*) as rows from {{batch}}
        where {_current(request)}"""  # noqa: S608
    return measure(gates["targets_complete"], query)


def _current(request: GateRequest) -> str:
    # Earlier batches were gated when they were new and are immutable since; facts grow with every batch.
    return f"batch_id = {quoted(request.batch_id)}"


def _known_place(gates: Gates, column: str, within: str = "true") -> list[Expectation]:
    known = f"select {column} from dim_division where {column} is not null"  # noqa: S608
    return violations(gates["references_resolve"], f"{column} not in ({known})", column, within)


def _exclusions(gates: Gates, request: GateRequest) -> list[Expectation]:
    current = _current(request)
    listed = f"subject_key in (select subject_key from fact_visit_target where {current})"  # noqa: S608
    return [
        *as_declared(gates, "fact_exclusion", current),
        *violations(gates["references_resolve"], IN_BATCHES, "batch_id"),
        *violations(gates["targets_not_excluded"], listed, "subject_key", current),
    ]


def _changes(gates: Gates, request: GateRequest) -> list[Expectation]:
    """Every comparison of two batches in the file: list(after) = list(before) - left + entered."""
    query = """
        with size as (select batch_id, count(*) as firms from fact_visit_target group by all),
        change as (
            select batch_id, against_batch_id,
                count(*) filter (where change = 'entered') - count(*) filter (where change = 'left') as more
            from {batch} where batch_id <> against_batch_id group by all)
        select coalesce(sum(abs(coalesce(a.firms, 0) - coalesce(b.firms, 0) - c.more)), 0) as value,
            (select count(*) from {batch}) as rows
        from change as c
        left join size as a on a.batch_id = c.batch_id
        left join size as b on b.batch_id = c.against_batch_id"""
    return [
        *as_declared(gates, "fact_batch_change", _current(request)),
        *violations(gates["references_resolve"], IN_BATCHES, "batch_id"),
        *measure(gates["marts_agree"], query, "change"),
    ]


def _agrees(gates: Gates, part: str) -> list[Expectation]:
    listed = "(select count(*) from fact_visit_target)"
    shown = f"coalesce(sum(targets) filter (where {part}), 0)"
    query = f"select abs({shown} - {listed}) as value, count(*) as rows from {{batch}}"  # noqa: S608
    return measure(gates["marts_agree"], query, "targets")


def _headlines(gates: Gates) -> list[Expectation]:
    forbidden = f"""
        select table_name || '.' || column_name as scope, 1 as value, (select count(*) from {{batch}}) as rows
        from information_schema.columns where table_schema = 'main'
        and regexp_matches(column_name, '(^|_)({PERSONAL}|{RESTRICTED})(_|$)')"""  # noqa: S608
    return [*rows(gates["not_empty"]), *measure(gates["no_personal_columns"], forbidden)]
