"""Visits as evidence for the next batch: who was met at work is not inactive.

Here: the frame the screening rules read.  Not here: which rules it lifts (reference/rules).
"""

from collections.abc import Sequence
from datetime import date

import polars as pl

VISITS = pl.Schema({"uscc": pl.String, "visited_on": pl.Date, "outcome": pl.String})


def visits(facts: pl.LazyFrame, outcomes: Sequence[str], as_of: date) -> pl.LazyFrame:
    """Return uscc, visited_on, outcome: per firm its newest visit known on the date, if of such an outcome.

    `facts`: fact_visit.  `outcomes`: 11-14 lift the rules on inactivity (domain notes §4.1, live_evidence).
    A later visit with another outcome overrules an earlier one.
    """
    known = facts.filter((pl.col("visited_on") <= as_of) & pl.col("uscc").is_not_null())
    newest = known.sort("visited_on", "event_id").unique("uscc", keep="last", maintain_order=True)
    return newest.filter(pl.col("outcome").is_in(list(outcomes))).select(*VISITS).sort("uscc")
