"""Reviewed spellings that ingest works with: blanks, look-alikes, currencies, units, reject reasons.

Here: reading `text/*.csv` into one frozen bundle.  Not here: applying them (transforms/text.py, ingest*.py).
"""

import csv
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

TEXT_DIR = Path(__file__).parent / "text"


@dataclass(frozen=True)
class TextTables:
    """Everything ingest knows about spellings; keys are as written in the files, not yet folded."""

    nulls: tuple[str, ...]
    date_nulls: tuple[str, ...]
    open_ends: tuple[str, ...]
    lookalikes: dict[str, str] = field(hash=False)
    currencies: dict[str, str] = field(hash=False)
    units: dict[str, int] = field(hash=False)
    reasons: dict[str, str] = field(hash=False)


@cache
def load_text_tables() -> TextTables:
    """Return the spellings under reference/text/, read once."""
    nulls = [(row["spelling"], row["applies"]) for row in _rows("null_spellings.csv")]
    return TextTables(
        nulls=tuple(spelling for spelling, applies in nulls if applies == "all"),
        date_nulls=tuple(spelling for spelling, applies in nulls if applies == "date"),
        open_ends=tuple(spelling for spelling, applies in nulls if applies == "open_date"),
        lookalikes={row["found"]: row["meant"] for row in _rows("lookalikes.csv")},
        currencies={row["spelling"]: row["iso"] for row in _rows("currencies.csv")},
        units={row["spelling"]: int(row["factor"]) for row in _rows("units.csv")},
        reasons={row["reason_code"]: f"{row['zh']}: {row['en']}" for row in _rows("reject_reasons.csv")},
    )


def _rows(name: str) -> list[dict[str, str]]:
    """Return the rows of one file under text/; lines that begin with "# " are provenance."""
    lines = (TEXT_DIR / name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("# ")))
