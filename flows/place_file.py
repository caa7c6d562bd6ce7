"""The verb `place`: the addresses of any CSV, Parquet or XLSX file to divisions.

Here: reading and writing the user's file batch by batch; memory does not grow with a Parquet or UTF-8 file.
Not here: placing (transforms/place.py), the index on disk (place_store.py).
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from flows.place_store import read_index
from flows.steps_place import known_common, known_places
from reference.divisions import load_gazetteer
from reference.errors import InputProblem
from reference.places import load_places
from reference.text_tables import load_text_tables
from transforms.place import place_read, read_addresses, teaches
from transforms.place_index import PlaceFacts, learn_places, make_lookup, merge_facts

BATCH_ROWS = 250_000
PLACE_COLUMNS = (
    "division_code", "province", "city", "county", "township", "community", "level", "method", "confidence",
)  # fmt: skip
EXPLAIN_COLUMNS = ("place_note", "runner_up", "support")
SUFFIXES = (".csv", ".parquet", ".xlsx")


@dataclass(frozen=True)
class PlaceRequest:
    """What is to be placed: the file, the columns to read, where the result goes, what to know beforehand."""

    in_file: Path
    out_file: Path
    address_column: str
    city_column: str | None = None
    county_column: str | None = None
    index: Path | None = None
    explain: bool = False

    @property
    def result_columns(self) -> tuple[str, ...]:
        """Return the names of the columns the result adds."""
        return PLACE_COLUMNS + (EXPLAIN_COLUMNS if self.explain else ())


def place_file(request: PlaceRequest) -> int:
    """Write the input's columns plus the placement, one row per row in input order; return the row count.

    What the file itself names teaches the rest; with an index, that index does. What ships is always known.
    """
    _require_writable(request)
    with tempfile.TemporaryDirectory(prefix=".zoufang-place-", dir=request.out_file.parent) as folder:
        spool = Path(folder)
        taught = [_spool(batch, number, spool, request) for number, batch in enumerate(_batches(request))]
        learned = [read_index(request.index)] if request.index else taught
        facts = merge_facts([known_places(), *learned])
        count = _place_spooled(spool, len(taught), facts, request)
        _collect(spool, len(taught), request.out_file)
    return count


def _spool(batch: pl.DataFrame, number: int, spool: Path, request: PlaceRequest) -> PlaceFacts:
    """Keep the batch and what its addresses say; return what they teach."""
    none = pl.lit(None, dtype=pl.String)
    hints = {"city_hint": request.city_column, "county_hint": request.county_column}
    rows = batch.lazy().select(
        row_id=pl.int_range(pl.len()),
        address=pl.col(request.address_column).cast(pl.String),
        division_code=none,
        **{name: pl.col(column).cast(pl.String) if column else none for name, column in hints.items()},
    )
    read = read_addresses(rows, load_gazetteer(), load_places(), load_text_tables()).collect()
    batch.write_parquet(spool / f"rows-{number}.parquet", compression="lz4")
    read.write_parquet(spool / f"read-{number}.parquet", compression="lz4")
    return learn_places(read.lazy().filter(teaches()))


def _place_spooled(spool: Path, batches: int, facts: PlaceFacts, request: PlaceRequest) -> int:
    gazetteer, places = load_gazetteer(), load_places()
    lookup, count = make_lookup(facts, gazetteer.units, places.trust, known_common(), places.limits), 0
    for number in range(batches):
        read = pl.scan_parquet(spool / f"read-{number}.parquet")
        placed = (
            place_read(read, gazetteer, places, lookup)
            .collect()
            .sort("row_id")
            .select(request.result_columns)
        )
        rows = pl.read_parquet(spool / f"rows-{number}.parquet")
        whole = pl.concat([rows, placed], how="horizontal")
        whole.write_parquet(spool / f"out-{number}.parquet", compression="lz4")
        count += whole.height
    return count


def _collect(spool: Path, batches: int, out_file: Path) -> None:
    """Write the placed batches as one file that appears whole or not at all."""
    parts = [spool / f"out-{number}.parquet" for number in range(batches)]
    temporary = out_file.with_name(f".{out_file.name}.part")
    lazy = pl.scan_parquet(parts)
    if out_file.suffix.lower() == ".parquet":
        lazy.sink_parquet(temporary)
    elif out_file.suffix.lower() == ".csv":
        lazy.sink_csv(temporary, include_bom=True)
    else:
        lazy.collect().write_excel(temporary)
    temporary.replace(out_file)


def _require_writable(request: PlaceRequest) -> None:
    path = request.out_file
    if path.suffix.lower() not in SUFFIXES:
        raise InputProblem(f"{path}: '{path.suffix}' is not supported; name it .csv, .parquet or .xlsx")
    if not path.absolute().parent.is_dir():
        raise InputProblem(f"{path}: its folder does not exist; make it, or name another --out")
    if path.is_dir():
        raise InputProblem(f"{path}: is a folder; name a file in it as --out")
    if path.absolute() in {p.absolute() for p in (request.in_file, request.index) if p}:
        raise InputProblem(f"{path}: is read as well; name another file as --out")


def _batches(request: PlaceRequest) -> Iterator[pl.DataFrame]:
    """Yield the rows of the input file in order; InputProblem says what is wrong with it."""
    path = request.in_file
    try:
        table = _scan(path)
        schema = table.collect_schema()
        _require_columns(schema.names(), request)
        _require_flat(schema, path)
        found = False
        for batch in table.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True):
            found = True
            yield batch
        if not found:
            yield table.collect()
    except (pl.exceptions.PolarsError, ValueError) as fault:
        raise InputProblem(f"{path}: cannot be read as {path.suffix}: {fault}") from fault


def _require_columns(found: list[str], request: PlaceRequest) -> None:
    for column in filter(None, (request.address_column, request.city_column, request.county_column)):
        if column not in found:
            raise InputProblem(f"{request.in_file}: no column '{column}'; the file has: {', '.join(found)}")
    clash = [column for column in request.result_columns if column in found]
    if clash:
        raise InputProblem(
            f"{request.in_file}: already has column {', '.join(clash)}; rename it, the result needs its name"
        )


def _require_flat(schema: pl.Schema, path: Path) -> None:
    nested = [column for column, kind in schema.items() if kind.is_nested()]
    if nested:
        raise InputProblem(
            f"{path}: columns {', '.join(nested)} hold lists or structs; export one value a cell"
        )


def _scan(path: Path) -> pl.LazyFrame:
    if not path.is_file():
        raise InputProblem(f"{path}: no such file; --in must name a CSV, Parquet or XLSX file")
    if path.suffix.lower() == ".parquet":
        return pl.scan_parquet(path)
    if path.suffix.lower() == ".xlsx":
        return _read_xlsx(path).lazy()
    if path.suffix.lower() == ".csv":
        return _scan_csv(path)
    raise InputProblem(f"{path}: '{path.suffix}' is not supported; save it as .csv, .parquet or .xlsx")


def _read_xlsx(path: Path) -> pl.DataFrame:
    try:
        return pl.read_excel(path, infer_schema_length=0)
    except Exception as fault:  # the reader's own errors have no common ancestor
        raise InputProblem(f"{path}: the Excel file is damaged or none ({fault}); save it again") from fault


def _scan_csv(path: Path) -> pl.LazyFrame:
    content = path.read_bytes()
    if not content:
        raise InputProblem(f"{path}: the file is empty (0 bytes)")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return pl.scan_csv(content.decode("gb18030").encode(), infer_schema=False)
    return pl.scan_csv(path, infer_schema=False)
