"""The monthly reconciliation (月度对账): published headlines against the lake and the facts they come from.

Here: which batches and files.  Not here: how a figure is counted anew (warehouse/ask/reconcile.sql).
"""

from typing import Any

import duckdb

from flows.batches import Pointer, curated_files, read_pointers
from flows.home import Home
from flows.kept_files import require_undamaged
from reference.errors import EnvironmentProblem, InputProblem
from warehouse.publish import published_file
from warehouse.read import ask, read_batches

Row = dict[str, Any]


class ReconcileError(Exception):
    """A published headline is not what its firms and events add up to; the text names each figure."""


def reconcile(home: Home) -> list[Row]:
    """Return batch_id, figure, published, by_city and recounted for each published batch and headline.

    ReconcileError if any of the three differ, or lake and warehouse do not hold the same batches;
    InputProblem if nothing is published, EnvironmentProblem if curated files are gone or damaged.
    """
    pointers = read_pointers(home)
    if not pointers:
        raise InputProblem(f"{home.root}: nothing was ever published here; check the folder, or run a batch")
    named = {pointer.record.run_id for pointer in pointers}
    held = {row["run_id"] for row in read_batches(published_file(home.root))}
    rows = [row for pointer in pointers for row in _batch_rows(home, pointer)]
    wrong = [_line(row) for row in rows if not row["published"] == row["by_city"] == row["recounted"]]
    if named != held:
        wrong.append(f"  lake/batches names runs {sorted(named)}, the warehouse holds {sorted(held)}")
    if wrong:
        raise ReconcileError("\n".join(["published headlines are off 对账不符:", *wrong]))
    return rows


def _batch_rows(home: Home, pointer: Pointer) -> list[Row]:
    files = curated_files(home, pointer)
    paths = [*files["visit_targets"], *files["enterprises"]]
    for path in paths:
        if not path.is_file():
            raise EnvironmentProblem(f"{path} is gone; put lake/ back from the backup (docs/operations.md)")
    batch = pointer.record
    asked = {
        "batch_id": batch.batch_id,
        "targets": list(map(str, files["visit_targets"])),
        "enterprises": list(map(str, files["enterprises"])),
    }
    try:
        found = ask(published_file(home.root), "reconcile", asked)
    except duckdb.Error:
        # Figures are counted from whatever can be read; what cannot is named by its hash.
        require_undamaged(home, batch.batch_id, batch.run_id, paths)
        raise
    return [{"batch_id": batch.batch_id, **row} for row in found]


def _line(row: Row) -> str:
    return (
        f"  {row['batch_id']} {row['figure']}: published {row['published']}, its cities {row['by_city']}, "
        f"counted anew {row['recounted']}"
    )
