"""Inbox files → staged and quarantined Parquet, one content-addressed folder per input file.

Here: the check of the whole inbox before anything is written, and the atomic ingest of one file.
Not here: formats (readers*.py), the meaning of headers and cells (transforms/ingest*.py).
"""

import hashlib
import shutil
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from flows.fingerprints import FileState, Fingerprint, file_state, read_fingerprint
from flows.hash_key import key_name
from flows.inbox_files import data_files, require_plain
from flows.known_bytes import KnownBytes
from flows.known_shapes import NONE_KNOWN, Shapes
from flows.manifest import read_sealed, write_sealed
from flows.readers import FileShape, inspect_file, read_batches
from flows.readers_text import CHUNK_BYTES, ahead, no_rows
from reference.contracts import CONTRACTS_DIR, Contract, feedback_contracts, load_contracts
from reference.errors import InputProblem, shown_name
from reference.rules import load_rules
from reference.text_tables import TEXT_DIR, load_text_tables
from transforms.ingest import RowCheck, to_quarantine, type_rows
from transforms.ingest_headers import HeaderMap, map_headers
from transforms.override_checks import override_faults

BAD_ENCODING_SHARE = 0.01


@dataclass(frozen=True)
class SourceFile:
    """One inbox file whose headers fit its contract, in this state; `file` is its path in the inbox."""

    source: str
    file: str
    path: Path
    state: FileState
    shape: FileShape
    headers: HeaderMap


@dataclass(frozen=True)
class FileReport:
    """What became of one file: rows_in = staged + quarantined; `key` names its folder in both lakes."""

    source: str
    file: str
    sha256: str
    key: str
    rows_in: int
    staged: int
    quarantined: int
    parts: tuple[str, ...]


class PartTaker(Protocol):
    """Whoever wants the rows of a file that is staged anew, part by part, while they are in memory."""

    def begin(self, key: str) -> None:
        """Make ready for the parts of the file of this key."""

    def add(self, part: pl.DataFrame) -> None:
        """Take the rows of the next staged part."""

    def finish(self) -> None:
        """All parts were given, and are staged."""


def check_inbox(inbox: Path, known: Shapes = NONE_KNOWN) -> list[SourceFile]:
    """Return every file to read, in a stable order; InputProblem lists all that is wrong. Writes nothing.

    `known`: of files that were looked into before, and are not opened again while they stay as they were.
    """
    if not inbox.is_dir():
        raise InputProblem(f"{inbox}: no such inbox folder; --inbox must name a folder that holds registry/")
    found, problems = [], []
    for source, contract in load_contracts().items():
        paths = data_files(inbox / source)
        if contract.required and not paths:
            problems.append(f"{inbox / source}: no file of {contract.zh} in it; this source is required")
        for path in paths:
            try:
                name = require_plain(path, inbox)
                state = file_state(path)
                found.append(_check_file(path, state, name, source, known.get((source, path, state))))
            except InputProblem as problem:
                problems.append(str(problem))
    if problems:
        raise InputProblem("\n".join(problems))
    return found


def require_same_files(files: Sequence[SourceFile], known: Collection[str]) -> None:
    """InputProblem if the inbox no longer holds just the files whose fingerprints are known."""
    if changed := sorted({file.file for file in files} ^ set(known)):
        raise InputProblem(
            f"{', '.join(map(shown_name, changed))}: came or went while the run was starting; let the copy "
            f"end, then run again"
        )


def inbox_notes(inbox: Path) -> list[str]:
    """Return what a person should know though nothing is wrong: absent sources, folders nobody reads."""
    contracts = load_contracts()
    absent = [c for c in contracts.values() if not c.required and not data_files(inbox / c.source)]
    notes = [
        f"{contract.source}: no files of {contract.zh}; the run goes on without it" for contract in absent
    ]
    for path in sorted(inbox.iterdir()):
        if path.name in feedback_contracts():
            notes.append(f"{path.name}: feedback; zoufang feedback reads it, a run takes what the ledger has")
        elif path.name not in contracts and path.name != "truth" and not path.name.startswith((".", "~$")):
            notes.append(f"{shown_name(path.name)}: not a source this version reads; ignored")
    return notes


def ingest_file(
    file: SourceFile,
    staged_dir: Path,
    quarantine_dir: Path,
    *,
    hash_key: bytes,
    code_version: str = "",
    chunk_bytes: int = CHUNK_BYTES,
    known: Fingerprint | None = None,
    taker: PartTaker | None = None,
    memory: KnownBytes | None = None,
) -> FileReport:
    """Write one file's staged and quarantined rows and return its report; one finished and whole is reused.

    `known`: the file's fingerprint, by default taken now. InputProblem if the file changed since.
    `hash_key`: under which personal numbers are hashed; another key stages anew.
    `taker`: is given the staged rows, unless they are reused.
    `memory`: of the files of the home; without it each is read.
    Folders are `<dir>/<source>/file=<key>/part-NNNNN.parquet`; the staged one appears last and whole.
    """
    fingerprint = known or read_fingerprint(file.path)
    key = file_key(file, fingerprint.sha256, code_version, hash_key)
    memory = memory or KnownBytes()
    if (finished := finished_file(file.source, key, (staged_dir, quarantine_dir), memory)) is not None:
        return finished
    staged, quarantine = (folder / file.source / f"file={key}" for folder in (staged_dir, quarantine_dir))
    draft, draft_quarantine = _draft(staged), _draft(quarantine)
    if taker:
        taker.begin(key)
    counts = _write_parts(file, draft, draft_quarantine, chunk_bytes, hash_key, taker)
    fingerprint.require_unchanged(file.file)
    report = FileReport(file.source, file.file, fingerprint.sha256, key, *counts)
    hashes = {"staged": memory.hash_files(draft), "quarantined": memory.hash_files(draft_quarantine)}
    write_sealed(draft / "report.json", {"report": asdict(report), **hashes}, durable=False)
    for stale in (staged, quarantine):
        shutil.rmtree(stale, ignore_errors=True)
    draft_quarantine.rename(quarantine)
    draft.rename(staged)
    if taker:
        taker.finish()
    return report


def finished_file(source: str, key: str, folders: tuple[Path, Path], memory: KnownBytes) -> FileReport | None:
    """Return the report of a finished file; None if there is none, or any of its parts is not whole.

    `folders`: of staged and of quarantined rows.
    """
    staged, quarantine = (folder / source / f"file={key}" for folder in folders)
    raw = read_sealed(staged / "report.json")
    if not raw:
        return None
    is_whole = memory.are_whole(staged, raw["staged"]) and memory.are_whole(quarantine, raw["quarantined"])
    return report_of(raw["report"]) if is_whole else None


@cache
def _check_file(path: Path, state: FileState, name: str, source: str, known: FileShape | None) -> SourceFile:
    """Look into a file once while it stays as it is: a run from the command line checks its inbox twice."""
    contract = load_contracts()[source]
    shape = known or inspect_file(path, name, contract)
    Fingerprint(path, "", state).require_unchanged(name)
    headers = map_headers(
        shape.headers, contract, name, load_text_tables(), excel_serials=shape.format == "xlsx"
    )
    return SourceFile(source, name, path, state, shape, headers)


def file_key(file: SourceFile, sha256: str, code_version: str, hash_key: bytes) -> str:
    """Return 16 hex digits that change with the bytes, the path, the contract, the spellings or the code.

    Where personal numbers are hashed, also with the key.
    """
    own = [key_name(hash_key)] if load_contracts()[file.source].keyed else []
    text = [sha256, file.file, code_version, *own, *_declared(file.source)]
    return hashlib.sha256("\0".join(text).encode()).hexdigest()[:16]


@cache
def _declared(source: str) -> tuple[str, ...]:
    """Return what a source's rows are read by, as it is written."""
    files = [CONTRACTS_DIR / f"{source}.yml", *sorted(TEXT_DIR.glob("*.csv"))]
    return tuple(path.read_text(encoding="utf-8") for path in files)


def report_of(raw: dict[str, Any]) -> FileReport:
    """Return the report that was written so."""
    return FileReport(**{**raw, "parts": tuple(raw["parts"])})


def _draft(folder: Path) -> Path:
    """Make the empty folder that is filled, then renamed to `folder`; what a killed run left is removed."""
    draft = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    return draft


def _write_parts(
    file: SourceFile,
    staged: Path,
    quarantine: Path,
    chunk_bytes: int,
    hash_key: bytes,
    taker: PartTaker | None,
) -> tuple[int, int, int, tuple[str, ...]]:
    """Write the parts and return rows in, staged, quarantined and the names of the staged parts."""
    rows_in = staged_rows = undecodable = 0
    names: list[str] = []
    batches = _typed_batches(file, load_contracts()[file.source], chunk_bytes, hash_key)
    for rows, good, rejected in ahead(batches):
        _write_part(rejected, quarantine)
        if name := _write_part(good, staged):
            names.append(name)
            if taker:
                taker.add(good)
        rows_in += rows
        staged_rows += good.height
        undecodable += rejected.filter(pl.col("reason_code") == "bad_encoding").height
    _require_readable(file.file, rows_in, undecodable)
    return rows_in, staged_rows, rows_in - staged_rows, tuple(names)


def _write_part(frame: pl.DataFrame, folder: Path) -> str:
    """Write the next part and return its name; only the first may be empty, so that a schema is there."""
    number = len(list(folder.iterdir()))
    if number and frame.is_empty():
        return ""
    # Read whole by whoever reads it: bounds of its columns are a fifth of the writing and help nobody.
    frame.write_parquet(
        folder / f"part-{number:05}.parquet", compression="zstd", compression_level=1, statistics=False
    )
    return f"part-{number:05}.parquet"


def _typed_batches(
    file: SourceFile, contract: Contract, chunk_bytes: int, hash_key: bytes
) -> Iterator[tuple[int, pl.DataFrame, pl.DataFrame]]:
    """Yield for each batch its row count, its staged rows and its quarantine rows, which sum to it."""
    tables, check = load_text_tables(), _row_check(file.source)
    for batch in read_batches(file.path, file.shape, file.file, chunk_bytes):
        split = type_rows(batch.fields, file.headers, contract, tables, hash_key, check)
        rejected = pl.concat([batch.broken, split.rejected]).sort("row_no")
        rows = batch.fields.height + batch.broken.height
        if rows != split.good.height + rejected.height:
            raise AssertionError(f"{file.file}: {rows} rows in, {split.good.height} + {rejected.height} out")
        yield rows, split.good, to_quarantine(rejected, file.source, file.file, tables)


def _row_check(source: str) -> RowCheck | None:
    """Return what a source's rows must meet beyond their contract."""
    return partial(override_faults, rules=load_rules()) if source == "overrides" else None


def _require_readable(name: str, rows_in: int, undecodable: int) -> None:
    if not rows_in:
        raise no_rows(name)
    if undecodable > max(1, BAD_ENCODING_SHARE * rows_in):
        raise InputProblem(
            f"{name}: {undecodable} of {rows_in} lines are neither UTF-8 nor GB18030 throughout (编码混乱); "
            f"export the file again in one encoding"
        )
