"""The ledger: every file that ever came back, read once and kept by its content.

`lake/ledger/<source>/<first 16 digits of its SHA-256>/` holds rows.parquet, faults.parquet and entry.json,
and appears whole.  The same bytes under any name are one entry; entries are never changed.
Here: reading files into it, and it into frames.  Not here: which rows count (transforms/feedback*.py).
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from flows.fingerprints import Fingerprint, read_fingerprint
from flows.home import Home
from flows.inbox_files import data_files, require_plain
from flows.known_bytes import KnownBytes
from flows.manifest import combine, read_sealed, write_sealed
from flows.readers import FileShape, inspect_sheets, read_batches
from reference.contracts import Contract, feedback_contracts
from reference.errors import GUIDE, EnvironmentProblem, InputProblem
from reference.text_tables import load_text_tables
from transforms.ingest import staged_schema, type_with_faults
from transforms.ingest_headers import HeaderMap, map_headers
from transforms.ingest_lines import REJECTED

UNFILLED_SOURCE = "visits"
"""The source whose workbooks come with every row of the list, filled in or not."""
_TOUCHED = (
    "visit_date",
    "method",
    "outcome",
    "need",
    "need_amt",
    "purpose_code",
    "op_verified",
    "addr_verified",
)
_ID = {"row_id": pl.String(), "sheet": pl.String(), "received_as_of": pl.Date()}


@dataclass(frozen=True)
class Delivery:
    """One inbox file whose headers fit its contract: its tables, each with shape and headers."""

    source: str
    file: str
    fingerprint: Fingerprint
    tables: tuple[tuple[FileShape, HeaderMap], ...]

    @property
    def path(self) -> Path:
        """Return where the file lies."""
        return self.fingerprint.path

    @property
    def sha256(self) -> str:
        """Return the hash of its bytes."""
        return self.fingerprint.sha256


@dataclass(frozen=True)
class Entry:
    """One file of the ledger; rows_in = rows kept + rows of a form nobody filled in."""

    source: str
    file: str
    sha256: str
    received_as_of: str
    rows_in: int
    unfilled: int

    @property
    def key(self) -> str:
        """Return what names the entry's folder and begins its row ids."""
        return self.sha256[:16]


def check_feedback(inbox: Path) -> list[Delivery]:
    """Return every feedback file of the inbox; InputProblem lists all that cannot be read. Writes nothing."""
    if not inbox.is_dir():
        raise InputProblem(f"{inbox}: no such inbox folder; --inbox must name a folder that holds visits/")
    found, problems = [], []
    for source, contract in feedback_contracts().items():
        for path in data_files(inbox / source):
            try:
                found.append(_delivery(path, require_plain(path, inbox), contract))
            except InputProblem as problem:
                problems.append(str(problem))
    if problems:
        raise InputProblem("\n".join(problems))
    return found


def record(home: Home, deliveries: Sequence[Delivery], as_of: date) -> list[str]:
    """Read the files the ledger has not seen into it, and return the keys of the new entries."""
    new = []
    for delivery in deliveries:
        folder = home.ledger / delivery.source / delivery.sha256[:16]
        if not (folder / "entry.json").exists():
            _write(delivery, folder, as_of)
            new.append(folder.name)
    return new


def read_entries(home: Home) -> list[Entry]:
    """Return the entries of the ledger in a fixed order; EnvironmentProblem if one is damaged."""
    return [Entry(**_recorded(path)["entry"]) for path in _entry_files(home, "*")]


def ledger_digest(home: Home) -> str:
    """Return one hash for what the ledger holds."""
    return combine(f"{e.source} {e.sha256} {e.received_as_of}" for e in read_entries(home))


def ledger_rows(home: Home, source: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return all rows of a source and the faults of their cells, by row_id.

    EnvironmentProblem if a file of the ledger is not as it was written.
    """
    folders = _whole_folders(home, source)
    empty = [pl.DataFrame(schema=_row_schema(feedback_contracts()[source]))], [pl.DataFrame(schema=_FAULTS)]
    rows = [*empty[0], *(pl.read_parquet(folder / "rows.parquet") for folder in folders)]
    faults = [*empty[1], *(pl.read_parquet(folder / "faults.parquet") for folder in folders)]
    # A contract may have gained columns since a file was kept: its rows lack them.
    whole = pl.concat(rows, how="diagonal_relaxed").select(_row_schema(feedback_contracts()[source]).names())
    return whole, pl.concat(faults)


def ledger_names(home: Home, source: str) -> pl.LazyFrame | None:
    """Return list_item_id and uscc of all rows of a source, as far as it has them; None if it has no rows.

    EnvironmentProblem if a file of the ledger is not as it was written.
    """
    paths = [folder / "rows.parquet" for folder in _whole_folders(home, source)]
    if not paths:
        return None
    rows = [pl.scan_parquet(path).select(pl.col("^uscc|list_item_id$")) for path in paths]
    return pl.concat(rows, how="diagonal_relaxed")


def _whole_folders(home: Home, source: str) -> list[Path]:
    """Return the folders of a source's files once each of their bytes is known to be as it was written."""
    entries = _entry_files(home, source)
    for entry in entries:
        for name, sha256 in _recorded(entry)["files"].items():
            if not home.known.is_whole(entry.with_name(name), sha256):
                raise _damaged(entry.with_name(name))
    return [entry.parent for entry in entries]


def _entry_files(home: Home, source: str) -> list[Path]:
    """Return where every entry is told of, whether it is there or not: folders come whole, by a rename."""
    folders = home.ledger.glob(f"{source}/[!.]*")
    return sorted(folder / "entry.json" for folder in folders if folder.is_dir())


def _recorded(path: Path) -> dict[str, Any]:
    recorded = read_sealed(path)
    if recorded is None:
        raise _damaged(path)
    return recorded


def _damaged(path: Path) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"{path} is damaged; put lake/ledger back from the backup ({GUIDE}), or remove the folder "
        f"{path.parent.name} and hand its file in again"
    )


_FAULTS = pl.Schema({"row_id": pl.String(), **{k: v for k, v in REJECTED.items() if k != "row_no"}})


def _row_schema(contract: Contract) -> pl.Schema:
    return pl.Schema({**_ID, **staged_schema(contract)})


def _delivery(path: Path, name: str, contract: Contract) -> Delivery:
    # Before its headers: a file replaced between the two would be read by the headers of the one before.
    fingerprint = read_fingerprint(path)
    shapes, texts = inspect_sheets(path, name, contract), load_text_tables()
    tables = tuple(
        (s, map_headers(s.headers, contract, name, texts, excel_serials=s.format == "xlsx")) for s in shapes
    )
    return Delivery(contract.source, name, fingerprint, tables)


def _write(delivery: Delivery, folder: Path, as_of: date) -> None:
    """Write one entry: a draft first, renamed when whole."""
    parts = list(_tables(delivery, as_of))
    rows, faults = pl.concat([p[0] for p in parts]), pl.concat([p[1] for p in parts])
    rows_in = rows.height
    if delivery.source == UNFILLED_SOURCE:
        rows, faults = _filled_in(rows, faults)
    entry = Entry(delivery.source, delivery.file, delivery.sha256, str(as_of), rows_in, rows_in - rows.height)
    draft = folder.with_name(f".{folder.name}.tmp")
    for stale in (draft, folder):
        shutil.rmtree(stale, ignore_errors=True)
    draft.mkdir(parents=True)
    rows.write_parquet(draft / "rows.parquet", compression="zstd")
    faults.write_parquet(draft / "faults.parquet", compression="zstd")
    delivery.fingerprint.require_unchanged(delivery.file)
    write_sealed(draft / "entry.json", {"entry": asdict(entry), "files": KnownBytes().hash_files(draft)})
    draft.rename(folder)


def _tables(delivery: Delivery, as_of: date) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    contract, texts = feedback_contracts()[delivery.source], load_text_tables()
    for number, (shape, headers) in enumerate(delivery.tables):
        row_id = pl.format("{}:{}:{}", pl.lit(delivery.sha256[:16]), pl.lit(number), "row_no")
        for batch in read_batches(delivery.path, shape, delivery.file):
            typed, faults = type_with_faults(batch.fields, headers, contract, texts)
            broken = batch.broken.select("row_no", source_file=pl.lit(delivery.file))
            rows = pl.concat([typed, broken], how="diagonal").with_columns(
                row_id=row_id, sheet=pl.lit(shape.sheet, pl.String), received_as_of=pl.lit(as_of)
            )
            told = pl.concat([faults, batch.broken.select(REJECTED.names())]).with_columns(row_id=row_id)
            yield rows.select(_row_schema(contract).names()), told.select(_FAULTS.names())


def _filled_in(rows: pl.DataFrame, faults: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Leave out the rows of a form in which the township has written nothing."""
    written = faults.filter(pl.col("reason_code") != "missing_value")["row_id"].implode()
    touched = pl.any_horizontal(pl.col(column).is_not_null() for column in _TOUCHED)
    kept = rows.filter(touched | pl.col("row_id").is_in(written))
    return kept, faults.join(kept.select("row_id"), on="row_id", how="semi")
