"""A SQLAlchemy dialect that lets Great Expectations read DuckDB.

Here: `duckdb+gx://` for read-only use.  Not here: anything that writes.

The library fetches results after it has released the connection, and DuckDB drops pending results on
rollback; with transactions switched off the results survive.  Reading needs no transaction.
"""

from typing import Any

import sqlalchemy as sa
from duckdb_engine import Dialect as DuckDBDialect
from sqlalchemy.dialects import registry
from sqlalchemy.engine.interfaces import DBAPIConnection, ReflectedColumn, ReflectedPrimaryKeyConstraint


class Dialect(DuckDBDialect):  # type: ignore[misc]
    """DuckDB without transactions, and with columns read from the one table that is asked for.

    The inherited search of PostgreSQL's catalog opens every view of the database for each table: a quarter of
    a small run's gate.
    """

    supports_statement_cache = False

    def do_begin(self, dbapi_connection: DBAPIConnection) -> None:
        """Begin nothing."""

    def do_rollback(self, dbapi_connection: DBAPIConnection) -> None:
        """Keep pending results."""

    def do_commit(self, dbapi_connection: DBAPIConnection) -> None:
        """Commit nothing."""

    def get_columns(
        self, connection: sa.Connection, table_name: str, schema: str | None = None, **_: object
    ) -> list[ReflectedColumn]:
        """Return name and type of the columns of a table or view."""
        described = connection.exec_driver_sql(f"describe {self.identifier_preparer.quote(table_name)}")
        return [
            {"name": name, "type": self._type(kind), "nullable": True, "default": None}
            for name, kind, *_ in described
        ]

    def get_pk_constraint(
        self, connection: sa.Connection, table_name: str, schema: str | None = None, **_: object
    ) -> ReflectedPrimaryKeyConstraint:
        """Return no key: what must be unique, the suites say."""
        return {"constrained_columns": [], "name": None}

    def _type(self, kind: str) -> sa.types.TypeEngine[Any]:
        name = kind.partition("(")[0].lower()
        if name == "varchar":
            return sa.types.String()
        known: type[sa.types.TypeEngine[Any]] = self.ischema_names.get(name, sa.types.NullType)
        return known()


registry.register("duckdb.gx", "expectations.gxduck", "Dialect")
