"""Published batches in the lake: which run's curated files are the truth of each date.

Here: `lake/batches/<as_of>.json`, one pointer per batch, always what the published warehouse holds;
`lake/batches/<run_id>/`, the record and small files of a run that later builds and questions need.
Not here: the warehouse file (warehouse/).
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from flows import journal
from flows.evidence_store import EVIDENCE_KEPT, drop_evidence
from flows.home import Home
from flows.kept_files import record_files
from flows.manifest import read_sealed, write_sealed
from flows.progress import say
from reference.errors import GUIDE, EnvironmentProblem, InputProblem
from warehouse.build import BatchFiles, BatchRecord
from warehouse.publish import Version, history, published_file, require_published_whole, rollback
from warehouse.read import read_batches

WORK_KEPT = 2
"""Published runs that keep their work folder: a version and the one it replaced."""
TABLES = ("enterprises", "rule_hits", "visit_targets")
"""The curated tables that the warehouse is built of; places and link_conflicts stay in the lake."""
_MENDED = "the next run or feedback writes it anew from the published warehouse"
_FROM_BACKUP = (
    f"put it back from the backup ({GUIDE}), or remove it: the batch is then not compared with that version"
)


@dataclass(frozen=True)
class Pointer:
    """One published batch: its record, the register cities it holds, and its run."""

    record: BatchRecord
    units: tuple[str, ...]


def read_pointers(home: Home) -> list[Pointer]:
    """Return the published batches, oldest first; EnvironmentProblem if a pointer is damaged."""
    return [_read_pointer(path, _MENDED) for path in sorted(home.batches.glob("*.json"))]


def follow_warehouse(home: Home, why: str = "the published warehouse holds it") -> None:
    """Let the pointers name exactly the batches of the published warehouse.

    The swap of the warehouse is the one atomic moment of a publication or a rollback; the pointers follow
    it, and so does the journal. Whoever writes calls this first, so a process that died in between leaves
    nothing wrong behind. EnvironmentProblem if the published file is damaged.
    """
    warehouse = published_file(home.root)
    if not warehouse.exists():
        return
    require_published_whole(home.root)
    wanted = [_published(home, row) for row in reversed(read_batches(warehouse))]
    journal.follow(home, [pointer.record for pointer in wanted], why)
    if _agree(home, wanted):
        return
    for pointer in wanted:
        write_sealed(home.batches / f"{pointer.record.as_of}.json", _as_json(pointer))
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
        follow_warehouse(home, f"rollback to {to}")
    return version


def find_pointer(home: Home, batch_id: str | None) -> Pointer:
    """Return a published batch, the newest if none is named; InputProblem lists those there are."""
    pointers = read_pointers(home)
    found = [p for p in pointers if batch_id in (None, p.record.batch_id)]
    if not found:
        known = ", ".join(p.record.batch_id for p in pointers) or "none"
        raise InputProblem(f"{home.root}: batch {batch_id or ''} is not published; published: {known}")
    return found[-1]


def close_batch(home: Home, batch_id: str, why: str) -> Pointer:
    """Close a published batch: from now on no other version of it can be made."""
    kept_versions(home)
    with home.locked():
        follow_warehouse(home)
        pointer = find_pointer(home, batch_id)
        journal.record(home, pointer.record, "closed", why)
    return pointer


def require_open(home: Home, batch_id: str, run_id: str) -> None:
    """InputProblem if the batch is closed and this run is not the version that was."""
    states = journal.last_states(home)
    shut = [p for p in read_pointers(home) if p.record.batch_id == batch_id]
    for pointer in shut:
        if states.get(pointer.record.run_id) == "closed" and pointer.record.run_id != run_id:
            raise InputProblem(
                f"batch {batch_id} is closed 已关闭 (version {pointer.record.version}, run "
                f"{pointer.record.run_id}); its list may not change any more. Correct it in the next batch, "
                f"or roll back to a version before it (zoufang history)"
            )


def require_whole(home: Home, as_of: date, cities: Sequence[str]) -> None:
    """Refuse to let a run for some cities replace a published batch of the whole province."""
    same_day = [p for p in read_pointers(home) if p.record.as_of == as_of]
    if cities and any(not p.record.cities for p in same_day):
        raise InputProblem(
            f"batch {same_day[0].record.batch_id} is already published for the whole province; a run for "
            f"{', '.join(cities)} would shrink it. Leave --city out, or choose another --as-of"
        )


def version_before(home: Home, record: BatchRecord) -> Pointer | None:
    """Return the published version of the batch that this one replaces; None if there is none in the lake."""
    earlier = [
        run for version, run in journal.versions_of(home, record.batch_id).items() if version < record.version
    ]
    path = home.batches / earlier[-1] / "record.json" if earlier else None
    return _read_pointer(path, _FROM_BACKUP) if path and path.exists() else None


def batch_files(home: Home, pointer: Pointer) -> BatchFiles:
    """Return the files of a published batch, as the warehouse build wants them."""
    kept = home.batches / pointer.record.run_id
    return BatchFiles(
        pointer.record,
        **curated_files(home, pointer),
        account=(kept / "account.parquet",),
        quality=(kept / "quality.parquet",),
        changes=_known_changes(home, pointer),
    )


def replaced_or_before(home: Home, pointer: Pointer, pointers: Sequence[Pointer]) -> list[Pointer]:
    """Return what a batch is compared with: the batch before it among `pointers`, the version it replaces."""
    earlier = [p for p in pointers if p.record.as_of < pointer.record.as_of]
    replaced = version_before(home, pointer.record)
    return [*sorted(earlier, key=lambda p: p.record.as_of)[-1:], *([replaced] if replaced else [])]


def changes_path(home: Home, before: Pointer, after: Pointer) -> Path:
    """Return where the changes between two lists lie, in the later one's folder."""
    name = f"changes-{before.record.run_id}-v{before.record.version}-v{after.record.version}.parquet"
    return home.batches / after.record.run_id / name


def curated_files(home: Home, pointer: Pointer) -> dict[str, tuple[Path, ...]]:
    """Return the curated files of a batch by table."""
    record = pointer.record
    return {
        table: tuple(home.curated(table, record.as_of, city, record.run_id) for city in pointer.units)
        for table in TABLES
    }


def gated_files(home: Home, pointer: Pointer) -> dict[str, tuple[Path, ...]]:
    """Return what the curated suites look at, by its name there: curated files of a batch and conflicts."""
    record = pointer.record
    conflicts = [home.curated("link_conflicts", record.as_of, city, record.run_id) for city in pointer.units]
    tables = {**curated_files(home, pointer), "link_conflicts": tuple(p for p in conflicts if p.exists())}
    return {f"curated.{table}": files for table, files in tables.items()}


def keep_small_files(home: Home, pointer: Pointer, files: Mapping[str, Path]) -> None:
    """Copy what later builds need, by its name there, out of the run's folder: a fresh start empties it."""
    folder = home.batches / pointer.record.run_id
    folder.mkdir(parents=True, exist_ok=True)
    write_sealed(folder / "record.json", _as_json(pointer))
    for name, source in files.items():
        temporary = folder / f"{name}.tmp"
        shutil.copyfile(source, temporary)
        temporary.replace(folder / name)
    # The report is finished after this; no build reads it.
    read_again = [folder / name for name in files if not name.endswith(".json")]
    record_files(home, pointer.record.run_id, read_again)


def drop_unkept(home: Home, as_of: date) -> None:
    """Remove curated files of this date that no published version of the batch came from.

    Published lists are immutable, also those replaced or taken back. Of other dates only what is sure to be
    of no use: an unfinished run there may still be resumed. Nothing while a kept version cannot be read.
    """
    try:
        held = {row["run_id"] for version in history(home.root) for row in read_batches(version.path)}
    except EnvironmentProblem as problem:
        say(f"note: {problem}. As nobody can tell which files it is of, none is removed")
        return
    kept = journal.published_runs(home) | held
    gone = {folder.name for folder in home.batches.iterdir() if folder.is_dir()} - kept
    for path in (home.root / "lake" / "curated").glob("*/as_of=*/city=*/*.parquet"):
        same_date = path.parents[1].name == f"as_of={as_of}"
        if path.stem in gone or (same_date and path.stem not in kept):
            path.unlink()
    for run_id in gone:
        shutil.rmtree(home.batches / run_id)
    # What was being written when a run was stopped; another run may never write it again.
    for draft in sorted((home.root / "lake").rglob("*.tmp"), reverse=True):
        shutil.rmtree(draft) if draft.is_dir() else draft.unlink()
    _drop_work(home)
    drop_evidence(home, {*[p.record.run_id for p in read_pointers(home)[-EVIDENCE_KEPT:]], *_kept_runs(home)})


def _drop_work(home: Home) -> None:
    """Remove what only later steps read of all published runs but the newest, from which the next one links.

    A run that did not end keeps its own: it may be resumed.
    """
    public = journal.published_runs(home)
    folders = [folder for folder in home.runs.glob("*/work") if folder.parent.name in public]
    for folder in sorted(folders, key=lambda one: one.stat().st_mtime)[:-WORK_KEPT]:
        shutil.rmtree(folder)


def _published(home: Home, row: dict[str, Any]) -> Pointer:
    """Return the pointer of one row of dim_batch; its cities are those its run left curated files for."""
    cities = tuple(row["cities"].split(",")) if row["cities"] else ()
    fields = {**row, "cities": cities, "published_at": row["published_at"].replace(tzinfo=UTC)}
    record = BatchRecord(**fields)
    partition = home.root / "lake" / "curated" / TABLES[0] / f"as_of={record.as_of}"
    files = partition.glob(f"city=*/{record.run_id}.parquet")
    return Pointer(record, tuple(sorted(path.parent.name.removeprefix("city=") for path in files)))


def _agree(home: Home, wanted: list[Pointer]) -> bool:
    try:
        return wanted == read_pointers(home)
    except EnvironmentProblem:
        return False


def _read_pointer(path: Path, remedy: str) -> Pointer:
    raw = read_sealed(path)
    if raw is None:
        raise EnvironmentProblem(f"{path} is damaged; {remedy}")
    return _pointer(raw)


def _known_changes(home: Home, pointer: Pointer) -> tuple[Path, ...]:
    """The files of changes that the build of the published warehouse made."""
    others = replaced_or_before(home, pointer, read_pointers(home))
    paths = [changes_path(home, other, pointer) for other in others]
    return tuple(path for path in paths if path.exists())


def _kept_runs(home: Home) -> list[str]:
    return [version.run_id for version in history(home.root)]


def _as_json(pointer: Pointer) -> dict[str, Any]:
    return {"record": asdict(pointer.record), "units": list(pointer.units)}


def _pointer(raw: dict[str, Any]) -> Pointer:
    record = raw["record"]
    fields = {
        **record,
        "as_of": date.fromisoformat(record["as_of"]),
        "published_at": datetime.fromisoformat(record["published_at"]),
        "cities": tuple(record["cities"]),
    }
    return Pointer(BatchRecord(**fields), tuple(raw["units"]))
