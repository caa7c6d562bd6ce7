"""What visits of earlier lists say of a firm on the date, told apart from the code under test.

Here: the simulator's own reading of domain §4.1, §4.5 and §7.3: life, R01, what a visit lifts.
Not here: who was visited (visit_book.py), the other rules (truth.py).
"""

from datetime import date

import polars as pl

from simulator.truth_records import months_back

COUNTED, ALIVE, CLOSED = ("11", "12", "13", "14", "15"), ("11", "12", "13", "14"), ("21", "31", "33")
"""Outcomes of a visit that need not be repeated, of one that met the firm at work, of one that did not."""


def visit_facts(book: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Per uscc its newest visit by the date: seen_on, seen, is_proven, and grounds to come again."""
    newest = (
        book.filter(pl.col("visited_on") <= as_of)
        .sort("visited_on")
        .unique("uscc", keep="last", maintain_order=True)
    )
    return newest.select(
        "uscc", "need_changed", "renewal_due",
        seen_on="visited_on", seen="outcome", is_proven="is_witnessed",
    )  # fmt: skip


def visit_life(*, told: bool) -> dict[str, pl.Expr]:
    """met_on and seen as of facts with visits in them; null unless they came back (`told`)."""
    told_of = pl.lit(told)
    return {
        "met_on": pl.when(told_of & pl.col("seen").is_in(ALIVE)).then("seen_on"),
        "known_visit": pl.when(told_of).then("seen"),
    }


def releases(as_of: date) -> pl.Expr:
    """Whether the newest visit met the firm at work within a year, by a photo or two visitors."""
    return ((pl.col("met_on") > months_back(as_of, 12)) & pl.col("is_proven")).fill_null(value=False)


def visit_rules(as_of: date) -> dict[str, pl.Expr]:
    """R01, of facts that have trades."""
    again = pl.any_horizontal(pl.col("need_changed", "renewal_due").fill_null(value=False)) | pl.col("trades")
    counted = pl.col("known_visit").is_in(COUNTED).fill_null(value=False)
    lately = (pl.col("seen_on") > months_back(as_of, 6)).fill_null(value=False)
    return {"R01": counted & lately & ~again}


def closed_by_visit() -> pl.Expr:
    """Whether the newest visit found the firm closed, or not at all."""
    return pl.col("known_visit").is_in(CLOSED).fill_null(value=False)
