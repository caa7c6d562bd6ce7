"""The visit list of one published batch, read out of the warehouse for its workbooks.

Here: one row per target, spread over a folder per county, out of core.
Not here: order, sheets and words (transforms/dispatch_rows.py), files for people (flows/).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from warehouse.read import opened
from warehouse.schema import quote, read_sql

OPTIONAL = {
    "last_outcomes": ("fact_visit", ("uscc", "batch_id", "visited_on", "outcome"), "last_outcome"),
    "renewals": ("mart_renewals_due", ("uscc", "matures_on"), "renewal_month"),
}
"""Frames the list shows if the warehouse has them (one of an earlier version may not): table, the columns
read of it, the column it gives."""


def listed_parts(warehouse: Path, batch_id: str) -> dict[str, int]:
    """Return how many targets each county (or, where it is unknown, city) of a batch has, by 6-digit code."""
    query = (
        "SELECT coalesce(county_code, city_code), count(*) FROM fact_visit_target WHERE batch_id = ? "
        "GROUP BY ALL ORDER BY ALL"
    )
    with opened(warehouse) as con:
        return dict(con.execute(query, [batch_id]).fetchall())


def write_items(
    warehouse: Path,
    batch_id: str,
    files: Mapping[str, Sequence[Path]],
    folder: Path,
    parts: Sequence[str] = (),
    *,
    threads: int = 2,
    memory_limit: str = "1GB",
) -> int:
    """Write the batch's targets as `folder/part=<county>/*.parquet` and return their number.

    `files`: the batch's curated files by table (enterprises, rule_hits); `parts`: only these counties.
    list_item_id is the same whoever computes it and whenever; last_outcome and renewal_month are null where
    the warehouse has no such table. The operating address is what a visit told, where that placed the firm.
    """
    parameters: dict[str, Any] = {
        "batch_id": batch_id,
        "folder": str(folder),
        "parts": list(parts),
        **{table: [str(path) for path in files[table]] for table in ("enterprises", "rule_hits")},
    }
    with opened(warehouse) as con:
        con.execute(f"SET threads = {threads}")
        con.execute(f"SET memory_limit = {quote(memory_limit)}")
        con.execute(f"SET temp_directory = {quote(str(folder.with_name('spill')))}")
        con.execute("SET preserve_insertion_order = false")
        # It would write on the terminal, and into the JSON of --json.
        con.execute("SET enable_progress_bar = false")
        for name, (table, columns, gives) in OPTIONAL.items():
            _offer(con, name, table, columns, gives, batch_id)
        _offer_told(con, parameters["enterprises"])
        written = con.execute(read_sql("dispatch", "items"), parameters).fetchall()
    return int(written[0][0])


def _offer(
    con: duckdb.DuckDBPyConnection, name: str, table: str, columns: Sequence[str], gives: str, batch_id: str
) -> None:
    """Make the temporary table `name` (uscc, `gives`) of a table of the warehouse; empty without it."""
    found = con.execute(
        "SELECT count(DISTINCT column_name) FROM duckdb_columns() "
        "WHERE database_name = 'warehouse' AND table_name = ? AND list_contains(?, column_name)",
        [table, list(columns)],
    ).fetchall()[0][0]
    con.execute(f"CREATE TEMP TABLE {name} (uscc VARCHAR, {gives} VARCHAR)")
    if found == len(columns):
        query = read_sql("dispatch", table)
        given = {"batch_id": batch_id} if "$batch_id" in query else None
        con.execute(f"INSERT INTO {name} {query}", given)


def _offer_told(con: duckdb.DuckDBPyConnection, enterprises: Sequence[str]) -> None:
    """Make the temporary table told_addresses (subject_key, told_address); empty for an older batch."""
    con.execute("CREATE TEMP TABLE told_addresses (subject_key VARCHAR, told_address VARCHAR)")
    if "told_address" in con.read_parquet(list(enterprises), hive_partitioning=False).columns:
        con.execute(
            "INSERT INTO told_addresses SELECT subject_key, told_address "
            "FROM read_parquet($files, hive_partitioning = false) WHERE told_address IS NOT NULL",
            {"files": list(enterprises)},
        )
