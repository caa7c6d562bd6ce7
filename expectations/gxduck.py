"""A SQLAlchemy dialect that lets Great Expectations read DuckDB.

Here: `duckdb+gx://` for read-only use.  Not here: anything that writes.

The library fetches results after it has released the connection, and DuckDB drops pending results on
rollback; with transactions switched off the results survive.  Reading needs no transaction.
"""

from duckdb_engine import Dialect as DuckDBDialect
from sqlalchemy.dialects import registry
from sqlalchemy.engine.interfaces import DBAPIConnection


class Dialect(DuckDBDialect):  # type: ignore[misc]
    """DuckDB without transactions."""

    supports_statement_cache = False

    def do_begin(self, dbapi_connection: DBAPIConnection) -> None:
        """Begin nothing."""

    def do_rollback(self, dbapi_connection: DBAPIConnection) -> None:
        """Keep pending results."""

    def do_commit(self, dbapi_connection: DBAPIConnection) -> None:
        """Commit nothing."""


registry.register("duckdb.gx", "expectations.gxduck", "Dialect")
