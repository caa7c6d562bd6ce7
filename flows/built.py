"""The published warehouse as the beginning of the next one: `lake/built.json`.

Here: what the published file was loaded of, and believing it while that file is what this very program wrote.
Not here: what of it stays (warehouse/exchange.py), the build (warehouse/build.py).
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from flows.home import Home
from flows.manifest import read_sealed, write_sealed
from flows.settings import code_version
from warehouse.build import BatchFiles, Exchange
from warehouse.exchange import Loaded, as_loaded, plan_exchange
from warehouse.publish import published_file, published_sum

LOADED = "loaded.json"


def tell_loaded(home: Home, folder: Path, batches: Sequence[BatchFiles]) -> None:
    """Write beside a candidate, before it is built, what it is loaded with."""
    told = [_told(home, as_loaded(batch, home.known.hash)) for batch in batches]
    write_sealed(folder / LOADED, {"batches": told}, durable=False)


def note_built(home: Home, folder: Path) -> None:
    """Record that the file just published was the candidate of this folder.

    Nothing depends on it: without a record the next warehouse is built anew.
    """
    with suppress(OSError):
        if told := read_sealed(folder / LOADED):
            write_sealed(_note(home), {**_written(home), **told}, durable=False)


def find_exchange(home: Home, batches: Sequence[BatchFiles]) -> Exchange | None:
    """Return how the published warehouse becomes that of these batches; None if it is to be built anew.

    Anew if another program wrote it, or nobody knows of what (a rollback took it back, a process died before
    it told), and where `plan_exchange` says so.
    """
    with suppress(OSError):
        note = read_sealed(_note(home)) or {}
        told = note.pop("batches", None)
        if told is not None and note == _written(home) and note["warehouse"]:
            before = [_loaded(home, one) for one in told]
            return plan_exchange(published_file(home.root), before, batches, home.known.hash)
    return None


def _written(home: Home) -> dict[str, str | None]:
    return {"program": f"{code_version()} duckdb {duckdb.__version__}", "warehouse": published_sum(home.root)}


def _told(home: Home, batch: Loaded) -> dict[str, Any]:
    pieces = [[*content, str(path.relative_to(home.root)), size]
              for content, (path, size) in batch.pieces.items()]  # fmt: skip
    return {"batch_id": batch.batch_id, "as_of": str(batch.as_of), "cities": batch.cities, "pieces": pieces}


def _loaded(home: Home, told: dict[str, Any]) -> Loaded:
    pieces = {
        (firms, hits, targets): (home.root / path, size)
        for firms, hits, targets, path, size in told["pieces"]
    }
    return Loaded(told["batch_id"], date.fromisoformat(told["as_of"]), tuple(told["cities"]), pieces)


def _note(home: Home) -> Path:
    return home.root / "lake" / "built.json"
