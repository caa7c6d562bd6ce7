"""Text as people type it → text that compares: width, look-alikes, blanks, null spellings.

Here: character-level cleaning, the same for every source and column.
Not here: what a text means (ingest_types.py), names and addresses (names.py, place*.py).
"""

import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

import polars as pl

# Characters that cleaning never changes. A cell with nothing else, unless blank at an end, is left as it is.
STABLE = r" !-~\x{4E00}-\x{9FFF}、。〈-】〔-〗“”‘’—–·×"
UNCLEAN = f"^ | $|[^{STABLE}]"
CONTROLS = r"[\x00-\x1F\x7F\x{85}\x{2028}\x{2029}]+"
# What NFKC makes of full-width ASCII and the ideographic blank: by far the most of its work, done faster.
WIDE = {chr(wide): chr(wide - 0xFEE0) for wide in range(0xFF01, 0xFF5F)} | {"\u3000": " "}
INVISIBLE = r"[\x{AD}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}\x{FE00}-\x{FE0F}\x{FEFF}]"


@lru_cache(maxsize=1 << 16)
def fold(text: str) -> str:
    """Return one header or code-list spelling in comparison form: NFKC, no blanks, lower case.

    Kept once told: an inbox of 2,000 files asks three million times, nearly always for the same spellings.
    """
    return "".join(
        unicodedata.normalize("NFKC", text).replace("\ufeff", "").replace("\u200b", "").split()
    ).lower()


def clean_columns(
    frame: pl.DataFrame, columns: Iterable[str], nulls: Sequence[str], lookalikes: dict[str, str]
) -> pl.DataFrame:
    """Return the same rows with the named text columns folded, stripped, and null where nothing is meant.

    Cleaning twice equals cleaning once. Only cells that hold an unclean character pay for folding.
    """
    names = list(columns)
    unclean = frame.select(pl.col(names).str.contains(UNCLEAN).fill_null(value=False))
    dirty = [column for column in unclean if column.any()]
    folded = frame.with_columns(_with_folded(frame[rows.name], rows, lookalikes) for rows in dirty)
    is_null = pl.col(names).is_in(["", *nulls])
    return folded.with_columns(pl.when(is_null).then(None).otherwise(pl.col(names)).name.keep())


def _with_folded(text: pl.Series, rows: pl.Series, lookalikes: dict[str, str]) -> pl.Series:
    """Return the column with its unclean cells replaced; the others are not touched."""
    cells = _replaced(text.filter(rows), WIDE).str.strip_chars(" ")
    rest = cells.str.contains(UNCLEAN)
    if rest.any():
        cells = cells.scatter(rest.arg_true(), _normalised(cells.filter(rest), lookalikes))
    return text.clone().scatter(rows.arg_true(), cells)


def _normalised(cells: pl.Series, lookalikes: dict[str, str]) -> pl.Series:
    visible = cells.str.replace_all(CONTROLS, " ").str.replace_all(INVISIBLE, "")
    return _replaced(visible, lookalikes).str.normalize("NFKC").str.strip_chars()


def _replaced(cells: pl.Series, meant: dict[str, str]) -> pl.Series:
    return cells.to_frame().select(pl.first().str.replace_many(list(meant), list(meant.values()))).to_series()
