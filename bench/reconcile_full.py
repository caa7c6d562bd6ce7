"""The reconciliation at full size without the pipeline before it: `python -m bench.reconcile_full --dir DIR`.

Here: a list of 3.29 million firms made directly as curated files, two dates of the series and 温州's
renewals played on it, taken in by ledger and reckoning as `zoufang feedback` does, marts built and compared.
Not here: what made the list (bench.reconcile runs it), the gate, publishing.
"""

import argparse
import resource
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl

from bench.marts import write_declared
from bench.reconcile import TOLERANCE, compare, compare_renewals, table
from flows.batches import Pointer
from flows.home import Home
from flows.ledger import check_feedback, record
from flows.steps_feedback import reckon
from reference.divisions import DIVISIONS_FILE
from simulator.campaign import play_renewals, play_row
from simulator.series import LIST_SIZE, RenewalRow, Row, load_renewals, load_series
from warehouse.build import BatchFiles, BatchRecord, build_warehouse

FIRST = load_series()[0].list_as_of
BATCH = f"ZJ-{FIRST:%Y%m-%d}"
FIRM = f"""
CREATE TABLE firm AS
WITH town AS (
    SELECT division_code, row_number() OVER (ORDER BY hash(division_code)) - 1 AS t, count(*) OVER () AS towns
    FROM read_csv($divisions, header = true, all_varchar = true) WHERE level = 'township'
)
SELECT 'F' || n AS subject_key, '9133' || lpad(n::VARCHAR, 14, '0') AS uscc, division_code,
    left(division_code, 4) || '00' AS city_code, left(division_code, 6) AS county_code,
    left(division_code, 9) AS township_code, left(division_code, 4) AS register_city_code,
    n % 33 = 1 AS is_foreign_trade, n % 30 = 2 AS is_sci_tech, n % 10 > 0 AS is_private,
    n % 5 = 3 AS is_consumption, '{BATCH}' AS batch_id, DATE '{FIRST}' AS as_of, 1 + n % 3 AS priority,
    'target' AS disposition, 'enterprise' AS entity_class, 'valid' AS uscc_check
FROM range($firms::BIGINT) AS r(n) JOIN town ON t = n % towns
"""  # noqa: S608


def make_list(home: Home, firms: int) -> tuple[Pointer, BatchFiles]:
    """Write curated files of a list of that many firms over all townships; one in 33 trades abroad."""
    stamp = datetime(2024, 11, 2, tzinfo=UTC)
    made = BatchRecord(BATCH, FIRST, f"{FIRST:%Y%m%d}-made", "c", "r", "d", "0", stamp, "enterprise+coop")
    with duckdb.connect(config={"memory_limit": "2GB", "threads": 2}) as con:
        con.execute(FIRM, {"divisions": str(DIVISIONS_FILE), "firms": firms})
        cities = [
            c for (c,) in con.execute("SELECT DISTINCT register_city_code FROM firm ORDER BY 1").fetchall()
        ]
        files: dict[str, list[Path]] = {"enterprises": [], "visit_targets": []}
        for city in cities:
            for name, written in files.items():
                written.append(home.curated(name, FIRST, city, made.run_id))
                written[-1].parent.mkdir(parents=True, exist_ok=True)
                query = f"SELECT * FROM firm WHERE register_city_code = '{city}'"  # noqa: S608
                write_declared(con, written[-1], name, query)
    batch = BatchFiles(made, (), (), visit_targets=tuple(files["visit_targets"]))
    return Pointer(made, tuple(cities)), batch


def read_made(home: Home, pointer: Pointer) -> pl.DataFrame:
    """Return the list as the player wants it (events.read_list)."""
    files = [home.curated("enterprises", FIRST, city, pointer.record.run_id) for city in pointer.units]
    return pl.read_parquet(files, hive_partitioning=False).select(
        "subject_key", "uscc", "division_code", "is_foreign_trade", "is_sci_tech", "is_consumption",
        "register_city_code", batch_id=pl.lit(BATCH), list_as_of=pl.lit(FIRST), is_target=pl.lit(True),
    ).sort("subject_key")  # fmt: skip


def play(home: Home, pointer: Pointer, back: Path, scale: float, seed: int) -> None:
    """Write the inbox of every date of the first list, and of the renewals."""
    firms, known, before = read_made(home, pointer), None, None
    for row in (row for row in load_series() if row.list_as_of == FIRST):
        played = play_row(row, before, firms, known, back / str(row.as_of), scale=scale, seed=seed)
        known, before = played.known, row
    for renewal in load_renewals():
        play_renewals(renewal, firms, back / str(renewal.as_of), scale=scale, seed=seed)


def main() -> None:
    """Make, play, take in, compare; print times, the memory of this process, and the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, default=Path("bench-data/reconcile-full"))
    parser.add_argument("--firms", type=int, default=LIST_SIZE)
    parser.add_argument("--seed", type=int, default=3)
    given = parser.parse_args()
    home, scale, started = Home(given.dir / "home"), given.firms / LIST_SIZE, time.monotonic()
    told = _Progress(started)
    pointer, batch = make_list(home, given.firms)
    told(f"list of {given.firms:,} firms")
    play(home, pointer, given.dir / "back", scale, given.seed)
    told("campaign played")
    first = [row for row in load_series() if row.list_as_of == FIRST]
    steps: list[Row | RenewalRow] = sorted([*first, *load_renewals()], key=lambda row: row.as_of)
    lines = []
    for row in steps:
        new = record(home, check_feedback(given.dir / "back" / str(row.as_of)), row.as_of)
        told(f"{row.as_of}: {len(new)} files in the ledger")
        feedback = reckon(home, [pointer], row.as_of).feedback
        told(f"{row.as_of}: reckoned")
        file = given.dir / f"{row.as_of}.duckdb"
        report = build_warehouse(file, [batch], DIVISIONS_FILE, feedback)
        told(f"{row.as_of}: warehouse of {sum(report.rows.values()):,} rows")
        lines += compare(file, row, scale) if isinstance(row, Row) else compare_renewals(file, row, scale)
    print(table(lines))
    raise SystemExit(any(abs(line.difference) > TOLERANCE for line in lines))


class _Progress:
    """Tells a step with the time since the start, of clock and processor, and the peak of memory so far."""

    def __init__(self, started: float) -> None:
        self.started = started

    def __call__(self, step: str) -> None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        wall = time.monotonic() - self.started
        print(f"[{wall:6.0f}s cpu {time.process_time():6.0f}s peak {peak:6,.0f} MB] {step}", flush=True)


if __name__ == "__main__":
    main()
