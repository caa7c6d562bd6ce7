"""Build a candidate warehouse from the curated Parquet of every published batch and the new one.

Here: a new DuckDB file, complete or absent, from nothing or from a copy of the warehouse before.
Not here: what of that one stays (exchange.py), the gate (expectations/), the swap (publish.py).
The file is written in the storage format that DuckDB 1.5 clients read; no published file is ever written to.
"""

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from reference.tables import tables_of
from warehouse.feedback import FeedbackFiles, load_feedback
from warehouse.schema import clear_but, create_marts, create_tables, read_sql

CITIES = ("3300", *(f"33{n:02d}" for n in range(1, 12)))
"""Units a batch may cover: the province office and the eleven cities."""

LARGE = ("dim_enterprise", "fact_visit_target", "fact_exclusion")
"""Tables with rows of every firm, each row of one curated city file: what a build spends its time on."""


@dataclass(frozen=True)
class BatchRecord:
    """What dim_batch says of one version of a batch.

    `published_at` carries a zone, `cities` empty means the province.
    """

    batch_id: str
    as_of: date
    run_id: str
    code_version: str
    rules_version: str
    divisions_version: str
    inputs_sha256: str
    published_at: datetime
    scope: str
    cities: tuple[str, ...] = ()
    version: int = 1


@dataclass(frozen=True)
class BatchFiles:
    """One batch: its record and its curated Parquet files, any number per table.

    `changes`: one file per comparison with the batch, or the version, before.
    """

    record: BatchRecord
    enterprises: tuple[Path, ...]
    rule_hits: tuple[Path, ...]
    visit_targets: tuple[Path, ...]
    account: tuple[Path, ...] = ()
    quality: tuple[Path, ...] = ()
    changes: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Exchange:
    """The warehouse before, and which rows of its tables in `LARGE` are exchanged; their other rows stay.

    `gone`: by batch_id the curated enterprises of then whose firms' rows go. `come`: by batch_id, each batch
    of the new warehouse with just the files to load. `firms_anew`: dim_enterprise is loaded whole, as its
    rows span batches; it need not be where there is but one, or nothing differs.
    """

    file: Path
    gone: Mapping[str, tuple[Path, ...]]
    come: Mapping[str, BatchFiles]
    firms_anew: bool


@dataclass(frozen=True)
class BuildReport:
    """What a build wrote: rows per table, bytes of the file, seconds it took."""

    path: Path
    rows: dict[str, int]
    size_bytes: int
    seconds: float


def build_warehouse(
    candidate: Path,
    batches: Sequence[BatchFiles],
    divisions: Path,
    feedback: FeedbackFiles | None = None,
    exchange: Exchange | None = None,
    *,
    threads: int = 2,
    memory_limit: str = "2GB",
) -> BuildReport:
    """Write the warehouse of these batches to `candidate`, replacing what stood there, and report its rows.

    `feedback`: what came back so far; without it the clocks stand at the newest batch's date.
    Equal files give equal contents, row order included; a build that fails leaves no `candidate`.
    `exchange`: begin with the warehouse before. The rows are the same then, their order is not: what came
    stands after what stayed.
    ValueError if two batches share a date or an id.
    """
    started = time.perf_counter()
    ordered = _in_order(batches)
    building = candidate.with_name(candidate.name + ".building")
    for stale in (candidate, building):
        stale.unlink(missing_ok=True)
        stale.with_name(stale.name + ".wal").unlink(missing_ok=True)
    candidate.parent.mkdir(parents=True, exist_ok=True)
    if exchange:
        # Not its mode, which lets nobody write.
        shutil.copyfile(exchange.file, building)
    with _attached(building, threads, memory_limit) as con:
        kept = _take_out(con, exchange) if exchange else ()
        con.begin()
        create_tables(con, but=kept)
        _load(con, ordered, divisions, exchange)
        newest = max((batch.record.as_of for batch in ordered), default=date.min)
        load_feedback(con, feedback or FeedbackFiles("none", newest, {}))
        create_marts(con)
        con.commit()
        rows = {table.name: con.table(table.name).shape[0] for table in tables_of("warehouse")}
    building.replace(candidate)
    return BuildReport(candidate, rows, candidate.stat().st_size, time.perf_counter() - started)


def _in_order(batches: Sequence[BatchFiles]) -> list[BatchFiles]:
    for field in ("as_of", "batch_id"):
        seen = [getattr(batch.record, field) for batch in batches]
        if len(set(seen)) < len(seen):
            raise ValueError(f"two batches share one {field}: {sorted(map(str, seen))}")
    return sorted(batches, key=lambda batch: batch.record.as_of)


@contextmanager
def _attached(path: Path, threads: int, memory_limit: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a connection whose unqualified names live in a file, new or not, closed whole on leaving."""
    spill = path.with_name(path.name + ".tmp")
    try:
        with duckdb.connect(
            config={
                "threads": threads,
                "memory_limit": memory_limit,
                "temp_directory": str(spill),
                # Firms come in their order and are not sorted again: load/dim_enterprise_first.sql.
                "preserve_insertion_order": True,
            }
        ) as con:
            # ATTACH takes the file as a parameter but the version only as written.
            con.execute("ATTACH ? AS warehouse (STORAGE_VERSION 'v1.5.0')", [str(path)])
            # DuckDB 2.0.0 narrows sums sorted after grouping to one byte (950 becomes -74) with it on.
            con.execute("SET disabled_optimizers = 'compressed_materialization'")
            con.execute("USE warehouse")
            yield con
            con.execute("USE memory")
            con.execute("DETACH warehouse")
    finally:
        shutil.rmtree(spill, ignore_errors=True)


def _take_out(con: duckdb.DuckDBPyConnection, exchange: Exchange) -> Sequence[str]:
    """Take out whatever does not stay, and return the tables that do.

    Written down before anything comes: what comes then takes the room of what went.
    """
    firms, *of_batches = LARGE
    kept = of_batches if exchange.firms_anew else LARGE
    clear_but(con, kept)
    for batch_id, files in exchange.gone.items():
        if firms in kept:
            con.execute(read_sql("load", f"{firms}_gone"), {"files": _names(files)})
        for table in of_batches:
            con.execute(read_sql("load", f"{table}_gone"), {"batch_id": batch_id, "files": _names(files)})
    con.execute("CHECKPOINT")
    return kept


def _load(
    con: duckdb.DuckDBPyConnection,
    batches: Sequence[BatchFiles],
    divisions: Path,
    exchange: Exchange | None,
) -> None:
    con.execute(read_sql("load", "dim_division"), {"file": str(divisions)})
    coming = [exchange.come[batch.record.batch_id] for batch in batches] if exchange else batches
    _load_firms(con, batches, batches if exchange and exchange.firms_anew else coming)
    con.execute(read_sql("load", "first_listed_table"))
    last = max((number for number, new in enumerate(coming) if new.visit_targets), default=0)
    for number, (batch, new) in enumerate(zip(batches, coming, strict=True)):
        con.execute(read_sql("load", "dim_batch"), _record_row(batch.record))
        _load_files(con, "fact_visit_target", new.visit_targets)
        if number < last and batch.visit_targets:
            listed = {"batch_id": batch.record.batch_id, "files": _names(batch.visit_targets)}
            con.execute(read_sql("load", "first_listed"), listed)
        _load_exclusions(con, new)
        _load_files(con, "meta_row_account", batch.account)
        _load_files(con, "meta_quality", batch.quality)
        _load_files(con, "fact_batch_change", batch.changes)
    for summary in ("agg_visit_target", "agg_exclusion", "agg_batch_change"):
        con.execute(read_sql("load", summary))


def _record_row(record: BatchRecord) -> dict[str, Any]:
    published = record.published_at.astimezone(UTC).replace(tzinfo=None)
    cities = ",".join(sorted(record.cities)) or None
    return {**asdict(record), "published_at": published, "cities": cities}


def _load_files(con: duckdb.DuckDBPyConnection, table: str, files: Sequence[Path]) -> None:
    if files:
        con.execute(read_sql("load", table), {"files": _names(files)})


def _load_exclusions(con: duckdb.DuckDBPyConnection, batch: BatchFiles) -> None:
    if batch.rule_hits and batch.enterprises:
        con.execute(
            read_sql("load", "fact_exclusion"),
            {
                "batch_id": batch.record.batch_id,
                "hits": _names(batch.rule_hits),
                "enterprises": _names(batch.enterprises),
            },
        )


def _load_firms(
    con: duckdb.DuckDBPyConnection, batches: Sequence[BatchFiles], coming: Sequence[BatchFiles]
) -> None:
    con.execute(read_sql("load", "firms"))
    only_one = len(batches) == 1
    if not only_one and any(new.enterprises for new in coming):
        _find_validity(con, batches)
    insert = read_sql("load", "dim_enterprise_first" if only_one else "dim_enterprise")
    for new in coming:
        if new.enterprises:
            con.execute(insert, {"as_of": new.record.as_of, "files": _names(new.enterprises)})


def _find_validity(con: duckdb.DuckDBPyConnection, batches: Sequence[BatchFiles]) -> None:
    """Fill the temporary table `validity`: one row per firm and stretch of batches without a change."""
    con.execute(read_sql("load", "sightings"))
    for batch in batches:
        cities = batch.record.cities or CITIES
        con.executemany("INSERT INTO coverage VALUES (?, ?)", [[city, batch.record.as_of] for city in cities])
        if batch.enterprises:
            parameters = {"as_of": batch.record.as_of, "files": _names(batch.enterprises)}
            con.execute(read_sql("load", "sighting"), parameters)
    con.execute(read_sql("load", "validity"))


def _names(files: Sequence[Path]) -> list[str]:
    return sorted(map(str, files))
