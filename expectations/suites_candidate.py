"""Suites of the candidate warehouse: what BI would see if it were published now.

Here: dimensions, facts, the row account and the marts.  Not here: thresholds (reference/gates/gates.yml).
"""

from collections.abc import Mapping

from expectations.checks import (
    Suites,
    columns,
    filled,
    measure,
    one_of,
    rows,
    unique,
    violations,
)
from expectations.library import Expectation
from expectations.request import GateRequest, files_as_sql, quoted
from expectations.suites_curated import SIZES, TAGS
from reference.gates import Gate

Gates = Mapping[str, Gate]

EXCLUSIONS = ("closed", "dishonest", "zombie", "shell", "out_of_scope")
LEVELS = ("province", "city", "county", "township", "community")
IN_BATCHES = "batch_id not in (select batch_id from dim_batch)"
SETTLED = ("used", "superseded", "out_of_scope", "excluded", "quarantined")
PERSONAL = "legal_rep|representative|phone|mobile|telephone|id_card|id_no|id_hash|email"
RESTRICTED = "employees|emp_count|emp_end|revenue|assets|si_pension|tax"
FACT_COLUMNS = (
    "batch_id", "as_of", "uscc", "city_code", "county_code", "township_code", "division_code", "place_method",
    "place_confidence", "size_class", *TAGS, "priority", "in_census", "in_registry",
)  # fmt: skip


def candidate_suites(gates: Gates, request: GateRequest) -> Suites:
    """Return the expectations of the warehouse tables, or nothing if there is no candidate."""
    if request.candidate is None:
        return {}
    return {
        "candidate.dim_division": _divisions(gates),
        "candidate.dim_batch": _batches(gates, request),
        "candidate.dim_enterprise": _enterprises(gates),
        "candidate.fact_visit_target": _targets(gates, request),
        "candidate.fact_exclusion": _exclusions(gates),
        "candidate.meta_row_account": _account(gates, request),
        "candidate.mart_headlines": _marts(gates),
    }


def _divisions(gates: Gates) -> list[Expectation]:
    orphan = "parent_code is not null and parent_code not in (select division_code from dim_division)"
    return [
        *rows(gates["not_empty"]),
        *filled(gates["key_filled"], "division_code", "name", "level"),
        *unique(gates["key_unique"], "division_code"),
        *one_of(gates["known_values"], "level", LEVELS),
        *violations(gates["references_resolve"], orphan, "parent_code"),
    ]


def _batches(gates: Gates, request: GateRequest) -> list[Expectation]:
    batch, run = quoted(request.batch_id), quoted(request.run_id)
    current = f"""
        select count(*) filter (where batch_id = {batch} and run_id = {run}) as value, count(*) as rows
        from {{batch}}"""  # noqa: S608
    return [
        *filled(
            gates["key_filled"],
            "batch_id",
            "as_of",
            "run_id",
            "code_version",
            "rules_version",
            "inputs_sha256",
        ),
        *unique(gates["key_unique"], "batch_id"),
        *measure(gates["current_batch_present"], current, "batch_id"),
    ]


def _enterprises(gates: Gates) -> list[Expectation]:
    return [
        *rows(gates["not_empty"]),
        *filled(gates["key_filled"], "status", "valid_from"),
        *unique(gates["key_unique"], "uscc", "valid_from", within="uscc is not null"),
        *one_of(gates["known_values"], "size_class", SIZES),
        *violations(gates["values_in_range"], "valid_to < valid_from", "valid_to"),
        *_division_reference(gates, "division_code"),
    ]


def _targets(gates: Gates, request: GateRequest) -> list[Expectation]:
    return [
        *columns(gates["columns_present"], FACT_COLUMNS),
        *rows(gates["not_empty"]),
        *filled(gates["key_filled"], "batch_id", "as_of", "priority"),
        *unique(gates["key_unique"], "batch_id", "uscc", within="uscc is not null"),
        *one_of(gates["known_values"], "size_class", SIZES),
        *one_of(gates["known_values"], "priority", (1, 2, 3)),
        *violations(gates["values_in_range"], "place_confidence not between 0 and 1", "place_confidence"),
        *violations(gates["references_resolve"], IN_BATCHES, "batch_id"),
        *(
            e
            for c in ("city_code", "county_code", "township_code", "division_code")
            for e in _division_reference(gates, c)
        ),
        *_loaded_whole(gates, request),
    ]


def _loaded_whole(gates: Gates, request: GateRequest) -> list[Expectation]:
    listed = request.layer("curated").get("visit_targets")
    if not listed:
        return []
    wanted = f"(select count(*) from read_parquet({files_as_sql(listed)}))"  # noqa: S608
    query = f"""
        select abs(count(*) - {wanted}) as value, count(*) as rows from {{batch}}
        where batch_id = {quoted(request.batch_id)}"""  # noqa: S608
    return measure(gates["targets_complete"], query)


def _division_reference(gates: Gates, column: str) -> list[Expectation]:
    known = f"select {column} from dim_division where {column} is not null"  # noqa: S608
    return violations(gates["references_resolve"], f"{column} not in ({known})", column)


def _exclusions(gates: Gates) -> list[Expectation]:
    listed = "(batch_id, uscc) in (select (batch_id, uscc) from fact_visit_target where uscc is not null)"
    return [
        *filled(gates["key_filled"], "batch_id", "category", "rule_id", "reason"),
        *unique(gates["key_unique"], "batch_id", "uscc", "rule_id", within="uscc is not null"),
        *one_of(gates["known_values"], "category", EXCLUSIONS),
        *violations(gates["references_resolve"], IN_BATCHES, "batch_id"),
        *violations(gates["targets_not_excluded"], listed, "uscc"),
    ]


def _account(gates: Gates, request: GateRequest) -> list[Expectation]:
    gap = """select batch_id || ' ' || source as scope, rows_in - (used + superseded + out_of_scope + excluded
             + quarantined) as value, rows_in as rows from {batch} order by abs(value) desc limit 100"""
    negative = f"least({', '.join(SETTLED)}) < 0"
    register = "source = 'registry'"
    return [
        *rows(gates["not_empty"]),
        *filled(gates["key_filled"], "batch_id", "source", "rows_in", *SETTLED),
        *unique(gates["key_unique"], "batch_id", "source"),
        *violations(gates["references_resolve"], IN_BATCHES, "batch_id"),
        *violations(gates["values_in_range"], negative, ", ".join(SETTLED)),
        *measure(gates["row_account_balances"], gap, "rows_in"),
        *_account_of_files(gates, request),
        *measure(gates["rows_vs_previous_register"], _against_previous(request, register), "used, excluded"),
        *measure(
            gates["rows_vs_previous_lists"], _against_previous(request, f"not {register}"), "used, excluded"
        ),
    ]


def _account_of_files(gates: Gates, request: GateRequest) -> list[Expectation]:
    staged, quarantine = request.layer("staged"), request.layer("quarantine")
    counts = [
        f"({quoted(s)}, (select count(*) from read_parquet({files_as_sql(f)})))"  # noqa: S608
        for layer in (staged, quarantine)
        for s, f in layer.items()
    ]
    if not staged:
        return []
    query = f"""
        with parts(source, n) as (values {", ".join(counts)}),
        files as (select source, sum(n) as n from parts group by source),
        account as (from {{batch}} where batch_id = {quoted(request.batch_id)})
        select source as scope, files.n - coalesce(account.rows_in, 0) as value, files.n as rows
        from files left join account using (source)"""  # noqa: S608
    return measure(gates["row_account_matches_files"], query, "rows_in")


def _against_previous(request: GateRequest, sources: str) -> str:
    return f"""
        with live as (select a.source, a.batch_id, b.as_of, a.used + a.excluded as n
                      from {{batch}} as a join dim_batch as b on b.batch_id = a.batch_id where {sources}),
        before as (select source, arg_max(n, as_of) as n from live
                   where as_of < date '{request.as_of}' group by source)
        select source as scope, live.n / nullif(before.n, 0) as value, before.n as rows
        from live join before using (source) where live.batch_id = {quoted(request.batch_id)}"""  # noqa: S608


def _marts(gates: Gates) -> list[Expectation]:
    forbidden = f"""
        select table_name || '.' || column_name as scope, 1 as value, (select count(*) from {{batch}}) as rows
        from information_schema.columns where table_schema = 'main'
        and regexp_matches(column_name, '(^|_)({PERSONAL}|{RESTRICTED})(_|$)')
        and not (column_name like '%\\_masked' escape '\\' and table_name not like 'mart%')"""  # noqa: S608
    return [*rows(gates["not_empty"]), *measure(gates["no_personal_columns"], forbidden)]
