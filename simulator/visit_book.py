"""Visits (走访) that came back on earlier lists: who was met, refused, gone; each limit from both sides.

Here: who was visited, and how the visits stand on the date.
Not here: how workbooks are filled in (campaign.py), which rules follow (truth_visits.py).
"""

from datetime import date
from typing import NamedTuple

import polars as pl

from simulator.records import IDLE_STORIES


class _Visit(NamedTuple):
    """Months and days from the visit to the date, what came of it, a photo, grounds to come again."""

    months: int
    days: int
    outcome: str
    is_witnessed: bool = True
    need_changed: bool = False
    renewal_due: bool = False


STATES: dict[str, tuple[_Visit, ...]] = {
    "met": (_Visit(0, 60, "11"),),
    "met_alone": (_Visit(0, 60, "12", is_witnessed=False),),
    "at_half_year": (_Visit(6, 0, "13"),),
    "in_half_year": (_Visit(6, -1, "14"),),
    "refused": (_Visit(0, 30, "15", is_witnessed=False),),
    "stopped": (_Visit(0, 30, "21"),),
    "moved": (_Visit(0, 30, "22"),),
    "not_found": (_Visit(0, 30, "31"),),
    "unreachable": (_Visit(0, 30, "32"),),
    "deregistered": (_Visit(0, 30, "33"),),
    "needs_more": (_Visit(0, 60, "11", need_changed=True),),
    "to_renew": (_Visit(0, 60, "13", is_witnessed=False, renewal_due=True),),
    "at_a_year": (_Visit(12, 0, "11"),),
    "in_a_year": (_Visit(12, -1, "11"),),
    "at_two_years": (_Visit(24, 0, "12"),),
    "past_two_years": (_Visit(24, 1, "12"),),
    "told_later": (_Visit(0, -1, "11"),),
    "gone_since": (_Visit(0, 60, "11"), _Visit(0, 10, "33")),
    "met_again": (_Visit(0, 90, "33"), _Visit(0, 10, "14")),
    "on_the_day": (_Visit(0, 0, "13"),),
}
"""Visits of one firm each, oldest first."""


def visit_book(subjects: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """One row per visit: uscc, state, event_id, visited_on, outcome, is_witnessed, need_changed, renewal_due.

    `need_changed` and `renewal_due` are what is known of the firm beside the visit.
    """
    idle = pl.col("story").is_in(IDLE_STORIES) & (pl.col("serial") % 5 > 1)
    home = (pl.col("entity_class") == "household") & (pl.col("serial") % 10 == 3)
    # Of shared telephones and representatives the run itself counts the idle: there it knew no visit.
    alone = pl.col("phone_group").is_null() & pl.col("rep_group").is_null() & ~pl.col("wrong_check")
    often = pl.col("entity_class").is_in(["branch", "coop", "other"]) | pl.col("is_trader")
    visited = idle | home | (pl.col("serial") % 6 == 1) | (often & (pl.col("serial") % 2 == 0))
    turn = pl.col("serial") // 3 % len(STATES)
    firms = subjects.filter(visited & alone & ~pl.col("is_later")).select(
        "uscc", "serial", state=turn.replace_strict(dict(enumerate(STATES)), return_dtype=pl.String)
    )
    visits = [
        {"state": state, "turn": turn, "_months": f"-{visit.months}mo", **visit._asdict()}
        for state, of_firm in STATES.items()
        for turn, visit in enumerate(of_firm)
    ]
    day = pl.lit(as_of).dt.offset_by(pl.col("_months"))
    return (
        firms.join(pl.DataFrame(visits), on="state", maintain_order="left_right")
        .with_columns(event_id=pl.concat_str(pl.lit("V"), "serial", pl.lit("-"), "turn"))
        .with_columns(visited_on=day - pl.duration(days="days"))
        .select(
            "uscc", "state", "event_id", "visited_on", "outcome", "is_witnessed", "need_changed",
            "renewal_due",
        )
    )  # fmt: skip
