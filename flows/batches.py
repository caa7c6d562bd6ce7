"""Published batches in the lake: which run's curated files are the truth of each date.

Here: `lake/batches/<as_of>.json`, one pointer per batch, always what the published warehouse holds;
`lake/batches/<run_id>/`, the small files of a run that later builds need.
Not here: the warehouse file (warehouse/).
"""

import json
import shutil
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from flows.home import Home
from flows.manifest import write_json
from reference.errors import InputProblem
from warehouse.build import BatchFiles, BatchRecord
from warehouse.publish import Version, history, published_file, rollback
from warehouse.read import read_batches

TABLES = ("enterprises", "rule_hits", "visit_targets")
"""The curated tables that the warehouse is built of; places and link_conflicts stay in the lake."""


@dataclass(frozen=True)
class Pointer:
    """One published batch: its record, the register cities it holds, and its run."""

    record: BatchRecord
    units: tuple[str, ...]


def read_pointers(home: Home) -> list[Pointer]:
    """Return the published batches, oldest first."""
    return [
        _pointer(json.loads(path.read_text(encoding="utf-8"))) for path in sorted(home.batches.glob("*.json"))
    ]


def follow_warehouse(home: Home) -> None:
    """Let the pointers name exactly the batches of the published warehouse.

    The swap of the warehouse is the one atomic moment of a publication or a rollback; the pointers follow
    it. Whoever writes calls this first, so a process that died in between leaves nothing wrong behind.
    """
    warehouse = published_file(home.root)
    if not warehouse.exists():
        return
    wanted = [_published(home, row) for row in reversed(read_batches(warehouse))]
    if wanted == read_pointers(home):
        return
    for pointer in wanted:
        content = {"record": asdict(pointer.record), "units": list(pointer.units)}
        write_json(home.batches / f"{pointer.record.as_of}.json", content)
    days = {str(pointer.record.as_of) for pointer in wanted}
    for path in home.batches.glob("*.json"):
        if path.stem not in days:
            path.unlink()


def kept_versions(home: Home) -> list[Version]:
    """Return the kept versions of the warehouse, newest first; InputProblem if the folder holds none."""
    versions = history(home.root)
    if not versions:
        raise InputProblem(f"{home.root}: nothing was ever published here; check --home, or run a batch")
    return versions


def go_back(home: Home, to: str) -> Version:
    """Publish a kept version again, and make the lake agree: later runs build on the batches it holds."""
    kept_versions(home)
    with home.locked():
        version = rollback(home.root, to)
        follow_warehouse(home)
    return version


def batch_files(home: Home, pointer: Pointer) -> BatchFiles:
    """Return the files of a published batch, as the warehouse build wants them."""
    kept = home.batches / pointer.record.run_id
    return BatchFiles(
        pointer.record,
        **curated_files(home, pointer),
        account=(kept / "account.parquet",),
        quality=(kept / "quality.parquet",),
    )


def curated_files(home: Home, pointer: Pointer) -> dict[str, tuple[Path, ...]]:
    """Return the curated files of a batch by table."""
    record = pointer.record
    return {
        table: tuple(home.curated(table, record.as_of, city, record.run_id) for city in pointer.units)
        for table in TABLES
    }


def keep_small_files(home: Home, run_id: str, account: Path, quality: Path) -> None:
    """Copy what later builds need out of the run's folder, which the same run may empty to start afresh."""
    folder = home.batches / run_id
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in (("account", account), ("quality", quality)):
        temporary = folder / f"{name}.tmp"
        shutil.copyfile(source, temporary)
        temporary.replace(folder / f"{name}.parquet")


def drop_unkept(home: Home, as_of: date) -> None:
    """Remove curated files that no kept version of the warehouse came from.

    Of other dates only those of runs once published: an unfinished run there may still be resumed.
    """
    kept = {row["run_id"] for version in history(home.root) for row in read_batches(version.path)}
    gone = {folder.name for folder in home.batches.iterdir() if folder.is_dir()} - kept
    for path in (home.root / "lake" / "curated").glob("*/as_of=*/city=*/*.parquet"):
        same_date = path.parents[1].name == f"as_of={as_of}"
        if path.stem in gone or (same_date and path.stem not in kept):
            path.unlink()
    for run_id in gone:
        shutil.rmtree(home.batches / run_id)


def _published(home: Home, row: dict[str, Any]) -> Pointer:
    """Return the pointer of one row of dim_batch; its cities are those its run left curated files for."""
    cities = tuple(row["cities"].split(",")) if row["cities"] else ()
    fields = {**row, "cities": cities, "published_at": row["published_at"].replace(tzinfo=UTC)}
    record = BatchRecord(**fields)
    partition = home.root / "lake" / "curated" / TABLES[0] / f"as_of={record.as_of}"
    files = partition.glob(f"city=*/{record.run_id}.parquet")
    return Pointer(record, tuple(sorted(path.parent.name.removeprefix("city=") for path in files)))


def _pointer(raw: dict[str, Any]) -> Pointer:
    record = raw["record"]
    fields = {
        **record,
        "as_of": date.fromisoformat(record["as_of"]),
        "published_at": datetime.fromisoformat(record["published_at"]),
        "cities": tuple(record["cities"]),
    }
    return Pointer(BatchRecord(**fields), tuple(raw["units"]))
