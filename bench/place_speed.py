"""How many addresses a second: the ladder by names alone, learning, and with the index; memory beside it.

`python -m bench.place_speed --registrations FILE --rows 3000000`: the real rows repeated. The floor is the
same machine writing the addresses as Parquet.
"""

import argparse
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from flows.in_flight import in_flight
from flows.place_input import BATCH_ROWS
from flows.steps_place import known_common, known_places
from reference.divisions import load_gazetteer
from reference.places import load_places
from reference.text_tables import load_text_tables
from transforms.place import CERTAIN, name_places, place_read, read_addresses
from transforms.place_index import PlaceFacts, learn_places, make_lookup, merge_facts


def batches(registrations: Path, rows: int) -> Iterator[pl.DataFrame]:
    """Yield the real addresses again and again, some 250,000 at a time, until there are `rows`."""
    none = pl.lit(None, pl.String)
    real = pl.read_parquet(registrations).select(
        row_id=pl.int_range(pl.len()),
        address="注册地址",
        division_code=none,
        city_hint="地区",
        county_hint=none,
    )
    batch = pl.concat([real] * -(-BATCH_ROWS // real.height)).head(BATCH_ROWS)
    for start in range(0, rows, BATCH_ROWS):
        yield batch.head(min(BATCH_ROWS, rows - start))


def timed(name: str, rows: int, work: Callable[[], object]) -> float:
    """Run the work, print its rate on the clock and per processor second, return the rate."""
    wall, cpu = time.monotonic(), time.process_time()
    work()
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name:34}{wall:>8.1f}{cpu:>8.1f}{rows / wall:>12,.0f}{rows / cpu:>14,.0f}{peak:>10,.0f}", flush=True
    )
    return rows / wall


def main() -> None:
    """Print one line per way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--registrations", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=3_000_000)
    parser.add_argument("--scratch", type=Path, default=Path("bench-data"))
    arguments = parser.parse_args()
    arguments.scratch.mkdir(parents=True, exist_ok=True)
    gazetteer, places, text = load_gazetteer(), load_places(), load_text_tables()
    rows = arguments.rows

    def source() -> Iterator[pl.DataFrame]:
        return batches(arguments.registrations, rows)

    def read(batch: pl.DataFrame) -> pl.DataFrame:
        return read_addresses(batch.lazy(), gazetteer, places, text).collect()

    def copy() -> None:
        for batch in source():
            batch.write_parquet(arguments.scratch / "floor.parquet")

    def by_name() -> None:
        def place(batch: pl.DataFrame) -> int:
            return name_places(read(batch).lazy(), gazetteer, places).collect().height

        assert sum(in_flight(place, source())) == rows

    def learn() -> PlaceFacts:
        certain = pl.col("method").is_in(CERTAIN)
        taught = in_flight(lambda batch: learn_places(read(batch).lazy().filter(certain)), source())
        return merge_facts(list(taught))

    facts = merge_facts([known_places(), learn()])
    lookup = make_lookup(facts, gazetteer.units, places.trust, known_common(), places.limits)

    def by_index() -> None:
        def place(batch: pl.DataFrame) -> int:
            return place_read(read(batch).lazy(), gazetteer, places, lookup).collect().height

        assert sum(in_flight(place, source())) == rows

    heads = f"{'wall s':>8}{'cpu s':>8}{'a second':>12}{'a cpu second':>14}{'peak MB':>10}"
    print(f"{rows:,} addresses\n{'':34}{heads}")
    floor = timed("floor: write them as Parquet", rows, copy)
    names = timed("names, towns, villages of a town", rows, by_name)
    timed("learning the index", rows, learn)
    whole = timed("names and index", rows, by_index)
    print(f"floor : names {floor / names:.1f}   floor : names and index {floor / whole:.1f}")


if __name__ == "__main__":
    main()
