"""Loans (放款, 存量贷款) that banks tell of before the list: a sign of life, or a medium firm in debt.

Here: who borrows, and how a loan stands on the date; each limit from both sides.
Not here: what banks answer to a list (event_banks.py), which rules follow (truth.py).
"""

from datetime import date, timedelta

import polars as pl

from simulator.records import IDLE_STORIES
from simulator.report_cases import is_indebted

STATES = (
    "running", "in_order", "paid_back", "overdue", "at_limit", "past_limit", "told_later", "ended_today",
)  # fmt: skip
"""Paid half a year ago; in a book, in order; balance zero; past its day; paid 24 months ago, or a day more;
told after the date; run out that day."""


def loan_book(subjects: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """One row per loan: uscc, state, paid_on and term_months, or reported_on, matures_on, balance (元)."""
    idle = pl.col("story").is_in(IDLE_STORIES) & (pl.col("serial") % 5 < 2)
    home = (pl.col("entity_class") == "household") & (pl.col("serial") % 10 == 3)
    # Of shared telephones and representatives the run itself counts the idle: there it knew no loan.
    alone = pl.col("phone_group").is_null() & pl.col("rep_group").is_null() & ~pl.col("wrong_check")
    borrowers = subjects.filter((idle | home | is_indebted()) & alone & ~pl.col("is_later"))
    state = (pl.col("serial") // 3 % len(STATES)).replace_strict(
        dict(enumerate(STATES)), return_dtype=pl.String
    )
    day = pl.lit(as_of)
    limit = day.dt.offset_by("-24mo")
    paid = {
        "running": (day.dt.offset_by("-6mo"), 12),
        "at_limit": (limit, 36),
        "past_limit": (limit - pl.duration(days=1), 12),
        "ended_today": (day.dt.offset_by("-12mo"), 12),
    }
    told, soon, lately = as_of - timedelta(days=20), as_of + timedelta(days=100), as_of - timedelta(days=21)
    book = {
        "in_order": (told, soon, 800_000),
        "paid_back": (told, soon, 0),
        "overdue": (told, lately, 800_000),
        "told_later": (as_of + timedelta(days=1), soon, 800_000),
    }
    return borrowers.select("uscc", state=state).with_columns(
        paid_on=_by_state({name: on for name, (on, _) in paid.items()}),
        term_months=_by_state({name: pl.lit(term, pl.Int64) for name, (_, term) in paid.items()}),
        reported_on=_by_state({name: pl.lit(on) for name, (on, _, _) in book.items()}),
        matures_on=_by_state({name: pl.lit(on) for name, (_, on, _) in book.items()}),
        balance=_by_state({name: pl.lit(left, pl.Int64) for name, (_, _, left) in book.items()}),
    )


def _by_state(values: dict[str, pl.Expr]) -> pl.Expr:
    return pl.coalesce(pl.when(pl.col("state") == name).then(value) for name, value in values.items())
