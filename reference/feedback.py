"""Parameters of feedback and the sentences its senders read.

Here: `feedback/criteria.yml` and `feedback/issues.csv`.  Not here: the checks (transforms/feedback*.py).
"""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from reference.yaml_file import read_yaml

FEEDBACK_DIR = Path(__file__).parent / "feedback"


@dataclass(frozen=True)
class Criteria:
    """Outcome groups of the visit and thresholds of V1 to V5 (五项标准)."""

    effective_outcomes: tuple[str, ...]
    alive_outcomes: tuple[str, ...]
    gone_outcomes: tuple[str, ...]
    moved_outcomes: tuple[str, ...]
    address_changed: str
    county_left_outcome: str
    two_attempts_outcome: str
    witnesses: int
    declaring_outcomes: tuple[str, ...]
    v1_min_age_months: int
    v3_outcomes: tuple[str, ...]
    v4_flags: tuple[str, ...]
    v5_purposes: tuple[str, ...]


@dataclass(frozen=True)
class Issue:
    """What is wrong, and what the sender does about it, in Chinese."""

    zh: str
    remedy: str


@cache
def load_criteria() -> Criteria:
    """Return the parameters in force."""
    raw: dict[str, Any] = read_yaml(FEEDBACK_DIR / "criteria.yml")
    criteria: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in raw.items()}
    return Criteria(**criteria)


@cache
def load_issues() -> dict[str, Issue]:
    """Return the issues by code."""
    lines = (FEEDBACK_DIR / "issues.csv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("# "))
    return {row["code"]: Issue(row["zh"], row["remedy"]) for row in rows}
