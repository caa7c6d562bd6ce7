"""Running suites through Great Expectations, and reading its answers.

Here: one ephemeral context, its two DuckDB sources, the translation of results.  Not here: what is expected.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

import expectations.gxduck  # noqa: F401
from expectations.checks import Suites
from expectations.library import EphemeralDataContext, Expectation, ProgressBarsConfig, SQLDatasource, gx
from expectations.report import GateResult, Outcome
from expectations.request import GateRequest, view_name
from expectations.suites_candidate import candidate_suites
from expectations.suites_curated import curated_suites
from expectations.suites_staged import staged_suites
from reference.gates import Gate, load_gates

Documents = dict[str, dict[str, Any]]
BUILDERS: tuple[Callable[[Mapping[str, Gate], GateRequest], Suites], ...] = (
    staged_suites,
    curated_suites,
    candidate_suites,
)


def validate(request: GateRequest, views: Path) -> tuple[list[GateResult], Documents]:
    """Return one result per expectation, and the library's own JSON per suite."""
    gates = load_gates()
    context = _context(request)
    suites = {name: checks for build in BUILDERS for name, checks in build(gates, request).items()}
    lake = {view_name(n): (n, c) for n, c in suites.items() if not n.startswith("candidate.")}
    house = {n.removeprefix("candidate."): (n, c) for n, c in suites.items() if n.startswith("candidate.")}
    results, documents = _validate_database(context, views, lake)
    if request.candidate is not None:
        more_results, more_documents = _validate_database(context, request.candidate, house)
        results, documents = results + more_results, documents | more_documents
    if request.data_docs:
        context.build_data_docs()
    return results, documents


def _context(request: GateRequest) -> EphemeralDataContext:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    for site in list(context.get_site_names()):
        context.delete_data_docs_site(site)
    if request.data_docs:
        folder = str((request.folder / "data_docs").resolve())
        store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": folder}
        site = {"class_name": "SiteBuilder", "store_backend": store,
                "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"}}  # fmt: skip
        context.add_data_docs_site(site_name="gate", site_config=site)
    return context


def _validate_database(
    context: EphemeralDataContext, database: Path, suites: Mapping[str, tuple[str, Sequence[Expectation]]]
) -> tuple[list[GateResult], Documents]:
    url = sa.URL.create("duckdb+gx", database=str(database.resolve())).render_as_string()
    options = {"connect_args": {"read_only": True}}
    source = context.data_sources.add_sql(
        database.stem, connection_string=url.replace("$", r"\$"), kwargs=options
    )
    results: list[GateResult] = []
    documents: Documents = {}
    try:
        present = _tables(source.get_engine())
        for table, (name, checks) in suites.items():
            if table not in present:
                results.append(_absent(name))
                continue
            documents[name] = _run_suite(context, source, table, name, checks)
            results += _read_results(name, documents[name], len(checks))
    finally:
        # An engine left open would lock the candidate against its own publication.
        source.get_execution_engine().engine.dispose()
        source.get_engine().dispose()
    return results, documents


def _tables(engine: sa.Engine) -> set[str]:
    query = "select table_name from information_schema.tables where table_schema = 'main'"
    with engine.connect() as connection:
        return set(connection.execute(sa.text(query)).scalars())


def _run_suite(
    context: EphemeralDataContext,
    source: SQLDatasource,
    table: str,
    name: str,
    checks: Sequence[Expectation],
) -> dict[str, Any]:
    asset = source.add_table_asset(name, table_name=table)
    batch = asset.add_batch_definition_whole_table("whole")
    suite = context.suites.add(gx.ExpectationSuite(name=name, expectations=list(checks)))
    definition = gx.ValidationDefinition(name=name, data=batch, suite=suite)
    outcome = context.validation_definitions.add(definition).run(result_format="SUMMARY")
    document: dict[str, Any] = outcome.to_json_dict()
    return document


def _absent(suite: str) -> GateResult:
    return GateResult(suite, "not_empty", None, "failed", "the table does not exist", None, "error")


def _read_results(suite: str, document: dict[str, Any], expected: int) -> list[GateResult]:
    results = [_read_result(suite, r) for r in document["results"]]
    if len(results) != expected:
        message = f"{len(results)} answers to {expected} expectations"
        results.append(GateResult(suite, "all_answered", None, "errored", message, None, "error"))
    columns_missing = any(r.expectation == "columns_present" and r.outcome == "failed" for r in results)
    return [_for_want_of_columns(r) if columns_missing else r for r in results]


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
        expectation=tags["gate"],
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
