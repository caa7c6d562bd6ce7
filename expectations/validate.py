"""Running suites through Great Expectations.

Here: one ephemeral context and its two DuckDB sources.
Not here: what is expected (suites_*.py), the reading of answers (answers.py).
"""

import logging
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

import expectations.gxduck  # noqa: F401
from expectations.ahead import Ahead
from expectations.answers import absent, read_answers
from expectations.asking import AHEAD
from expectations.checks import Suites
from expectations.library import (
    BatchDefinition,
    DataContextConfig,
    EphemeralDataContext,
    Expectation,
    ExpectationSuiteIdentifier,
    ExpectationSuiteValidationResultSchema,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
    RunIdentifier,
    ValidationResultIdentifier,
    gx,
)
from expectations.report import GateResult
from expectations.request import GateRequest, Tally, view_name
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


def validate(request: GateRequest, views: Path) -> tuple[list[GateResult], Documents, dict[str, Tally]]:
    """Return one result per expectation, the library's own JSON per suite, and what was counted by file."""
    gates = load_gates()
    context = _context(request)
    suites = {name: checks for build in BUILDERS for name, checks in build(gates, request).items()}
    documents = _recalled(context, request, suites)
    ahead = Ahead(request, {suite: checks for suite, checks in suites.items() if suite not in documents})
    try:
        # The candidate first: nothing of it is counted ahead, so the counting gains on the library.
        for source, database in (("candidate", request.candidate), ("lake", views)):
            mine = {n: c for n, c in suites.items() if n.startswith("candidate.") == (source == "candidate")}
            if database is not None:
                asked = {suite: checks for suite, checks in mine.items() if suite not in documents}
                documents |= _run_suites(context, request.run_id, source, database, asked, ahead)
    finally:
        tallies = ahead.close()
    results: list[GateResult] = []
    for name, checks in suites.items():
        results += read_answers(name, documents[name], len(checks)) if name in documents else [absent(name)]
    if request.data_docs:
        # It tells of a full disk page by page, with tracebacks; what is written next says it in one line.
        logging.getLogger("great_expectations.render.renderer.site_builder").setLevel(logging.CRITICAL)
        context.build_data_docs()
    return results, documents, tallies


def _context(request: GateRequest) -> EphemeralDataContext:
    folder = request.folder.resolve() / "data_docs"
    shutil.rmtree(folder, ignore_errors=True)
    store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)}
    index = {"class_name": "DefaultSiteIndexBuilder"}
    site = {"class_name": "SiteBuilder", "store_backend": store, "site_index_builder": index}
    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        data_docs_sites={"gate": site} if request.data_docs else {},
        progress_bars=ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )
    return gx.get_context(mode="ephemeral", project_config=config)


def _recalled(context: EphemeralDataContext, request: GateRequest, suites: Suites) -> Documents:
    """Return the answers known before, and let the Data Docs show them beside the new ones."""
    known = {suite: request.known[suite] for suite in suites if suite in request.known}
    for suite, document in known.items():
        context.suites.add(gx.ExpectationSuite(name=suite, expectations=list(suites[suite])))
        result = ExpectationSuiteValidationResultSchema().load(document)
        identifier = ExpectationSuiteIdentifier(name=suite)
        context.validation_results_store.store_validation_results(
            suite_validation_result=result,
            suite_validation_result_identifier=ValidationResultIdentifier(
                expectation_suite_identifier=identifier,
                run_id=RunIdentifier(run_name=request.run_id),
                batch_identifier=f"lake-{suite}",
            ),
            expectation_suite_identifier=identifier,
        )
    return known


def _run_suites(
    context: EphemeralDataContext, run_id: str, name: str, database: Path, suites: Suites, ahead: Ahead
) -> Documents:
    url = sa.URL.create("duckdb+gx", database=str(database.resolve())).render_as_string().replace("$", r"\$")
    options = {"connect_args": {"read_only": True}}
    source = context.data_sources.add_sql(name, connection_string=url, kwargs=options)
    documents: Documents = {}
    try:
        present = _tables(source.get_engine())
        source.get_execution_engine().engine.update_execution_options(**{AHEAD: ahead})
        for suite, checks in suites.items():
            table = view_name(suite.removeprefix("candidate."))
            if table in present:
                asset = source.add_table_asset(suite, table_name=table)
                batch = asset.add_batch_definition_whole_table("whole")
                documents[suite] = _run_suite(context, batch, suite, checks, run_id)
    finally:
        # An engine left open would lock the candidate against its own publication.
        source.get_execution_engine().engine.dispose()
        source.get_engine().dispose()
    return documents


def _tables(engine: sa.Engine) -> set[str]:
    query = "select table_name from information_schema.tables where table_schema = 'main'"
    with engine.connect() as connection:
        return set(connection.execute(sa.text(query)).scalars())


def _run_suite(
    context: EphemeralDataContext,
    batch: BatchDefinition,
    name: str,
    checks: Sequence[Expectation],
    run_id: str,
) -> dict[str, Any]:
    suite = context.suites.add(gx.ExpectationSuite(name=name, expectations=list(checks)))
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(name=name, data=batch, suite=suite)
    )
    outcome = definition.run(result_format="SUMMARY", run_id=RunIdentifier(run_name=run_id))
    document: dict[str, Any] = outcome.to_json_dict()
    return document
