"""The verb `dispatch`: the published list of a batch as one workbook per township, with its manifest.

Here: what there is to do, what an attempt before has done, worker processes, the manifest last.
Not here: rows and workbooks (dispatch_units.py), summaries (dispatch_summary.py).

`dispatch/<batch>/manifest.json` names every file that counts.  A file appears by rename, then a line in
`journal.jsonl` says so; a killed dispatch goes on from the lines whose files still have their SHA-256.
The list of a run never changes, so dispatching it again makes nothing new; another run published under the
same batch id is the next version, with new file names, and the manifest before is kept.
"""

import json
import multiprocessing
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flows.batches import Pointer, batch_files, follow_warehouse, read_pointers
from flows.dispatch_summary import SummaryEntry, write_summary
from flows.dispatch_units import PartJob, UnitEntry, end_with_parent, write_part
from flows.home import Home
from flows.kept_files import require_undamaged
from flows.known_bytes import hash_file
from flows.manifest import combine, write_json
from reference.dispatch import load_list_layout
from reference.errors import EnvironmentProblem, InputProblem
from warehouse.items import listed_parts, write_items
from warehouse.publish import published_file

WORKERS = min(os.cpu_count() or 1, 8)


@dataclass(frozen=True)
class Dispatched:
    """What a dispatch came to: the manifest's content, and how many workbooks this call had to write."""

    folder: Path
    manifest: dict[str, Any]
    written: int

    @property
    def figures(self) -> dict[str, Any]:
        """Return the figures a program or a person wants: batch, version, files, rows, folder."""
        kept = {name: self.manifest[name] for name in ("batch_id", "version", "run_id", "rows")}
        workbooks = len(self.manifest["files"])
        return {**kept, "workbooks": workbooks, "written": self.written, "folder": str(self.folder)}


def dispatch(
    home: Path, batch_id: str | None = None, counties: Sequence[str] = (), workers: int = WORKERS
) -> Dispatched:
    """Write the workbooks of a published batch (the newest by default), or of some of its counties only.

    InputProblem if the batch is not published or a county has no targets in it.
    """
    installed = Home(home.resolve())
    if not published_file(installed.root).exists():
        raise InputProblem(f"{home}: nothing is published there 尚未发布; check --home, or run a batch first")
    with installed.locked():
        follow_warehouse(installed)
        pointer = _pointer(installed, batch_id)
        parts = _wanted_parts(installed, pointer, counties)
        return _dispatch(installed, pointer, parts, bool(counties), workers)


@dataclass(frozen=True)
class _Past:
    """What earlier calls left of a batch: manifest, whole files of this run by unit, the version before."""

    version: int
    key: str
    manifest: dict[str, Any]
    same_run: bool
    done: dict[str, UnitEntry]
    before: list[UnitEntry]

    def complete(self, folder: Path, parts: dict[str, int]) -> bool:
        """Whether the manifest is of this run, all its files hold, and it has every row of the parts."""
        if not self.same_run or len(self.done) != len(self.manifest["files"]):
            return False
        rows = sum(entry.rows for entry in self.done.values() if _part(entry) in parts)
        held = all(_holds(folder, s["file"], s["sha256"]) for s in self.manifest["summaries"])
        return held and rows == sum(parts.values())


def _past(folder: Path, run_id: str) -> _Past:
    manifest = _read_manifest(folder, "manifest.json")
    same_run = manifest.get("run_id") == run_id
    version = manifest["version"] if same_run else manifest.get("version", 0) + 1
    key = combine((run_id, str(version), load_list_layout().version))
    corrected = _read_manifest(folder, f"manifest_v{version - 1}.json") if same_run else manifest
    finished = [*_journalled(folder, key), *(_entries(manifest) if same_run else [])]
    done = {e.unit_code: e for e in finished if _intact(folder, e)}
    return _Past(version, key, manifest, same_run, done, _entries(corrected))


def _dispatch(home: Home, pointer: Pointer, parts: dict[str, int], some: bool, workers: int) -> Dispatched:
    folder = home.root / "dispatch" / pointer.record.batch_id
    past = _past(folder, pointer.record.run_id)
    if past.complete(folder, parts):
        return Dispatched(folder, past.manifest, 0)
    folder.mkdir(parents=True, exist_ok=True)
    with _staged(home, pointer, folder, parts if some else {}) as staged:
        largest_first = sorted(parts, key=lambda part: -parts[part])
        jobs = [_job(staged, part, folder, pointer, past) for part in largest_first]
        entries = _write_parts(jobs, workers)
    _require_rows(entries, sum(parts.values()))
    elsewhere = [entry for entry in past.done.values() if _part(entry) not in parts]
    every = sorted([*entries, *elsewhere], key=lambda e: (_part(e), e.unit_code))
    manifest = _manifest(pointer, past.version, every, _summaries(folder, every, pointer, home))
    if past.manifest and not past.same_run:
        write_json(folder / f"manifest_v{past.manifest['version']}.json", past.manifest)
    # The files' contents before the manifest that vouches for them, should the machine lose power.
    os.sync()
    write_json(folder / "manifest.json", manifest)
    (folder / "journal.jsonl").unlink(missing_ok=True)
    written = sum(past.done.get(entry.unit_code) != entry for entry in entries)
    return Dispatched(folder, manifest, written)


def _job(staged: Path, part: str, folder: Path, pointer: Pointer, past: _Past) -> PartJob:
    return PartJob(
        source=staged / f"part={part}",
        part=part,
        folder=folder,
        journal=folder / "journal.jsonl",
        key=past.key,
        batch_id=pointer.record.batch_id,
        version=past.version,
        as_of=pointer.record.as_of,
        done=tuple(e for e in past.done.values() if _part(e) == part),
        before=tuple(e for e in past.before if _part(e) == part),
    )


@contextmanager
def _staged(home: Home, pointer: Pointer, folder: Path, parts: Iterable[str]) -> Iterator[Path]:
    """Give the folder of the batch's rows by county, gone afterwards; what a killed call left is replaced."""
    batch, files = pointer.record, batch_files(home, pointer)
    require_undamaged(home, batch.batch_id, batch.run_id, {*files.enterprises, *files.rule_hits})
    work = folder / ".work"
    shutil.rmtree(work, ignore_errors=True)
    (work / "items").mkdir(parents=True)
    tables = {"enterprises": files.enterprises, "rule_hits": files.rule_hits}
    write_items(
        published_file(home.root), pointer.record.batch_id, tables, work / "items", tuple(parts)
    )  # fmt: skip
    try:
        yield work / "items"
    finally:
        shutil.rmtree(work)


def _write_parts(jobs: Sequence[PartJob], workers: int) -> list[UnitEntry]:
    """Write every part, the largest first; a worker ends as soon as this process is no more."""
    context = multiprocessing.get_context("spawn")
    with (
        _one_thread_each(),
        ProcessPoolExecutor(workers, mp_context=context, initializer=end_with_parent) as pool,
    ):
        found = list(pool.map(write_part, jobs))
    return [entry for entries in found for entry in entries]


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let processes started meanwhile use Polars with one thread: as many workers keep all cores busy."""
    name = "POLARS_MAX_THREADS"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        os.environ.pop(name) if before is None else os.environ.update({name: before})


def _summaries(
    folder: Path, entries: Sequence[UnitEntry], pointer: Pointer, home: Home
) -> list[SummaryEntry]:
    """Write the summary of every county that is whole, and of every city all of whose counties are."""
    listed = listed_parts(published_file(home.root), pointer.record.batch_id)
    whole = {_part(entry) for entry in entries}
    codes = {part for part in whole if not part.endswith("00")}
    for city in {part[:4] for part in listed}:
        if {part for part in listed if part.startswith(city)} <= whole:
            codes.add(city + "00")
    return [
        write_summary(folder, code, [e for e in entries if _part(e).startswith(_stem(code))],
                      pointer.record.as_of)
        for code in sorted(codes)
    ]  # fmt: skip


def _manifest(
    pointer: Pointer, version: int, entries: Sequence[UnitEntry], summaries: Sequence[SummaryEntry]
) -> dict[str, Any]:
    """No time of day and no machine in it: the same list gives the same manifest."""
    return {
        "batch_id": pointer.record.batch_id,
        "as_of": str(pointer.record.as_of),
        "run_id": pointer.record.run_id,
        "version": version,
        "layout": load_list_layout().version,
        "rows": sum(entry.rows for entry in entries),
        "files": [asdict(entry) for entry in entries],
        "summaries": [asdict(summary) for summary in summaries],
    }


def _pointer(home: Home, batch_id: str | None) -> Pointer:
    pointers = read_pointers(home)
    found = [pointer for pointer in pointers if batch_id in {None, pointer.record.batch_id}]
    if not found:
        known = ", ".join(pointer.record.batch_id for pointer in pointers)
        raise InputProblem(f"batch {batch_id} is not published 批次未发布; published 已发布: {known}")
    return found[-1]


def _wanted_parts(home: Home, pointer: Pointer, counties: Sequence[str]) -> dict[str, int]:
    listed = listed_parts(published_file(home.root), pointer.record.batch_id)
    unknown = [county for county in counties if county not in listed]
    if unknown:
        raise InputProblem(
            f"county {', '.join(unknown)} has no targets in {pointer.record.batch_id} 该县无走访目标; "
            f"--county takes 6-digit codes, e.g. {next(iter(listed), '330106')}"
        )
    return {part: rows for part, rows in listed.items() if not counties or part in counties}


def _read_manifest(folder: Path, name: str) -> dict[str, Any]:
    path = folder / name
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _entries(manifest: dict[str, Any]) -> list[UnitEntry]:
    return [UnitEntry(**raw) for raw in manifest.get("files", ())]


def _journalled(folder: Path, key: str) -> list[UnitEntry]:
    """Return what an attempt before finished; a line torn by a kill counts as not written."""
    path = folder / "journal.jsonl"
    entries = []
    for line in path.read_bytes().splitlines() if path.exists() else []:
        try:
            raw = json.loads(line)
        except ValueError:
            continue
        if raw.pop("key") == key:
            entries.append(UnitEntry(**raw))
    return entries


def _intact(folder: Path, entry: UnitEntry) -> bool:
    return _holds(folder, entry.file, entry.sha256) and _holds(folder, entry.csv, entry.csv_sha256)


def _holds(folder: Path, file: str, sha256: str) -> bool:
    path = folder / file
    return path.is_file() and hash_file(path) == sha256


def _part(entry: UnitEntry) -> str:
    return entry.county_code or entry.city_code


def _stem(code: str) -> str:
    return code.removesuffix("00") if code.endswith("00") else code


def _require_rows(entries: Sequence[UnitEntry], listed: int) -> None:
    """Nothing is lost on the way to the townships, or the dispatch fails before its manifest."""
    written = sum(entry.rows for entry in entries)
    if written != listed:
        raise EnvironmentProblem(
            f"{listed:,} targets are published but {written:,} reached a workbook; "
            "curated files of the batch are missing: publish the batch again"
        )
