"""Text as people type it → text that compares: width, look-alikes, blanks, null spellings.

Here: character-level cleaning, the same for every source and column.
Not here: what a text means (ingest_types.py), names and addresses (names.py, place*.py).
"""

import unicodedata
from collections.abc import Iterable, Sequence

import polars as pl

# Characters that cleaning never changes; a column with nothing else is left as it is, which is most of them.
STABLE = r" !-~\x{4E00}-\x{9FFF}、。〈-】〔-〗“”‘’—–·×"
CONTROLS = r"[\x00-\x1F\x7F\x{85}\x{2028}\x{2029}]+"
INVISIBLE = r"[\x{AD}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}\x{FE00}-\x{FE0F}\x{FEFF}]"


def fold(text: str) -> str:
    """Return one header or code-list spelling in comparison form: NFKC, no blanks, lower case."""
    return "".join(
        unicodedata.normalize("NFKC", text).replace("\ufeff", "").replace("\u200b", "").split()
    ).lower()


def clean_columns(
    frame: pl.DataFrame, columns: Iterable[str], nulls: Sequence[str], lookalikes: dict[str, str]
) -> pl.DataFrame:
    """Return the same rows with the named text columns folded, stripped, and null where nothing is meant.

    Cleaning twice equals cleaning once. Only columns that hold an unstable character pay for folding.
    """
    names = list(columns)
    unstable = frame.select(pl.col(name).str.contains(f"[^{STABLE}]").any() for name in names).row(0)
    return frame.with_columns(
        _nulled(_folded(pl.col(name), lookalikes) if folds else pl.col(name).str.strip_chars(" "), nulls)
        for name, folds in zip(names, unstable, strict=True)
    )


def _folded(text: pl.Expr, lookalikes: dict[str, str]) -> pl.Expr:
    plain = text.str.replace_all(CONTROLS, " ").str.replace_all(INVISIBLE, "")
    meant = plain.str.replace_many(list(lookalikes), list(lookalikes.values()))
    return meant.str.normalize("NFKC").str.strip_chars()


def _nulled(text: pl.Expr, nulls: Sequence[str]) -> pl.Expr:
    return pl.when(text.is_in(["", *nulls])).then(None).otherwise(text).name.keep()
