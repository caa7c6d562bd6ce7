"""The published warehouse as the beginning of the next one: `lake/built.json`.

Here: believing that the published file is what this very program would build of the published batches.
Not here: what of it stays (warehouse/exchange.py), the build (warehouse/build.py).
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from flows.batches import curated_files, read_pointers
from flows.home import Home
from flows.kept_files import damaged_files
from flows.manifest import read_sealed, write_sealed
from flows.settings import code_version
from warehouse.build import BatchFiles, Exchange
from warehouse.exchange import plan_exchange
from warehouse.publish import published_file, published_sum


def note_built(home: Home) -> None:
    """Record that the file just published was built by this program of the batches the pointers name."""
    write_sealed(_note(home), _built(home), durable=False)


def find_exchange(home: Home, batches: Sequence[BatchFiles]) -> Exchange | None:
    """Return how the published warehouse becomes that of these batches; None if it is to be built anew.

    Anew if another program wrote it, or none (a rollback took it back), if a file is gone or damaged whose
    rows would have to go, or if most of it would.
    """
    if read_sealed(_note(home)) != _built(home):
        return None
    pointers = read_pointers(home)
    before = [BatchFiles(pointer.record, **curated_files(home, pointer)) for pointer in pointers]
    try:
        exchange = plan_exchange(published_file(home.root), before, batches, home.known.hash)
    except FileNotFoundError:
        return None
    runs = {pointer.record.batch_id: pointer.record.run_id for pointer in pointers}
    gone = exchange.gone if exchange else {}
    if any(path for name, files in gone.items() for path in damaged_files(home, runs[name], files)):
        return None
    return exchange


def _built(home: Home) -> dict[str, str | None]:
    return {"program": f"{code_version()} duckdb {duckdb.__version__}", "warehouse": published_sum(home.root)}


def _note(home: Home) -> Path:
    return home.root / "lake" / "built.json"
