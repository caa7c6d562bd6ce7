"""How long and how much memory the shared step takes on a generated province, and what it finds there.

Here: subjects drawn without files, a known number of shared doors and telephones among them.
Not here: a whole run (run.py).

    python -m bench.shared --subjects 3300000
"""

import argparse
import resource
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from flows.steps_city import Evidence
from flows.steps_feedback import VISITS_FILE
from flows.steps_shared import LISTS_FILE, PERSONS_FILE, shared_of, write_all_keys
from reference.contracts import load_contracts
from reference.rules import load_rules
from simulator.places import City, draw_places, load_cities
from simulator.simulate import WEIGHTS
from transforms.ingest import staged_schema
from transforms.shared_counts import listed_addresses
from transforms.visit_evidence import VISITS

AS_OF = date(2025, 3, 31)
SHARED_SHARE = 0.06
"""As many of the subjects have a door and telephone of a pool that holds one for fifty of them."""


def city_subjects(city: City, size: int, first: int, rng: np.random.Generator) -> pl.DataFrame:
    """One row per subject with the columns the step reads."""
    places = draw_places(city, size, rng)
    pool = max(1, round(size * SHARED_SHARE) // 50)
    is_shared = rng.random(size) < SHARED_SHARE
    of = np.where(is_shared, rng.integers(0, pool, size), np.arange(size) + 10**7)
    key = pl.Series("key", of, dtype=pl.Int64)
    door = places["address"].gather(np.where(is_shared, of % size, np.arange(size)))
    return pl.DataFrame({"subject_key": np.arange(first, first + size), "_key": key, "address": door}).select(
        subject_key=pl.format("S{}", "subject_key"),
        status=pl.lit("A"),
        cancelled_on=pl.lit(None, pl.Date),
        established_on=pl.lit(date(2015, 1, 1)),
        address="address",
        operating_address=pl.lit(None, pl.String),
        register_county_code=places["county_code"],
        register_city_code=pl.lit(city.code),
        phone_key=pl.col("_key").hash(1).cast(pl.String).str.zfill(32),
        legal_rep_id_key=pl.col("subject_key").hash(2).cast(pl.String).str.zfill(32),
    )


def write_province(work: Path, subjects: int) -> None:
    """Write the subjects per city, and empty lists."""
    (work / "subjects").mkdir()
    first = 0
    for turn, city in enumerate(load_cities()):
        size = round(subjects * WEIGHTS[city.code])
        frame = city_subjects(city, size, first, np.random.default_rng([1, turn]))
        frame.write_parquet(work / "subjects" / f"{city.code}.parquet", compression_level=1)
        first += size
    empty = {source: pl.LazyFrame(schema=staged_schema(c)) for source, c in load_contracts().items()}
    listed_addresses(empty["address_lists"], AS_OF).write_parquet(work / LISTS_FILE)
    empty["judgment_defaulters"].with_columns(outcome=pl.lit("matched")).collect().write_parquet(
        work / PERSONS_FILE
    )
    pl.DataFrame(schema=VISITS).write_parquet(work / VISITS_FILE)


def main() -> None:
    """Generate, run the step, print what it took."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--subjects", type=int, default=3_300_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        write_province(work, given.subjects)
        before = resource.getrusage(resource.RUSAGE_SELF)
        started = time.monotonic()
        evidence = Evidence(work, [], AS_OF, load_rules(), pl.LazyFrame())
        facts = shared_of(evidence, write_all_keys(evidence, work / "keys"))
        after = resource.getrusage(resource.RUSAGE_SELF)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(
            f"{given.subjects:,} subjects: {time.monotonic() - started:.1f} s, {cpu:.1f} s of CPU, peak "
            f"{before.ru_maxrss >> 10:,} MB before, {after.ru_maxrss >> 10:,} MB after; "
            f"{facts.height:,} share something"
        )


if __name__ == "__main__":
    main()
