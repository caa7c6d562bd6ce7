"""Cleaned text → typed values: codes, integers, exact money, capital with currency, dates, masks.

Here: readings per column type, a quick one for well-behaved text, then fuller ones.
Not here: characters (text.py), which rows are rejected and why (ingest.py).
"""

import re
from collections.abc import Iterable
from datetime import date

import polars as pl

from reference.contracts import Column
from reference.text_tables import TextTables
from transforms.ingest_headers import MappedColumn
from transforms.ingest_keys import headcount
from transforms.text import fold

EXACT = pl.Decimal(38, 10)
YUAN = pl.Decimal(18, 2)
NUMBER = r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?(?:[eE][+-]?\d{1,2})?"
STAGED_TYPES: dict[str, pl.DataType] = {
    "text": pl.String(),
    "code": pl.String(),
    "integer": pl.Int64(),
    "money": YUAN,
    "capital": YUAN,
    "percent": pl.Decimal(9, 4),
    "date": pl.Date(),
    "open_date": pl.Date(),
}


def quick(mapped: MappedColumn, tables: TextTables) -> pl.Expr:
    """Return the typed column, right for plain text; `untidy` says which rows need more."""
    text, column = pl.col(mapped.column.name), mapped.column
    if column.type in ("integer", "percent"):
        return (
            headcount(text)
            if column.personal == "count"
            else text.cast(STAGED_TYPES[column.type], strict=False)
        )
    if column.type in ("money", "capital"):
        return _yuan(text, pl.lit(mapped.factor))
    if column.type in ("date", "open_date"):
        return _plausible(text.str.to_date("%Y-%m-%d", strict=False))
    if column.name == "capital_currency":
        return text.replace_strict(tables.currencies, default=None, return_dtype=pl.String)
    if column.values:
        return text.replace_strict(_code_list(column), default=None, return_dtype=pl.String)
    return _masked(text, column)


def untidy(text: pl.Series, quickly: pl.Series, column: Column) -> pl.Series | None:
    """Return which rows `retries` must look at, null if none: not typed, or not yet the form of a code."""
    if column.type == "code":
        rows = text.str.contains("[^0-9A-Z]").fill_null(value=False)
    elif quickly.null_count() > text.null_count():
        rows = quickly.is_null() & text.is_not_null()
    else:
        return None
    return rows if rows.any() else None


def retries(mapped: MappedColumn, tables: TextTables, *, excel_serials: bool) -> list[pl.Expr]:
    """Return the further readings to try on untidy rows, cheap ones first; the last one knows them all."""
    if mapped.column.type in ("date", "open_date"):
        text = pl.col(mapped.column.name)
        slashed = text.str.replace_all("/", "-", literal=True).str.to_date("%Y-%m-%d", strict=False)
        digits = pl.when(text.str.len_bytes() == 8).then(text).str.to_date("%Y%m%d", strict=False)
        return [
            _plausible(pl.coalesce(slashed, digits)),
            _plausible(_any_date(text, excel_serials=excel_serials)),
        ]
    return [_full(mapped, tables)]


def _full(mapped: MappedColumn, tables: TextTables) -> pl.Expr:
    """Return the typed column for every accepted way of writing it; null where the text is none of them."""
    text, column = pl.col(mapped.column.name), mapped.column
    if column.type == "integer":
        plain = _ungrouped(text.str.replace(r"\s*(?:人|名|户|年|年度)$", "")).str.replace(r"\.0*$", "")
        return plain.cast(pl.Int64, strict=False)
    if column.type in ("money", "capital"):
        part = amount_parts(text, tables).struct.field
        factor = part("unit").replace_strict(tables.units, default=mapped.factor, return_dtype=pl.Int64)
        return _yuan(_ungrouped(part("number")), factor)
    if column.type == "percent":
        return text.str.strip_suffix("%").str.strip_chars().cast(STAGED_TYPES["percent"], strict=False)
    if column.name == "capital_currency":
        return text.str.to_uppercase().replace_strict(tables.currencies, default=None, return_dtype=pl.String)
    if column.values:
        folded = text.str.replace_all(r"\s", "").str.to_lowercase()
        return folded.replace_strict(_code_list(column), default=None, return_dtype=pl.String)
    return _code(text) if column.type == "code" else text


def amount_parts(text: pl.Expr, tables: TextTables) -> pl.Expr:
    """Return a struct `number, before, unit, after`: an amount as written, its unit, its currency."""
    currency = _any_of(spelling for spelling in tables.currencies if not spelling.isdigit())
    unit = _any_of(tables.units)
    bare = text.str.replace(r"^\(([\d,.]+)\)$", "-$1").str.replace_all(r"[()\s]", "")
    pattern = f"^(?P<before>{currency})?(?P<number>{NUMBER})(?P<unit>{unit})?(?P<after>{currency})?整?$"
    return bare.str.extract_groups(pattern)


def currency_of(mapped: MappedColumn, tables: TextTables) -> pl.Expr:
    """Return the ISO currency that the cells of a capital column name, null where they name none."""
    part = amount_parts(pl.col(mapped.column.name), tables).struct.field
    named = pl.coalesce(part("after"), part("before"))
    return named.replace_strict(tables.currencies, default=None, return_dtype=pl.String)


def nulls_of(column: Column, tables: TextTables) -> tuple[str, ...]:
    """Return the spellings that mean nothing in this kind of column only (长期 in an end date)."""
    if column.type == "open_date":
        return tables.date_nulls + tables.open_ends
    return tables.date_nulls if column.type == "date" else ()


def _any_of(spellings: Iterable[str]) -> str:
    return "|".join(re.escape(spelling) for spelling in sorted(spellings, key=len, reverse=True))


def _code_list(column: Column) -> dict[str, str]:
    pairs = [(spelling, code) for code, spellings in column.values.items() for spelling in (code, *spellings)]
    return {form: code for spelling, code in pairs for form in (spelling, fold(spelling))}


def _code(text: pl.Expr) -> pl.Expr:
    bare = text.str.replace_all(r"""[\s'`"=]""", "").str.replace(r"^(\d+)\.0+$", "$1").str.to_uppercase()
    return pl.when(bare != "").then(bare)


def _ungrouped(text: pl.Expr) -> pl.Expr:
    """Remove thousands separators where they stand in threes; other commas stay and fail the cast."""
    grouped = text.str.contains(r"^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?$")
    return pl.when(grouped).then(text.str.replace_all(",", "", literal=True)).otherwise(text)


def _yuan(number: pl.Expr, factor: pl.Expr) -> pl.Expr:
    """Return number × factor in exact decimals of 元; null where it is none or above what 18 digits hold."""
    exact = number.cast(EXACT, strict=False)
    believable = pl.when(exact.abs() < 10**16).then(exact)
    return (believable * factor.cast(pl.Decimal(38, 0))).cast(YUAN, strict=False)


def _any_date(text: pl.Expr, *, excel_serials: bool) -> pl.Expr:
    written = r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T].*)?$"
    digits = r"^(\d{4})(\d{2})(\d{2})(?:\d{6})?$"
    iso = text.str.replace(written, "$1-$2-$3").str.replace(digits, "$1-$2-$3")
    parsed = iso.str.to_date("%Y-%m-%d", strict=False)
    if not excel_serials:
        return parsed
    serial = text.str.extract(r"^(\d{5})(?:\.\d+)?$").cast(pl.Int64, strict=False)
    return pl.coalesce(parsed, pl.date(1899, 12, 30) + pl.duration(days=serial))


def _plausible(day: pl.Expr) -> pl.Expr:
    return pl.when(day.is_between(date(1840, 1, 1), date(2199, 12, 31))).then(day)


_MOBILE = r"1[3-9]\d[\s-]?\d{4}[\s-]?\d{4}"


def _masked(text: pl.Expr, column: Column) -> pl.Expr:
    """Hide personal data so that it never reaches the lake: 张*, 138****1234; in notes whatever looks so."""
    if column.personal == "name":
        return text.str.head(1) + "*"
    if column.personal == "phone":
        ends = text.str.head(3) + "****" + text.str.tail(4)
        return pl.when(text.str.len_chars() >= 11).then(ends).when(text.is_not_null()).then(pl.lit("****"))
    if column.personal == "address":
        # A door has no eleven digits; what is shorter may be one (101-1201室) and stays.
        return text.str.replace_all(rf"{_MOBILE}|\d{{15,}}[\dXx]?", "****")
    if column.personal == "note":
        # Calls and names follow a title or a surname word; identity and telephone numbers are long digits.
        hidden = text.str.replace_all(
            rf"{_MOBILE}|\d{{6,}}[\dXx]?|\d{{3,4}}-\d{{3,8}}(?:-\d{{3,4}})?", "****"
        )
        return _unnamed(hidden)
    return text


def discreet(text: pl.Expr, *, lone_names: bool = True) -> pl.Expr:
    """Hide what looks like a person in a cell of any column: a shifted row brings them anywhere.

    Not `lone_names`: two to four characters alone are shown, as where a code list lacks a spelling.
    """
    numbers = text.str.replace(r"^(1[3-9])\d{9}$", "$1*").str.replace(r"^(\d{4})\d{13}[\dXx]$", "$1*")
    alone = numbers.str.replace(r"^(\p{Han})\p{Han}{1,3}$", "$1*") if lone_names else numbers
    # Not every long number: a date or an amount has to be shown to whoever corrects it.
    return _unnamed(alone.str.replace_all(rf"{_MOBILE}|\d{{17}}[\dXx]", "****"))


def _unnamed(text: pl.Expr) -> pl.Expr:
    """Hide names behind a word that announces one, or before a title."""
    return text.str.replace_all(
        r"(姓名|联系人|法人|经营者|负责人|老板)([:：是为]?)\s*(\p{Han})\p{Han}{1,2}", "$1$2$3*"
    ).str.replace_all(r"(\p{Han})\p{Han}{0,2}(先生|女士|经理|总)", "$1*$2")
