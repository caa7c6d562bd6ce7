"""What a gate is asked to look at.

Here: the request and the names of the views.  Not here: the suites, nor how they run.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

Tally = dict[str, Any]
"""Answers to `questions` about the parts of a table: `parts`, a list for each, by the name of its content."""


@dataclass(frozen=True)
class GateRequest:
    """One run's data: Parquet files by table (`staged.registry`, `quarantine.registry`,
    `curated.enterprises` …) and the candidate warehouse; a layer that is absent is not gated.

    `folder` is the run's folder: results go to `gate/`, Data Docs to `data_docs/` below it.
    `list_run_id` is the run that made the batch's list, where it is another: feedback leaves the list alone.
    `known` holds, by suite, what the library answered about the very same files before: not asked again.
    `tallies` holds what was counted in single files before, under the name that `content` gave them then: a
    name stands for the bytes of a file, not for its place, or else nothing may be remembered under it.
    """

    run_id: str
    batch_id: str
    as_of: date
    folder: Path
    tables: Mapping[str, Sequence[Path]]
    candidate: Path | None = None
    data_docs: bool = False
    list_run_id: str | None = None
    known: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    tallies: Mapping[str, Tally] = field(default_factory=dict)
    content: Callable[[Path], str] = str

    def layer(self, name: str) -> dict[str, Sequence[Path]]:
        """Return the files of one layer's tables by the table's own name, empty tables left out."""
        prefix = f"{name}."
        return {t.removeprefix(prefix): f for t, f in self.tables.items() if t.startswith(prefix) and f}


def view_name(table: str) -> str:
    """Return the view that stands for a table of the lake, e.g. `staged_registry`."""
    return table.replace(".", "_")


def files_as_sql(files: Sequence[Path]) -> str:
    """Return a DuckDB list literal of the paths, sorted."""
    return "[" + ", ".join(quoted(str(f)) for f in sorted(files)) + "]"


def quoted(text: str) -> str:
    """Return an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"
