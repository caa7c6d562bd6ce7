"""The suite of the row account (行数账): every input row accounted for once, and no delivery cut short.

Here: balance, agreement with the files, comparison with the batch before.  Not here: thresholds (gates.yml).
"""

from collections.abc import Mapping

from expectations.checks import measure, rows, violations
from expectations.declared import as_declared
from expectations.library import Expectation
from expectations.request import GateRequest, files_as_sql, quoted
from reference.gates import Gate

Gates = Mapping[str, Gate]

IN_BATCHES = "batch_id not in (select batch_id from dim_batch)"
SETTLED = ("used", "superseded", "out_of_scope", "excluded", "quarantined")


def account_suite(gates: Gates, request: GateRequest) -> list[Expectation]:
    """Return the expectations of `meta_row_account`."""
    gap = f"""
        select batch_id || ' ' || source as scope, rows_in - ({" + ".join(SETTLED)}) as value, rows_in as rows
        from {{batch}} order by abs(value) desc limit 100"""  # noqa: S608
    register, lists = "a.source = 'registry'", "a.source <> 'registry'"
    return [
        *as_declared(gates, "meta_row_account"),
        *rows(gates["not_empty"]),
        *violations(gates["references_resolve"], IN_BATCHES, "batch_id"),
        *violations(gates["values_in_range"], f"least({', '.join(SETTLED)}) < 0", ", ".join(SETTLED)),
        *measure(gates["row_account_balances"], gap, "rows_in"),
        *_of_files(gates, request),
        *measure(gates["rows_vs_previous_register"], _over_previous(request, register), "used, excluded"),
        *measure(gates["rows_vs_previous_lists"], _over_previous(request, lists), "used, excluded"),
    ]


def _of_files(gates: Gates, request: GateRequest) -> list[Expectation]:
    counts = [
        f"({quoted(source)}, (select count(*) from read_parquet({files_as_sql(files)})))"  # noqa: S608
        for layer in ("staged", "quarantine")
        for source, files in request.layer(layer).items()
    ]
    if not counts:
        return []
    query = f"""
        with parts(source, n) as (values {", ".join(counts)}),
        files as (select source, sum(n) as n from parts group by source),
        account as (from {{batch}} where batch_id = {quoted(request.batch_id)})
        select source as scope, files.n - coalesce(account.rows_in, 0) as value, files.n as rows
        from files left join account using (source)"""  # noqa: S608
    return measure(gates["row_account_matches_files"], query, "rows_in")


def _over_previous(request: GateRequest, sources: str) -> str:
    # Only against a batch of the same scope and cities: one city never stands against the whole province.
    return f"""
        with live as (
            select a.source, a.batch_id, b.as_of, b.scope, b.cities, a.used + a.excluded as n
            from {{batch}} as a join dim_batch as b on b.batch_id = a.batch_id where {sources}),
        now as (from live where batch_id = {quoted(request.batch_id)}),
        before as (
            select live.source, arg_max(live.n, live.as_of) as n
            from live join now on live.source = now.source and live.as_of < now.as_of
            where live.scope = now.scope and live.cities is not distinct from now.cities group by live.source)
        select source as scope, now.n / nullif(before.n, 0) as value, before.n as rows
        from now join before using (source)"""  # noqa: S608
