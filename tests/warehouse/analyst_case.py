"""What an analyst has in front: the golden list published below home/, and the pages of docs/ to follow."""

import re
from pathlib import Path
from typing import Any

from golden_case import MAR, build_golden
from warehouse_makers import record_of, write_table

from warehouse.candidate import add_quality
from warehouse.publish import publish

DOCS = Path(__file__).parents[2] / "docs"
SETTING = {"disabled_optimizers": "compressed_materialization"}


def publish_golden(folder: Path) -> Path:
    """Publish the golden list below `folder`/home, with a gate that passed with one warning; return home."""
    candidate, record = build_golden(folder), record_of(MAR)
    plain: dict[str, Any] = {"run_id": record.run_id, "suite": "staged.registry"}
    met = plain | {"expectation": "not_empty", "severity": "error", "success": True}
    unmet = plain | {"expectation": "dates_not_after_extract.warn", "severity": "warn", "success": False}
    add_quality(candidate, write_table(folder / "quality.parquet", "quality", [met, unmet]))
    publish(candidate, folder / "home", record)
    return folder / "home"


def sections(page: str) -> dict[str, str]:
    """Return the text below each heading of the second level of a page, by heading."""
    parts = re.split(r"^## (.+)\n", (DOCS / page).read_text(encoding="utf-8"), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def blocks(text: str, language: str) -> list[str]:
    """Return the examples of one language in a text."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)
