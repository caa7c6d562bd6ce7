"""What of an aggregate adds up over files, so that a file that did not change need not be read again.

Here: how a check says so, and the sum.  Not here: counting (ahead.py), the checks (checks.py, suites_*.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Rows:
    """Rows judged each by itself: those `within` for which `holds`, as a number or as a share."""

    holds: str
    within: str
    share: bool

    @property
    def counted(self) -> tuple[str, str]:
        """Return the two conditions whose rows are counted: those that hold, those that are judged."""
        return f"({self.within}) and ({self.holds})", f"({self.within})"


@dataclass(frozen=True)
class Key:
    """Columns that are a key of the rows `within`."""

    columns: tuple[str, ...]
    within: str


@dataclass(frozen=True)
class OfSubject:
    """Rows judged by what curated tables say of their own subject_key, and by nothing else there.

    Adds up over cities as long as they keep apart: no subject is in two, each table is about its own city's.
    """


Additive = Rows | Key | OfSubject


@dataclass(frozen=True)
class Asked:
    """A query over `{batch}` of a table, and how its answer adds up over the table's files."""

    query: str
    how: Additive


def looks_elsewhere(condition: str) -> bool:
    """Return whether a condition asks for more than the row itself."""
    return "select" in condition.lower()


def added(how: Rows, counts: Iterable[dict[str, int]]) -> dict[str, float | int | None]:
    """Return `value` and `rows` of the aggregate from the counts of its conditions in every file."""
    holding, judged = how.counted
    listed = list(counts)
    value, rows = sum(one[holding] for one in listed), sum(one[judged] for one in listed)
    if not how.share:
        return {"value": value, "rows": rows}
    return {"value": value / rows if rows else None, "rows": rows}
