"""Published batches in the lake: the pointer files that say which run's curated files are the truth.

Here: reading and writing `lake/batches/<as_of>.json`.  Not here: the warehouse file (warehouse/).
"""

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from flows.home import Home
from flows.manifest import write_json
from warehouse.build import BatchFiles, BatchRecord

TABLES = ("enterprises", "rule_hits", "visit_targets", "link_conflicts")


@dataclass(frozen=True)
class Pointer:
    """One published batch: its record, the register cities it holds, and its run."""

    record: BatchRecord
    units: tuple[str, ...]


def write_pointer(home: Home, pointer: Pointer) -> Path:
    """Name the pointer's run as the truth of its date, atomically."""
    path = home.batches / f"{pointer.record.as_of}.json"
    write_json(path, {"record": asdict(pointer.record), "units": list(pointer.units)})
    return path


def read_pointers(home: Home) -> list[Pointer]:
    """Return the published batches, oldest first."""
    return [
        _pointer(json.loads(path.read_text(encoding="utf-8"))) for path in sorted(home.batches.glob("*.json"))
    ]


def batch_files(home: Home, pointer: Pointer) -> BatchFiles:
    """Return the curated files of a batch, as the warehouse build wants them."""
    record = pointer.record
    tables = {
        table: tuple(home.curated(table, record.as_of, city, record.run_id) for city in pointer.units)
        for table in TABLES
    }
    folder = home.run(record.run_id)
    quality = folder / "gate" / "meta_quality.parquet"
    return BatchFiles(
        record,
        enterprises=tables["enterprises"],
        rule_hits=tables["rule_hits"],
        visit_targets=tables["visit_targets"],
        account=(folder / "account.parquet",),
        quality=(quality,) if quality.exists() else (),
    )


def drop_other_runs(home: Home, pointer: Pointer) -> None:
    """Remove curated files of the same date that other runs wrote: only the published run is the truth."""
    for table in TABLES:
        partition = home.root / "lake" / "curated" / table / f"as_of={pointer.record.as_of}"
        for path in partition.glob("city=*/*.parquet"):
            if (
                path.stem != pointer.record.run_id
                or path.parent.name.removeprefix("city=") not in pointer.units
            ):
                path.unlink()


def _pointer(raw: dict[str, Any]) -> Pointer:
    record = raw["record"]
    fields = {
        **record,
        "as_of": date.fromisoformat(record["as_of"]),
        "published_at": datetime.fromisoformat(record["published_at"]),
        "cities": tuple(record["cities"]),
    }
    return Pointer(BatchRecord(**fields), tuple(raw["units"]))
