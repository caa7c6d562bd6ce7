"""The row account (行数平衡) of a run: where each row of each source ended, from the figures of the steps.

Here: adding up.  Not here: proving that the candidate holds the same sums (warehouse/candidate.py).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from flows.ingest import FileReport

COLUMNS = ("used", "superseded", "out_of_scope", "excluded", "quarantined")


class AccountError(Exception):
    """Rows were lost or counted twice: a fault of the program, never of the data."""


def row_account(
    batch_id: str,
    reports: Sequence[FileReport],
    figures: Mapping[str, dict[str, Any]],
    cities: Sequence[dict[str, Any]],
) -> pl.DataFrame:
    """One row per source: batch_id, source, rows_in and the five places a row can end in, which sum to it.

    `figures`: the figures of the steps conform, link and route by source. AccountError names what is off.
    """
    sources = sorted({report.source for report in reports})
    rows = [_source(source, reports, figures, cities) for source in sources]
    for row in rows:
        total = sum(row[column] for column in COLUMNS)
        if total != row["rows_in"]:
            raise AccountError(
                f"{row['source']}: {row['rows_in']} rows came in but {total} are accounted for: {row}"
            )
    schema = {
        "batch_id": pl.String,
        "source": pl.String,
        "rows_in": pl.Int64,
        **dict.fromkeys(COLUMNS, pl.Int64),
    }
    return pl.DataFrame([{"batch_id": batch_id, **row} for row in rows], schema=schema)


def _source(
    source: str,
    reports: Sequence[FileReport],
    figures: Mapping[str, dict[str, Any]],
    cities: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    own = [report for report in reports if report.source == source]
    places = (
        _register(figures["conform"], cities) if source == "registry" else _evidence(source, figures[source])
    )
    return {
        "source": source,
        "rows_in": sum(report.rows_in for report in own),
        **places,
        "quarantined": sum(report.quarantined for report in own),
    }


def _register(conform: dict[str, Any], cities: Sequence[dict[str, Any]]) -> dict[str, int]:
    ended: dict[str, int] = {}
    for city in cities:
        for disposition, count in city["dispositions"].items():
            ended[disposition] = ended.get(disposition, 0) + count
    return {
        "used": ended.get("target", 0),
        "superseded": conform["superseded"] + ended.get("superseded", 0),
        "out_of_scope": conform["out_of_scope"] + ended.get("out_of_scope", 0),
        "excluded": ended.get("excluded", 0),
    }


def _evidence(source: str, figures: dict[str, Any]) -> dict[str, int]:
    outcomes = dict(figures["outcomes"])
    used = outcomes.pop("linked" if source == "census" else "matched", 0)
    superseded = outcomes.pop("secondary" if source == "census" else "superseded", 0)
    return {"used": used, "superseded": superseded, "out_of_scope": sum(outcomes.values()), "excluded": 0}
