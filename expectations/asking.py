"""How a query of an expectation is answered: by what was counted ahead, or else by asking the database.

Here: the library's metric for it.  Not here: counting ahead (ahead.py), judging (checks.py).
"""

from typing import Any, Protocol

from expectations.library import ExecutionEngine, UnexpectedRowsQueryTable

MEASURED = "measured_query.table"
Answers = dict[str, list[dict[str, Any]]]
"""Records by the text of the query as the library asks it."""
AHEAD = "ahead"
"""The engine's execution option that holds what was counted ahead."""


class Known(Protocol):
    """Answers to queries, by their text as the library asks it."""

    def records(self, query: str) -> list[dict[str, Any]] | None:
        """Return the answer, waiting for it if it is being counted; None if the database must be asked."""


def as_asked(query: str, view: str) -> str:
    """Return the text in which the library asks a query over `{batch}` of a table."""
    return query.format(batch=f"(SELECT * \nFROM {view} \nWHERE true) AS subselect")


class MeasuredQuery(UnexpectedRowsQueryTable):  # type: ignore[misc]
    """The rows of an aggregate query."""

    metric_name = MEASURED

    @classmethod
    def _get_sqlalchemy_records_from_substituted_batch_subquery(
        cls, substituted_batch_subquery: str, execution_engine: ExecutionEngine, fetch_all: bool = False
    ) -> list[dict[str, Any]]:
        known: Known | None = execution_engine.engine.get_execution_options().get(AHEAD)
        answer = known.records(substituted_batch_subquery) if known else None
        if answer is not None:
            return answer
        asked: list[dict[str, Any]] = super()._get_sqlalchemy_records_from_substituted_batch_subquery(
            substituted_batch_subquery, execution_engine, fetch_all
        )
        return asked
