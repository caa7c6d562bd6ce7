"""The warehouse's tables and marts in DuckDB, as reference/tables declares them.

Here: DDL, comments and views on an open connection.  Not here: rows (build.py), files (publish.py).
Identifiers and comment texts come from the declaration, never from data; values are always bound.
"""

from collections.abc import Collection
from functools import cache
from pathlib import Path

import duckdb

from reference.tables import ColumnType, Table, TableColumn, tables_of

HERE = Path(__file__).parent
DUCKDB_TYPES: dict[ColumnType, str] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "money": "DECIMAL(18,2)",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}


def create_tables(con: duckdb.DuckDBPyConnection, but: Collection[str] = ()) -> None:
    """Create every declared warehouse table `but` these, empty, with constraints and comments."""
    for table in tables_of("warehouse"):
        if table.name not in but:
            con.execute(table_ddl(table))
            comment_on(con, "TABLE", table)


def clear_but(con: duckdb.DuckDBPyConnection, kept: Collection[str]) -> None:
    """Drop every declared mart, and every declared table but these."""
    for mart in tables_of("mart"):
        con.execute(f"DROP VIEW {mart.name}")
    for table in tables_of("warehouse"):
        if table.name not in kept:
            con.execute(f"DROP TABLE {table.name}")


def create_marts(con: duckdb.DuckDBPyConnection) -> None:
    """Create every declared mart as a view, with comments; a mart that reads another comes after it."""
    for table in sorted(tables_of("mart"), key=lambda t: read_sql("views", t.name).count("mart_")):
        con.execute(f"CREATE VIEW {table.name} AS {read_sql('views', table.name)}")
        comment_on(con, "VIEW", table)


def table_ddl(table: Table) -> str:
    """Return the CREATE TABLE statement of a declared table."""
    parts = [column_ddl(column) for column in table.columns]
    if table.enforce_key:
        parts.append(f"PRIMARY KEY ({', '.join(table.key)})")
    return f"CREATE TABLE {table.name} (\n    " + ",\n    ".join(parts) + "\n)"


def column_ddl(column: TableColumn) -> str:
    """Return one column's line of the DDL; a code list becomes a CHECK."""
    not_null = " NOT NULL" if column.required else ""
    check = f" CHECK ({column.name} IN ({', '.join(map(quote, column.values))}))" if column.values else ""
    return f"{column.name} {DUCKDB_TYPES[column.type]}{not_null}{check}"


def comment_on(con: duckdb.DuckDBPyConnection, kind: str, table: Table) -> None:
    """Attach the declared meaning to a table or view and to each of its columns."""
    con.execute(f"COMMENT ON {kind} {table.name} IS {quote(table.comment)}")
    for column in table.columns:
        con.execute(f"COMMENT ON COLUMN {table.name}.{column.name} IS {quote(column.comment)}")


def quote(text: str) -> str:
    """Return a declared text as an SQL literal; DDL takes no bound parameters."""
    return "'" + text.replace("'", "''") + "'"


@cache
def read_sql(folder: str, name: str) -> str:
    """Return the statement of `warehouse/<folder>/<name>.sql`."""
    return (HERE / folder / f"{name}.sql").read_text(encoding="utf-8")
