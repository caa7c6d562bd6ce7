"""The gate: nothing is published that it has not passed.

Here: measuring a run, in one call or beside the building of its candidate, and writing down what was found.
Not here: what is measured (suites_*.py), thresholds (reference/gates/gates.yml), publishing (warehouse/).
"""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Self

import duckdb

from expectations.report import GateReport, meta_quality_path
from expectations.request import GateRequest, files_as_sql, view_name

if TYPE_CHECKING:
    from expectations.validate import Validation

NO_QUARANTINE = "select null::varchar as reason_code where false"


def warm_up() -> threading.Thread:
    """Start importing the validation library in the background; joining the thread is not needed.

    The import costs seconds of one core and no data: begin it while files are still being read.
    """
    thread = threading.Thread(target=_import_library, name="gate-warm-up", daemon=True)
    thread.start()
    return thread


def run_gate(request: GateRequest) -> GateReport:
    """Return the outcome of every expectation on the layers of the request; see Gate."""
    with Gate(request) as gate:
        return gate.finish()


class Gate:
    """A gate under way: the lake is measured in a thread from the beginning, the candidate at the end.

    So the candidate may be built meanwhile.  Leaving the `with` early, whatever the reason, ends the thread
    after the suite it is at and the table that is being counted: seconds in a province.
    The lake is read through views of a throwaway database, the candidate in place and read-only; no rows are
    brought into Python.
    """

    def __init__(self, request: GateRequest) -> None:
        self._request = request
        self._stopped = threading.Event()
        self._pool = ThreadPoolExecutor(1, "gate-lake")
        self._lake = self._pool.submit(self._run_lake)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._pool.shutdown()

    def finish(self) -> GateReport:
        """Wait for the lake, measure the candidate; return the outcome of every expectation.  Call it once.

        Writes `gate/meta_quality.parquet` and one JSON per suite under the run's folder, and Data Docs if
        asked.  Raises nothing for bad data: see `GateReport.verdict`; what broke in the thread is raised
        here.
        """
        validation, seconds = self._lake.result()
        started = time.perf_counter()
        request = self._request
        if request.candidate is not None:
            validation.run_candidate(request.candidate)
        results, documents, tallies = validation.tell()
        seconds += time.perf_counter() - started
        report = GateReport(request.run_id, results, seconds, tallies)
        for suite, document in documents.items():
            text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True, default=str)
            (request.folder / "gate" / f"{suite}.json").write_text(text, encoding="utf-8")
        report.frame().write_parquet(meta_quality_path(request.folder))
        return report

    def _run_lake(self) -> tuple["Validation", float]:
        """Return what was measured so far, and the seconds it took."""
        started = time.perf_counter()
        from expectations.validate import Validation

        folder = self._request.folder / "gate"
        folder.mkdir(parents=True, exist_ok=True)
        views = _make_views(self._request, folder / "views.duckdb")
        validation = Validation(self._request)
        validation.run_lake(views, self._stopped.is_set)
        views.unlink()
        return validation, time.perf_counter() - started


def _import_library() -> None:
    import expectations.validate  # noqa: F401


def _make_views(request: GateRequest, path: Path) -> Path:
    path.unlink(missing_ok=True)
    tables = {table: files for table, files in request.tables.items() if files}
    with duckdb.connect(str(path)) as connection:
        for table, files in tables.items():
            source = f"from read_parquet({files_as_sql(files)}, union_by_name = true)"
            connection.execute(f"create view {view_name(table)} as {source}")
        for source in request.layer("staged").keys() - request.layer("quarantine").keys():
            connection.execute(f"create view quarantine_{source} as {NO_QUARANTINE}")
    return path
