"""Answers counted file by file, beside the library: files counted before are not read again.

Here: the thread that counts, what follows of staged files, what is handed on to be remembered.
Not here: counting itself (counting.py), curated tables (cities.py), judging (checks.py).

An answer is given only if it is the one the query would get of the whole table; in every other case, a file
that cannot be read among them, there is none, and the library asks the database itself.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from expectations.additive import Asked, Rows, added
from expectations.asking import Answers, as_asked
from expectations.checks import ExpectMeasureToBeBetween, Suites
from expectations.cities import count_cities
from expectations.counting import DELIVERED, LINES, Counter
from expectations.library import Expectation
from expectations.request import GateRequest, Tally, view_name


class Ahead:
    """Counts in a thread of its own, one table after the other."""

    def __init__(self, request: GateRequest, suites: Suites) -> None:
        self._counter = Counter(request.content, request.tallies, request.folder / "gate")
        self._pool = ThreadPoolExecutor(1, "gate-ahead")
        self._answers: dict[str, Future[Answers]] = {}
        asked = {suite: _asked(checks) for suite, checks in suites.items() if request.tables.get(suite)}
        curated = {suite: listed for suite, listed in asked.items() if suite.startswith("curated.")}
        for suite, listed in asked.items():
            if suite not in curated:
                files = request.tables[suite]
                self._submit({suite: listed}, partial(_count_staged, self._counter, suite, files, listed))
        if curated:
            tables = {table: request.tables[table] for table in curated}
            self._submit(curated, partial(count_cities, self._counter, tables, curated))

    def records(self, query: str) -> list[dict[str, Any]] | None:
        """Return the answer to a query as the library asks it, once it is counted; None if it is not."""
        counting = self._answers.get(query)
        return counting.result().get(query) if counting else None

    def close(self) -> dict[str, Tally]:
        """Wait for the end of the counting; return what was counted, by table."""
        self._pool.shutdown(cancel_futures=True)
        return self._counter.found

    def _submit(self, asked: Mapping[str, Sequence[Asked]], count: Callable[[], Answers]) -> None:
        counting = self._pool.submit(_or_nothing, count)
        for table, listed in asked.items():
            self._answers |= {as_asked(one.query, view_name(table)): counting for one in listed}


def _asked(checks: Sequence[Expectation]) -> list[Asked]:
    mine = [check for check in checks if isinstance(check, ExpectMeasureToBeBetween)]
    return [Asked(check.unexpected_rows_query, check.additive) for check in mine if check.additive]


def _or_nothing(count: Callable[[], Answers]) -> Answers:
    try:
        return count()
    except (duckdb.Error, OSError):
        # A file is gone or broken, or lacks a column: the library meets the same, and says so.
        return {}


def _count_staged(counter: Counter, table: str, files: Sequence[Path], asked: Sequence[Asked]) -> Answers:
    conditions = [c for one in asked if isinstance(one.how, Rows) for c in one.how.counted]
    counts = counter.count(table, files, [*conditions, "(true)"], lines=True)
    answers = {one.query: [added(one.how, counts.values())] for one in asked if isinstance(one.how, Rows)}
    delivered = [one[DELIVERED] for one in counts.values() if one[DELIVERED] != ""]
    if None not in delivered and len(set(delivered)) == len(delivered):
        # Each file holds lines of a delivered file of its own, each line once.
        every = sum(one["(true)"] for one in counts.values())
        answers |= {one.query: [{"value": 0, "rows": every}] for one in asked if one.how == LINES}
    return {as_asked(query, view_name(table)): records for query, records in answers.items()}
