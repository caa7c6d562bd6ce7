"""Counting in Parquet files, one answer per file, and what was counted before.

Here: the files' identities, counts of conditions, lines of delivered files.
Not here: what follows from the counts (ahead.py, cities.py).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb

from expectations.additive import Key
from expectations.request import Tally, files_as_sql

Counts = dict[str, Any]
"""Answers about one file, or one part of a table, by question."""
LINES = Key(("source_file", "row_no"), "true")
"""The key of a staged table: a line of a delivered file."""
DELIVERED = "delivered file of these lines, if none is there twice"
MOST_BITS = 1 << 30
"""Lines seen are marked in one bit each, up to the highest of all for every file: 128 MB."""


class Counter:
    """Answers by part of a table: remembered ones, and those asked of the files now."""

    def __init__(self, content: Callable[[Path], str], remembered: Mapping[str, Tally], spill: Path) -> None:
        self._content = content
        self._remembered = remembered
        self._named: dict[Path, str] = {}
        self._spill = spill
        self.found: dict[str, Tally] = {}

    def connect(self) -> closing[duckdb.DuckDBPyConnection]:
        """Return a connection to a database without tables."""
        return closing(duckdb.connect(config={"memory_limit": "1GB", "temp_directory": str(self._spill)}))

    def name(self, *files: Path) -> str:
        """Name the content of files."""
        for path in files:
            if path not in self._named:
                self._named[path] = self._content(path)
        return " ".join(self._named[path] for path in files)

    def known(self, table: str, questions: Sequence[str]) -> dict[str, list[Any]]:
        """Return what was answered before to the very same questions, by the name of the part."""
        before = self._remembered.get(table)
        return dict(before["parts"]) if before and before["questions"] == list(questions) else {}

    def keep(self, table: str, questions: Sequence[str], parts: Mapping[str, list[Any]]) -> None:
        """Hand answers on to be remembered."""
        self.found[table] = {"questions": list(questions), "parts": dict(parts)}

    def count(
        self, table: str, files: Sequence[Path], conditions: Iterable[str], *, lines: bool = False
    ) -> dict[Path, Counts]:
        """Return by file the number of rows for which each condition holds; with `lines` also DELIVERED.

        One pass over all files that were not counted before. duckdb.Error if one cannot be read, or has not
        the columns.
        """
        questions = [*dict.fromkeys(conditions), *([DELIVERED] if lines else [])]
        known = self.known(table, questions)
        missing = [path for path in files if self.name(path) not in known]
        if missing:
            with self.connect() as connection:
                known |= {self.name(p): a for p, a in _asked(connection, missing, questions).items()}
        parts = {self.name(path): known[self.name(path)] for path in files}
        self.keep(table, questions, parts)
        return {path: dict(zip(questions, parts[self.name(path)], strict=True)) for path in files}


def _asked(
    connection: duckdb.DuckDBPyConnection, files: Sequence[Path], questions: Sequence[str]
) -> dict[Path, list[Any]]:
    connection.execute(
        "create view asked as select *, filename as of_file from "  # noqa: S608
        f"read_parquet({files_as_sql(files)}, union_by_name = true)"
    )
    lines = _delivered(connection, len(files)) if DELIVERED in questions else ""
    # Braces in the conditions are doubled, as they are in the queries they come from.
    wanted = [lines if q == DELIVERED else f"count(*) filter (where {q.format()})" for q in questions]
    rows = connection.execute(f"select of_file, {', '.join(wanted)} from asked group by of_file").fetchall()  # noqa: S608
    answers = {Path(name): list(found) for name, *found in rows}
    # A file without rows is no group: nothing holds in it, and its lines clash with none.
    nothing = ["" if q == DELIVERED else 0 for q in questions]
    return {path: answers.get(path, nothing) for path in files}


def _delivered(connection: duckdb.DuckDBPyConnection, files: int) -> str:
    """Return the aggregate for DELIVERED: null if a line is there twice, or lines of two delivered files."""
    name, line = LINES.columns
    [(lowest, highest)] = connection.execute(f"select min({line}), max({line}) from asked").fetchall()  # noqa: S608
    if lowest is None or lowest < 0 or highest * files > MOST_BITS:
        return "null"
    seen = f"bit_count(bitstring_agg({line}, 0, {highest}))"
    whole = f"count({line}) = count(*) and count({name}) = count(*) and {seen} = count(*)"
    return f"case when {whole} and min({name}) = max({name}) then nullif(min({name}), '') end"
