"""How fast the marts answer on a full batch: `python -m bench.marts --dir DIR`.

Here: synthetic curated files and facts of three million firms, one build, the 95th percentile of every mart.
Not here: the way to the files (bench.run).
"""

import argparse
import json
import time
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import polars as pl

from reference.divisions import DIVISIONS_FILE
from reference.tables import load_tables, tables_of
from warehouse.build import BatchFiles, BatchRecord, build_warehouse
from warehouse.feedback import FeedbackFiles
from warehouse.read import opened

AS_OF, NOW = date(2025, 3, 31), date(2025, 6, 20)
BATCH = "ZJ-202503-31"
DETAIL = ("mart_overdue_decisions", "mart_recommendation_ready", "mart_renewals_due")
"""Marts of single cases: asked as a screen asks them, one county at a time."""
ASK = {name: f"SELECT * FROM {name} WHERE county_code = '330106'" for name in DETAIL}  # noqa: S608


def main() -> None:
    """Build the warehouse if it is not there, ask every mart some times, print JSON."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--dir", type=Path, default=Path("bench-data/marts"))
    parser.add_argument("--firms", type=int, default=3_000_000)
    parser.add_argument("--times", type=int, default=40)
    given = parser.parse_args()
    file = given.dir / "warehouse.duckdb"
    if not file.exists():
        _build(given.dir, file, given.firms)
    slowest = {table.name: _p95(file, table.name, given.times) for table in tables_of("mart")}
    print(json.dumps({"firms": given.firms, "p95_ms": slowest, "worst_ms": max(slowest.values())}, indent=1))


def _p95(file: Path, mart: str, times: int) -> float:
    """Milliseconds within which 95 of 100 queries of one mart answer, in one open connection."""
    query, taken = ASK.get(mart, f"SELECT * FROM {mart} WHERE true"), []  # noqa: S608
    with opened(file) as con:
        con.execute(query).fetchall()
        for _ in range(times):
            started = time.perf_counter()
            con.execute(query).fetch_arrow_table()
            taken.append((time.perf_counter() - started) * 1000)
    return round(sorted(taken)[int(len(taken) * 0.95)], 1)


def _build(folder: Path, file: Path, firms: int) -> None:
    """Write curated files and facts with the shares of March 2025, and build."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, query in _queries(firms).items():
        _write(folder / f"{name}.parquet", name, query)
    record = BatchRecord(
        BATCH, AS_OF, "bench", "c", "r", "d", "0", datetime(2025, 4, 2, tzinfo=UTC), "enterprise+coop"
    )
    batch = BatchFiles(
        record,
        enterprises=(folder / "enterprises.parquet",),
        rule_hits=(folder / "rule_hits.parquet",),
        visit_targets=(folder / "visit_targets.parquet",),
    )
    facts = {path.stem: path for path in folder.glob("fact_*.parquet")}
    report = build_warehouse(file, [batch], DIVISIONS_FILE, FeedbackFiles("bench", NOW, facts))
    print(f"built in {report.seconds:.1f} s, {report.size_bytes >> 20} MB, {sum(report.rows.values()):,} rows")


def _queries(firms: int) -> dict[str, str]:
    """Columns of every table by name, out of one frame of firms; columns not named are null or plain."""
    visited, pushed, credited = "n % 100 < 97", "n % 100 < 97 AND n % 1000 < 205", "n % 100 < 90"
    event = f"'{BATCH}' AS batch_id, true AS is_on_list, *"
    rec = f"{event}, 'R' || n AS rec_id, 'B' || n % 40 AS bank_code"
    return {
        "enterprises": "SELECT *, 'target' AS disposition FROM firm",
        "rule_hits": "SELECT * FROM firm WHERE false",
        "visit_targets": f"SELECT '{BATCH}' AS batch_id, date '{AS_OF}' AS as_of, *, 1 + n % 3 AS priority FROM firm",
        "fact_visit": f"SELECT {event}, 'v' || n AS event_id, date '2025-04-01' + (n % 60)::INT AS visited_on, "
        "CASE WHEN n % 1000 < 260 THEN '11' ELSE '13' END AS outcome, true AS is_effective, "
        f"n % 1000 < 260 AS is_declared, n % 1000 < 260 AS has_need FROM firm WHERE {visited}",
        "fact_recommendation": f"SELECT {rec}, 'r' || n AS event_id, date '2025-04-05' + (n % 60)::INT AS pushed_on "
        f"FROM firm WHERE {pushed}",
        "fact_credit": f"SELECT {rec}, 'c' || n AS event_id, date '2025-04-15' + (n % 60)::INT AS decided_on, "
        f"'granted' AS result, 2700000 AS credit_amount FROM firm WHERE {pushed} AND {credited}",
        "fact_loan": f"SELECT {rec}, 'l' || n AS event_id, 'L' || n AS loan_id, 4.0 AS rate, 2700000 AS amount, "
        f"date '2025-04-17' + (n % 60)::INT AS paid_on FROM firm WHERE {pushed} AND {credited}",
        "fact_renewal": f"SELECT {rec}, 'k' || n AS event_id, 'K' || n AS loan_id, date '{NOW}' AS reported_on, "
        f"100000 AS balance, date '{NOW}' + (n % 365)::INT AS matures_on FROM firm WHERE n % 10 = 0",
        "fact_export_insurance": f"SELECT {event}, 'p' || n AS event_id, 'P' || n AS policy_id, 1000 AS insured_usd, "
        "date '2025-05-01' AS month FROM firm WHERE n % 100 = 1",
        "firms": str(firms),
    }


def _write(path: Path, table: str, query: str) -> None:
    """Write one table with its declared columns; required ones that the query lacks get a plain value."""
    if table == "firms":
        return
    plain = {"text": "''", "boolean": "false", "date": "date '2020-01-01'", "integer": "1"}
    declared = load_tables()[table]
    with duckdb.connect() as con:
        con.execute(FIRM, {"divisions": str(DIVISIONS_FILE), "firms": int(_queries_firms(path))})
        found = {c[0] for c in con.execute(f"SELECT * FROM ({query}) LIMIT 0").description or ()}  # noqa: S608
        cells = [
            c.name if c.name in found else f"{plain.get(c.type, '0') if c.required else 'NULL'} AS {c.name}"
            for c in declared.columns
        ]
        frame = pl.DataFrame(con.execute(f"SELECT {', '.join(cells)} FROM ({query})").fetch_arrow_table())  # noqa: S608
    frame.cast(declared.polars_schema).write_parquet(path)
