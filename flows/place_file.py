"""The verb `place`: the addresses of any CSV, Parquet or XLSX file to divisions.

Here: the order of work, batch by batch; memory does not grow with a Parquet or CSV file.
Not here: reading the file (place_input.py), placing (transforms/place.py), the index (place_store.py).
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from flows.in_flight import in_flight
from flows.out_file import require_writable, write_out
from flows.place_input import read_table
from flows.place_store import read_index
from flows.steps_place import known_common, known_places
from reference.divisions import load_gazetteer
from reference.places import load_places
from reference.text_tables import load_text_tables
from transforms.place import place_read, read_addresses, teaches
from transforms.place_index import PlaceFacts, learn_places, make_lookup, merge_facts

PLACE_COLUMNS = (
    "division_code", "province", "city", "county", "township", "community", "level", "method", "confidence",
)  # fmt: skip
EXPLAIN_COLUMNS = ("place_note", "runner_up", "support")


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
    def asked_columns(self) -> tuple[str, ...]:
        """Return the names of the columns to read."""
        return tuple(filter(None, (self.address_column, self.city_column, self.county_column)))

    @property
    def result_columns(self) -> tuple[str, ...]:
        """Return the names of the columns the result adds."""
        return PLACE_COLUMNS + (EXPLAIN_COLUMNS if self.explain else ())


def place_file(request: PlaceRequest) -> int:
    """Write the input's columns plus the placement, one row per row in input order; return the row count.

    What the file itself names teaches the rest; with an index, that index does. What ships is always known.
    """
    require_writable(request.out_file, [path for path in (request.in_file, request.index) if path])
    with tempfile.TemporaryDirectory(prefix=".zoufang-place-", dir=request.out_file.parent) as folder:
        spool = Path(folder)
        batches = read_table(request.in_file, request.asked_columns, request.result_columns, spool)
        taught = list(in_flight(lambda item: _spool(*item, spool, request), enumerate(batches)))
        learned = [read_index(request.index)] if request.index else taught
        facts = merge_facts([known_places(), *learned])
        count = _place_spooled(spool, len(taught), facts, request)
        placed = [spool / f"out-{number}.parquet" for number in range(len(taught))]
        write_out(pl.scan_parquet(placed), request.out_file)
    return count


def _spool(number: int, batch: pl.DataFrame, spool: Path, request: PlaceRequest) -> PlaceFacts:
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
    lookup = make_lookup(facts, gazetteer.units, places.trust, known_common(), places.limits)

    def place(number: int) -> int:
        read = pl.scan_parquet(spool / f"read-{number}.parquet")
        placed = place_read(read, gazetteer, places, lookup).collect().sort("row_id")
        rows = pl.read_parquet(spool / f"rows-{number}.parquet")
        whole = pl.concat([rows, placed.select(request.result_columns)], how="horizontal")
        whole.write_parquet(spool / f"out-{number}.parquet", compression="lz4")
        return whole.height

    return sum(in_flight(place, range(batches)))
