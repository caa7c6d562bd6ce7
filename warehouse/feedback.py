"""Feedback in the warehouse: the facts of the ledger, loaded and counted once at build.

Here: facts, clocks and sums of one build, and the look-up of list items.  Not here: the checks (transforms/).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from warehouse.schema import read_sql

FACTS = (
    "fact_visit",
    "fact_recommendation",
    "fact_credit",
    "fact_loan",
    "fact_renewal",
    "fact_export_insurance",
    "feedback_proposals",
    "meta_feedback_account",
)
"""Tables a build takes from the ledger; all but the last belong to a batch."""
_COUNTED = (
    "agg_case",
    "firm_events",
    "agg_funnel",
    "agg_calendar",
    "agg_bank",
    "agg_response",
    "agg_recommendation_ready",
    "renewals",
    "agg_renewal_due",
    "agg_renewal",
)


@dataclass(frozen=True)
class FeedbackFiles:
    """What a build gets of the ledger: its name, the date the clocks stand at, one Parquet file per table."""

    feedback_id: str
    as_of: date
    files: Mapping[str, Path]


def load_feedback(con: duckdb.DuckDBPyConnection, feedback: FeedbackFiles) -> None:
    """Load the facts of the batches in the file, then count; the batches have to be loaded before."""
    con.execute("INSERT INTO meta_feedback VALUES (?, ?)", [feedback.feedback_id, feedback.as_of])
    for table in FACTS:
        path = feedback.files.get(table)
        if path is not None:
            held = (
                ""
                if table == "meta_feedback_account"
                else "WHERE batch_id IN (SELECT batch_id FROM dim_batch)"
            )
            statement = f"INSERT INTO {table} BY NAME SELECT * FROM read_parquet($file) {held} ORDER BY ALL"  # noqa: S608
            con.execute(statement, {"file": str(path)})
    for name in _COUNTED:
        con.execute(read_sql("load", name))


def find_list_items(
    batches: Sequence[tuple[str, date, Sequence[Path]]], wanted: Path, out: Path, memory_limit: str = "1GB"
) -> int:
    """Write the firms of these batches that rows of feedback name, and return how many.

    `batches`: id, date and curated enterprises of each.  `wanted`: list_item_id, uscc.  `out`: one row per
    batch and firm, see load/list_items.sql; without batches nothing is written.
    """
    with duckdb.connect(config={"memory_limit": memory_limit, "threads": 2}) as con:
        for number, (batch_id, as_of, files) in enumerate(batches):
            statement = "INSERT INTO found BY NAME " if number else "CREATE TABLE found AS "
            parameters = {
                "batch_id": batch_id,
                "as_of": as_of,
                "enterprises": sorted(map(str, files)),
                "wanted": str(wanted),
            }
            con.execute(statement + read_sql("load", "list_items").split("\n", 2)[2], parameters)
        con.table("found").write_parquet(str(out), compression="zstd")
        return con.table("found").shape[0]
