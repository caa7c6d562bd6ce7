"""Small read-only questions to a warehouse file, for the command line and the run report.

Here: a handful of fixed queries, each returned as a list of rows by column name.
Not here: BI (its tools open the file themselves), gates (expectations/).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from reference.errors import EnvironmentProblem, InputProblem, first_line
from warehouse.schema import read_sql

Row = dict[str, Any]
_UNREADABLE = (
    duckdb.IOException,
    duckdb.SerializationException,
    duckdb.InternalException,
    duckdb.FatalException,
)
"""What DuckDB raises where a file is no database, is held by a writer, or has blocks that were changed."""


def read_batches(path: Path) -> list[Row]:
    """Return dim_batch, newest batch first."""
    return ask(path, "batches")


def read_headlines(path: Path, batch_id: str | None = None) -> list[Row]:
    """Return mart_headlines of one batch (the newest by default): one row per region."""
    return ask(path, "headlines", {"batch_id": batch_id})


def read_exclusions(path: Path, batch_id: str | None = None) -> list[Row]:
    """Return one row per category and rule of one batch (the newest by default), commonest first."""
    return ask(path, "exclusions", {"batch_id": batch_id})


def read_progress(path: Path, batch_id: str | None = None) -> list[Row]:
    """Return mart_progress_city of one batch (the newest by default): one row per city."""
    return ask(path, "progress_city", {"batch_id": batch_id})


def read_account(path: Path, batch_id: str | None = None) -> list[Row]:
    """Return the row account of one batch (the newest by default): one row per source."""
    return ask(path, "account", {"batch_id": batch_id})


def read_quality(path: Path, batch_id: str | None = None) -> list[Row]:
    """Return one row per expectation of one batch's run (the newest by default), failures first."""
    return ask(path, "quality", {"batch_id": batch_id})


def read_placement(path: Path, batch_id: str | None = None) -> list[Row]:
    """Return one row per placement method of one batch's targets (the newest by default)."""
    return ask(path, "placement", {"batch_id": batch_id})


def read_batch_before(path: Path, batch_id: str) -> Row | None:
    """Return batch_id, run_id, version, as_of of the newest earlier batch of the same scope and cities."""
    return next(iter(ask(path, "batch_before", {"batch_id": batch_id})), None)


def read_county_counts(path: Path, batch_id: str) -> list[Row]:
    """Return city_code, county_code, targets, placed_targets, excluded of a batch: one row per county."""
    return ask(path, "county_counts", {"batch_id": batch_id})


def read_county_exclusions(path: Path, batch_id: str) -> list[Row]:
    """Return city_code, county_code, category, excluded of a batch, where anybody was excluded."""
    return ask(path, "county_exclusions", {"batch_id": batch_id})


def read_firm(path: Path, uscc: str) -> list[Row]:
    """Return what the warehouse says of one firm: one row per batch since it is known, newest first."""
    return ask(path, "firm", {"uscc": uscc})


def read_wall(path: Path) -> dict[str, list[Row]]:
    """Return what the wall shows of the newest batch, all of one published file: rows by name of the query.

    batch, areas, sections, week, communities, renewals, banks: `ask/wall_<name>.sql`; account and failed
    expectations as `read_account` and `read_quality`.  Sums only: no firm and no person is in it.
    """
    names = ("batch", "areas", "sections", "week", "communities", "renewals", "banks")
    newest = {"batch_id": None}
    with opened(path) as con:
        found = {name: _rows(con, f"wall_{name}") for name in names}
        failed = [row for row in _rows(con, "quality", newest) if not row["success"]]
        return found | {"account": _rows(con, "account", newest), "failed": failed}


def ask(path: Path, query: str, parameters: dict[str, Any] | None = None) -> list[Row]:
    """Run `warehouse/ask/<query>.sql` on the file and return its rows."""
    with opened(path) as con:
        return _rows(con, query, parameters)


def _rows(con: duckdb.DuckDBPyConnection, query: str, parameters: dict[str, Any] | None = None) -> list[Row]:
    result = con.execute(read_sql("ask", query), parameters)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


@contextmanager
def opened(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a read-only connection to the file that lies there now.

    It attaches to a fresh in-memory database: `duckdb.connect(path)` would hand out the file replaced since,
    if another connection of this process still held it.
    InputProblem if there is no such file, EnvironmentProblem if a writer holds it.
    """
    if not path.exists():
        raise InputProblem(f"no warehouse at {path}; publish a batch first: zoufang run --help")
    with duckdb.connect() as con:
        try:
            con.execute("ATTACH ? AS warehouse (READ_ONLY)", [str(path)])
            # DuckDB 2.0.0 narrows sums sorted after grouping to one byte (950 becomes -74) with it on.
            con.execute("SET disabled_optimizers = 'compressed_materialization'")
            con.execute("USE warehouse")
            yield con
        except _UNREADABLE as error:
            raise EnvironmentProblem(
                f"{path} cannot be opened for reading: {first_line(error)}; if it is damaged, go back to "
                f"another version (zoufang history, zoufang rollback)"
            ) from error
