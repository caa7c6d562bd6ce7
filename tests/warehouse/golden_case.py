"""The golden list: eleven firms and what came back of them, small enough to count every mart by hand."""

import csv
from datetime import date
from pathlib import Path
from typing import Any

from feedback_case import feedback_files
from warehouse_makers import DIVISIONS, make_batch

from warehouse.build import BatchFiles, build_warehouse

GOLDEN = Path(__file__).parents[1] / "golden" / "warehouse"
MAR = date(2025, 3, 31)


def golden(name: str) -> list[dict[str, str]]:
    """Return the rows of a golden file, as written."""
    with (GOLDEN / f"{name}.csv").open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def golden_batch(folder: Path) -> BatchFiles:
    """Write the curated files of the golden list."""
    reason = {"reason_zh": "因", "reason_en": "why", "evidence": "{}"}
    hits = [row | reason for row in golden("rule_hits")]
    changes = [{name: value or None for name, value in row.items()} for row in golden("batch_changes")]
    versions = [{**row, "version": int(row["version"]), "against_version": 1} for row in changes]
    return make_batch(folder, MAR, [_typed(row) for row in golden("firms")], hits, changes=versions)


def build_golden(folder: Path) -> Path:
    """Build the warehouse of the golden list and what came back, and return its path."""
    divisions = folder / "divisions.csv"
    divisions.write_text(DIVISIONS, encoding="utf-8")
    candidate = folder / "golden.duckdb"
    build_warehouse(
        candidate, [golden_batch(folder / "lake")], divisions, feedback_files(folder / "feedback")
    )
    return candidate


def _typed(row: dict[str, str]) -> dict[str, Any]:
    as_bool = {"true": True, "false": False, "": None}
    values = {name: as_bool.get(value, value) for name, value in row.items()}
    return values | {"priority": int(row["priority"]), "uscc": row["subject_key"]}
