"""What two homes have to agree in."""

from pathlib import Path
from typing import Any

from flows.batches import read_pointers
from flows.home import Home
from flows.known_bytes import hash_file
from warehouse.read import opened


def batches(warehouse: Path) -> list[str]:
    """Return the dates of the batches in a warehouse."""
    with opened(warehouse) as con:
        return [str(row[0]) for row in con.execute("SELECT as_of FROM dim_batch ORDER BY 1").fetchall()]


def curated(home: Path) -> dict[str, str]:
    """Return every curated file, and the pointers' runs, by what they hold."""
    lake = home / "lake"
    files = {str(path.relative_to(lake)): hash_file(path) for path in lake.glob("curated/**/*.parquet")}
    return files | {p.record.batch_id: p.record.run_id for p in read_pointers(Home(home))}


def contents(warehouse: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return every table and view, all columns and rows in order, but for the time of publishing."""
    with opened(warehouse) as con:
        query = (
            "SELECT table_name FROM information_schema.tables WHERE table_catalog = 'warehouse' ORDER BY 1"
        )
        tables = [row[0] for row in con.execute(query).fetchall()]
        columns = {table: "* EXCLUDE published_at" if table == "dim_batch" else "*" for table in tables}
        assert {"dim_batch", "fact_visit_target", "meta_quality", "mart_headlines"} <= columns.keys()
        return {t: con.table(t).project(c).order("ALL").fetchall() for t, c in columns.items()}
