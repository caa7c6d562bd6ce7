"""The gate: nothing is published that it has not passed.

Here: one call that measures a run and writes down what it found.  Not here: what is measured (suites_*.py),
thresholds (reference/gates/gates.yml), publishing (warehouse/).
"""

import json
import threading
import time
from pathlib import Path

import duckdb

from expectations.report import GateReport, meta_quality_path
from expectations.request import GateRequest, files_as_sql, view_name

NO_QUARANTINE = "select null::varchar as reason_code where false"


def warm_up() -> threading.Thread:
    """Start importing the validation library in the background; joining the thread is not needed.

    The import costs seconds of one core and no data: begin it while files are still being read.
    """
    thread = threading.Thread(target=_import_library, name="gate-warm-up", daemon=True)
    thread.start()
    return thread


def run_gate(request: GateRequest) -> GateReport:
    """Return the outcome of every expectation on the layers of the request.

    Writes `gate/meta_quality.parquet` and one JSON per suite under the run's folder, and Data Docs if asked.
    The lake is read through views of a throwaway database, the candidate in place and read-only; no rows are
    brought into Python.  Raises nothing for bad data: see `GateReport.verdict`.
    """
    started = time.perf_counter()
    from expectations.validate import validate

    folder = request.folder / "gate"
    folder.mkdir(parents=True, exist_ok=True)
    views = _make_views(request, folder / "views.duckdb")
    results, documents, tallies = validate(request, views)
    views.unlink()
    report = GateReport(request.run_id, results, time.perf_counter() - started, tallies)
    for suite, document in documents.items():
        text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True, default=str)
        (folder / f"{suite}.json").write_text(text, encoding="utf-8")
    report.frame().write_parquet(meta_quality_path(request.folder))
    return report


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
