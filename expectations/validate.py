"""Running suites through Great Expectations.

Here: one ephemeral context and its two DuckDB sources.
Not here: what is expected (suites_*.py), the reading of answers (answers.py).
"""

import logging
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import takewhile
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
Asked = Iterable[tuple[str, Sequence[Expectation]]]
BUILDERS: tuple[Callable[[Mapping[str, Gate], GateRequest], Suites], ...] = (
    staged_suites,
    curated_suites,
    candidate_suites,
)


class Validation:
    """The suites of one request: those of the lake are run, then those of the candidate, then all is told.

    The library's context serves one thread at a time; the next call may come from another one.
    """

    def __init__(self, request: GateRequest) -> None:
        gates = load_gates()
        self._request = request
        self._context = _context(request)
        self._suites = {name: checks for build in BUILDERS for name, checks in build(gates, request).items()}
        self._documents = _recalled(self._context, request, self._suites)
        self._tallies: dict[str, Tally] = {}

    def run_lake(self, views: Path, is_stopped: Callable[[], bool]) -> None:
        """Run the suites over a database of views; begin no further one once it is stopped."""
        asked = self._asked(of_candidate=False)
        ahead = Ahead(self._request, asked)
        try:
            wanted = takewhile(lambda _: not is_stopped(), asked.items())
            self._run("lake", views, wanted, {AHEAD: ahead})
        finally:
            self._tallies = ahead.close()

    def run_candidate(self, candidate: Path) -> None:
        """Run the suites over the candidate."""
        self._run("candidate", candidate, self._asked(of_candidate=True).items(), {})

    def tell(self) -> tuple[list[GateResult], Documents, dict[str, Tally]]:
        """Return one result per expectation, the library's own JSON per suite, what was counted by file."""
        results: list[GateResult] = []
        for name, checks in self._suites.items():
            found = self._documents.get(name)
            results += read_answers(name, found, len(checks)) if found is not None else [absent(name)]
        if self._request.data_docs:
            # It tells of a full disk page by page, with tracebacks; what is written next says it in one line.
            logging.getLogger("great_expectations.render.renderer.site_builder").setLevel(logging.CRITICAL)
            self._context.build_data_docs()
        return results, self._documents, self._tallies

    def _asked(self, *, of_candidate: bool) -> Suites:
        """Return the suites of lake or candidate whose answers are not known."""
        return {
            suite: checks
            for suite, checks in self._suites.items()
            if suite.startswith("candidate.") == of_candidate and suite not in self._documents
        }

    def _run(self, name: str, database: Path, suites: Asked, options: Mapping[str, object]) -> None:
        """Run suites over a database whose engine is given the options; leave out those without a table."""
        path = str(database.resolve())
        url = sa.URL.create("duckdb+gx", database=path).render_as_string().replace("$", r"\$")
        reading = {"connect_args": {"read_only": True}}
        source = self._context.data_sources.add_sql(name, connection_string=url, kwargs=reading)
        try:
            present = _tables(source.get_engine())
            source.get_execution_engine().engine.update_execution_options(**options)
            for suite, checks in suites:
                table = view_name(suite.removeprefix("candidate."))
                if table in present:
                    asset = source.add_table_asset(suite, table_name=table)
                    batch = asset.add_batch_definition_whole_table("whole")
                    self._documents[suite] = _run_suite(
                        self._context, batch, suite, checks, self._request.run_id
                    )
        finally:
            # An engine left open would lock the candidate against its own publication.
            source.get_execution_engine().engine.dispose()
            source.get_engine().dispose()


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
