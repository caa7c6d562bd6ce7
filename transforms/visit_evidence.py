"""Visits as evidence for the next batch: who was met at work is not inactive.

Here: the frame the screening rules read.  Not here: which rules it lifts (reference/rules).
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
