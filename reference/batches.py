"""Words for what changed between two lists: why a firm entered, left, moved or changed.

Here: reading `batches/change_reasons.csv`.  Not here: finding the changes (transforms/batch_diff.py).
"""

from functools import cache
from pathlib import Path

import polars as pl

REASONS_FILE = Path(__file__).parent / "batches" / "change_reasons.csv"


@cache
def load_change_reasons() -> pl.DataFrame:
    """Return one row per reason_kind: change, rule_id (null: the screening rule that decided), zh, en."""
    return pl.read_csv(REASONS_FILE, infer_schema=False)
