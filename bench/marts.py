"""How fast the marts answer on a full batch: `python -m bench.marts --dir DIR`.

Here: synthetic curated files and facts of three million firms, one build, the 95th percentile of every mart.
Not here: the way to the files (bench.run).
"""

import argparse
import os
import time
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from reference.divisions import DIVISIONS_FILE
from reference.tables import load_tables, tables_of
from warehouse.build import BatchFiles, BatchRecord, build_warehouse
from warehouse.feedback import FeedbackFiles
from warehouse.read import opened
from warehouse.schema import DUCKDB_TYPES

AS_OF, NOW = date(2025, 3, 31), date(2025, 6, 20)
BATCH = "ZJ-202503-31"
LIMIT_MS = 100
SQL_FILE = Path(__file__).with_suffix(".sql")
PLAIN = {"text": "'A'", "boolean": "false", "date": "date '2020-01-01'"}
DETAIL = {
    "mart_overdue_decisions": "county_code",
    "mart_recommendation_ready": "county_code",
    "mart_renewals_due": "county_code",
    "mart_batch_diff": "county_code_after",
}
"""Marts of single cases: asked as a screen asks them, one county at a time."""


def main() -> None:
    """Build the warehouse if it is not there, ask every mart some times, print a table."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--dir", type=Path, default=Path("bench-data/marts"))
    parser.add_argument("--firms", type=int, default=3_000_000)
    parser.add_argument("--times", type=int, default=40)
    given = parser.parse_args()
    file = given.dir / "warehouse.duckdb"
    if not file.exists():
        _build(given.dir, file, given.firms)
    print(f"{given.firms:,} target firms, each mart asked {given.times} times; limit {LIMIT_MS} ms")
    print(f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    print(f"{'mart':28}{'p50 ms':>8}{'p95 ms':>8}{'cpu ms':>8}{'rows':>10}")
    slowest = 0.0
    for table in tables_of("mart"):
        half, most, cpu, rows = _measured(file, table.name, given.times)
        slowest = max(slowest, most)
        print(f"{table.name:28}{half:>8.1f}{most:>8.1f}{cpu:>8.1f}{rows:>10,}")
    print(f"{'slowest':28}{'':8}{slowest:>8.1f}")
    raise SystemExit(slowest > LIMIT_MS)


def _measured(file: Path, mart: str, times: int) -> tuple[float, float, float, int]:
    """Milliseconds in which half, and 95 of 100, queries of one mart answer; of processor, mean; its rows.

    Time of processor, of all threads together, does not grow with what else the machine is doing.
    """
    county = f" WHERE {DETAIL[mart]} = '330106'" if mart in DETAIL else ""
    query, taken = f"SELECT * FROM {mart}{county}", []  # noqa: S608
    with opened(file) as con:
        rows = con.sql(query).to_arrow_table().num_rows
        cpu = time.process_time()
        for _ in range(times):
            started = time.perf_counter()
            con.sql(query).to_arrow_table()
            taken.append((time.perf_counter() - started) * 1000)
        cpu = (time.process_time() - cpu) * 1000 / times
    taken.sort()
    return taken[times // 2], taken[int(times * 0.95)], cpu, rows


def _build(folder: Path, file: Path, firms: int) -> None:
    """Write curated files and facts with the shares of March 2025, and build."""
    folder.mkdir(parents=True, exist_ok=True)
    blocks = SQL_FILE.read_text(encoding="utf-8").removeprefix("-- ").split(";\n-- ")
    with duckdb.connect() as con:
        for block in blocks:
            head, query = block.split("\n", 1)
            if head.startswith("firm:"):
                con.execute(
                    f"CREATE TABLE firm AS {query}", {"divisions": str(DIVISIONS_FILE), "firms": firms}
                )
            else:
                write_declared(con, folder / f"{head}.parquet", head, query)
    record = BatchRecord(
        BATCH, AS_OF, "bench", "c", "r", "d", "0", datetime(2025, 4, 2, tzinfo=UTC), "enterprise+coop"
    )
    batch = BatchFiles(
        record,
        enterprises=(folder / "enterprises.parquet",),
        rule_hits=(folder / "rule_hits.parquet",),
        visit_targets=(folder / "visit_targets.parquet",),
        changes=(folder / "batch_changes.parquet",),
    )
    facts = {path.stem: path for path in folder.glob("fact_*.parquet")}
    report = build_warehouse(file, [batch], DIVISIONS_FILE, FeedbackFiles("bench", NOW, facts))
    print(
        f"built in {report.seconds:.1f} s, {report.size_bytes >> 20} MB, {sum(report.rows.values()):,} rows"
    )


def write_declared(con: duckdb.DuckDBPyConnection, path: Path, table: str, query: str) -> None:
    """Write one table with its declared columns; required ones that the query lacks get a plain value."""
    found = {c[0] for c in con.execute(f"SELECT * FROM ({query}) LIMIT 0").description or ()}  # noqa: S608
    cells = []
    for column in load_tables()[table].columns:
        missing = PLAIN.get(column.type, "1") if column.required else "NULL"
        value = column.name if column.name in found else missing
        cells.append(f"({value})::{DUCKDB_TYPES[column.type]} AS {column.name}")
    con.sql(f"SELECT {', '.join(cells)} FROM ({query})").write_parquet(str(path))  # noqa: S608


if __name__ == "__main__":
    main()
