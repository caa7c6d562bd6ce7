"""Progress against plan: colours, ranks and the change within a week, as pure functions of figures.

Here: the rules of reference/wall/board.yml put to use.  Not here: where figures come from (facts.py).
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from reference.wall import Board

Area = dict[str, Any]


def plan(as_of: date, facts_as_of: date, board: Board) -> dict[str, Any]:
    """Return starts_on, ends_on, elapsed_days, planned_days and the expected share, 0 to 1, of one list."""
    elapsed = min(max((facts_as_of - as_of).days, 0), board.planned_days)
    return {
        "starts_on": as_of.isoformat(),
        "ends_on": (as_of + timedelta(days=board.planned_days)).isoformat(),
        "elapsed_days": elapsed,
        "planned_days": board.planned_days,
        "expected": elapsed / board.planned_days,
    }


def status(targets: int, visited: int, expected: float, board: Board) -> str:
    """Return red, yellow or green; `none` where there is no target or the plan has not begun."""
    if targets <= 0 or expected <= 0:
        return "none"
    attained = visited / targets / expected
    if attained < board.red_below:
        return "red"
    return "yellow" if attained < board.yellow_below else "green"


def set_ranks(areas: Sequence[Area], name: str, visited: str, board: Board) -> None:
    """Write under `name` the rank by share visited, 1 the best, ties alike; null for few targets or a pool.

    `visited` names the figure that is ranked: today's or the one of a week before.
    """
    ranked = [a for a in areas if a["code"] and a["targets"] >= board.min_ranked_targets]
    shares = [a[visited] / a["targets"] for a in ranked]
    for area in areas:
        area[name] = None
    for area, share in zip(ranked, shares, strict=True):
        area[name] = 1 + sum(other > share for other in shares)
