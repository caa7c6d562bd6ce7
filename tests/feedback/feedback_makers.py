"""Rows of feedback by hand: what is not said is empty."""

from datetime import date
from typing import Any

import polars as pl

from reference.contracts import feedback_contracts
from transforms.ingest import staged_schema
from transforms.ingest_lines import REJECTED

MAR = date(2025, 3, 31)
AS_OF = date(2025, 6, 20)
FAULTS = pl.Schema({"row_id": pl.String(), **{k: v for k, v in REJECTED.items() if k != "row_no"}})
FIRM: dict[str, Any] = {
    "batch_id": "ZJ-202503-31", "list_as_of": MAR, "is_on_list": True, "city_code": "330100",
    "county_code": "330106", "township_code": "330106001", "is_foreign_trade": False, "is_sci_tech": False,
    "is_private": True, "is_consumption": False, "status": "A", "established_on": date(2020, 1, 1),
    "disposition": "target", "primary_rule": None, "flags": None,
}  # fmt: skip


def firms(*keys: str, **more: object) -> pl.DataFrame:
    """One listed firm per key; its list item is named item-<key>."""
    rows = [FIRM | {"subject_key": k, "uscc": k, "list_item_id": f"item-{k}"} | more for k in keys]
    return pl.DataFrame(rows, schema_overrides={"primary_rule": pl.String, "flags": pl.String})


def feed(source: str, *rows: dict[str, Any]) -> pl.DataFrame:
    """Rows of a feed as the ledger has them; row ids count from r0 unless given."""
    schema = pl.Schema(
        {"row_id": pl.String(), "received_as_of": pl.Date(), **staged_schema(feedback_contracts()[source])}
    )
    named = [{"row_id": f"r{n}", "received_as_of": AS_OF} | row for n, row in enumerate(rows)]
    return pl.DataFrame([{c: row.get(c) for c in schema} for row in named], schema=schema)


def visit(key: str, on: date = date(2025, 4, 10), outcome: str = "13", **more: object) -> dict[str, Any]:
    """A visit of a list item."""
    return {"list_item_id": f"item-{key}", "uscc": key, "visit_date": on, "outcome": outcome} | more


def no_faults() -> pl.DataFrame:
    """Every cell could be read."""
    return pl.DataFrame(schema=FAULTS)
