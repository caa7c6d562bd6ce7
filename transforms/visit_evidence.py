"""Visits as evidence for the next batch: who was met at work is not inactive; who moved sits elsewhere.

Here: the frame the screening rules read, and the addresses that visits tell.
Not here: which rules a visit lifts (reference/rules), which address is placed (place_subjects.py).
"""

from datetime import date

import polars as pl

from reference.feedback import Criteria

VISITS = pl.Schema(
    {
        "uscc": pl.String,
        "visited_on": pl.Date,
        "outcome": pl.String,
        "is_alive": pl.Boolean,
        "is_witnessed": pl.Boolean,
    }
)

TOLD = pl.Schema(
    {
        "uscc": pl.String,
        "told_address": pl.String,
        "told_on": pl.Date,
        "told_event": pl.String,
        "told_city": pl.String,
        "told_county": pl.String,
        "is_county_left": pl.Boolean,
    }
)
"""told_event: the visit's event_id; told_city, told_county: where the list had it, codes of 6 digits."""


def visits(facts: pl.LazyFrame, criteria: Criteria, as_of: date) -> pl.LazyFrame:
    """Return VISITS: per firm its newest visit known on the date.

    `facts`: fact_visit.  `is_alive`: met at work, outcomes 11-14, which lift the rules on inactivity (domain
    notes §4.1, live_evidence); 15, a visit refused, is no such sign. A later visit with another outcome
    overrules an earlier one. `is_witnessed`: a photo, a position or two visitors.
    """
    known = facts.filter((pl.col("visited_on") <= as_of) & pl.col("uscc").is_not_null())
    newest = known.sort("visited_on", "event_id").unique("uscc", keep="last", maintain_order=True)
    is_alive = pl.col("outcome").is_in(list(criteria.alive_outcomes))
    return newest.with_columns(is_alive=is_alive).select(*VISITS).sort("uscc")


def told_addresses(facts: pl.LazyFrame, criteria: Criteria, as_of: date) -> pl.LazyFrame:
    """Return TOLD: per firm what its newest visit that tells an address says of it, as known on the date.

    `facts`: fact_visit.  An address is told by outcome 22 or 23 or by 地址核实 2 变更 (domain notes §7.4); a
    move without an address tells none, and an earlier one stands.
    """
    moved = pl.col("outcome").is_in(list(criteria.moved_outcomes))
    changed = pl.col("addr_verified") == criteria.address_changed
    is_told = (moved | changed).fill_null(value=False) & (pl.col("new_address").str.strip_chars() != "")
    known = facts.filter(is_told & (pl.col("visited_on") <= as_of) & pl.col("uscc").is_not_null())
    newest = known.sort("visited_on", "event_id").unique("uscc", keep="last", maintain_order=True)
    return newest.select(
        "uscc",
        told_address="new_address",
        told_on="visited_on",
        told_event="event_id",
        told_city="city_code",
        told_county="county_code",
        is_county_left=pl.col("outcome") == criteria.county_left_outcome,
    ).sort("uscc")
