"""Cells of a spreadsheet as text: safe against formulas and control characters, and as the XML of whole rows.

Here: Polars expressions over columns.  Not here: workbooks and zip files (flows/dispatch_book.py).
"""

from collections.abc import Mapping
from datetime import date

import polars as pl
from xlsxwriter.utility import xl_col_to_name

from reference.dispatch import CellType

# Control characters, line and paragraph separators, direction marks, and what XML 1.0 forbids.
UNSEEN = (
    r"[\x00-\x1F\x7F-\x9F\u{2028}\u{2029}\u{200E}\u{200F}\u{202A}-\u{202E}\u{2066}-\u{2069}"
    r"\u{FEFF}\u{FFFE}\u{FFFF}]+"
)
# What Excel, WPS and LibreOffice may take for the start of a formula (OWASP, CSV injection), full width too.
FORMULA = r"^([=+\-@＝＋－＠])"
LONGEST_CELL = 16_000
"""Characters; Excel takes 32,767 UTF-16 units a cell and calls a file with more damaged."""
FIRST_DAY = date(1900, 3, 1)
"""Earlier days have no serial number that all spreadsheets agree on, so they are written as text."""
DAY_ZERO = date(1899, 12, 30)


def safe_text(text: pl.Expr) -> pl.Expr:
    """Return the text on one line, without unseen characters, an apostrophe before what may be a formula."""
    line = text.str.replace_all(UNSEEN, " ").str.strip_chars().str.head(LONGEST_CELL)
    return pl.when(line != "").then(line.str.replace(FORMULA, "'${1}"))


def row_xml(columns: Mapping[str, CellType], styles: Mapping[CellType, int], seq: str) -> pl.Expr:
    """Return each row as a `<row>` element below a header; a null gives no cell.

    `columns`: type by column name, in order from column A; `styles`: the workbook's format number by type;
    `seq`: the column that counts the rows of the sheet from 1. Text is inline and never a formula.
    """
    number = (pl.col(seq) + 1).cast(pl.String)
    cells = [
        _cell(name, kind, styles, xl_col_to_name(place), number)
        for place, (name, kind) in enumerate(columns.items())
    ]
    return pl.concat_str(
        pl.lit('<row r="'), number, pl.lit('">'), *cells, pl.lit("</row>"), ignore_nulls=True
    )


def _cell(name: str, kind: CellType, styles: Mapping[CellType, int], letter: str, number: pl.Expr) -> pl.Expr:
    value = pl.col(name)
    if kind == "date":
        serial = pl.when(value >= FIRST_DAY).then((value - DAY_ZERO).dt.total_days())
        early = _text_cell(value.dt.to_string("iso"), styles["text"], letter, number)
        return pl.coalesce(_number_cell(serial, styles[kind], letter, number), early)
    if kind in {"integer", "number"}:
        return _number_cell(value, styles[kind], letter, number)
    return _text_cell(_escaped(value), styles[kind], letter, number)


def _text_cell(text: pl.Expr, style: int, letter: str, number: pl.Expr) -> pl.Expr:
    start, middle = f'<c r="{letter}', f'" s="{style}" t="inlineStr"><is><t>'
    return pl.concat_str(pl.lit(start), number, pl.lit(middle), text, pl.lit("</t></is></c>"))


def _number_cell(value: pl.Expr, style: int, letter: str, number: pl.Expr) -> pl.Expr:
    start, middle = f'<c r="{letter}', f'" s="{style}"><v>'
    return pl.concat_str(pl.lit(start), number, pl.lit(middle), value.cast(pl.String), pl.lit("</v></c>"))


def _escaped(text: pl.Expr) -> pl.Expr:
    """XML's own signs, and `_x0041_`, which spreadsheets would read as the character of that number."""
    marked = text.str.replace_all(r"_(x[0-9A-Fa-f]{4}_)", "_x005F_${1}")
    return marked.str.replace_all("&", "&amp;", literal=True).str.replace_many(["<", ">"], ["&lt;", "&gt;"])
