"""Fixtures of the warehouse tests: a tiny division table and a builder."""

from collections.abc import Callable
from pathlib import Path

import pytest
from warehouse_makers import DIVISIONS

from warehouse.build import BatchFiles, build_warehouse
from warehouse.feedback import FeedbackFiles


@pytest.fixture
def divisions(tmp_path: Path) -> Path:
    """A province of two cities, two counties, three townships and one community."""
    path = tmp_path / "divisions.csv"
    path.write_text(DIVISIONS, encoding="utf-8")
    return path


@pytest.fixture
def build(tmp_path: Path, divisions: Path) -> Callable[..., Path]:
    """Build batches into a candidate and return its path."""

    def _build(*batches: BatchFiles, name: str = "candidate", feedback: FeedbackFiles | None = None) -> Path:
        candidate = tmp_path / "runs" / f"{name}.duckdb"
        build_warehouse(candidate, batches, divisions, feedback)
        return candidate

    return _build
