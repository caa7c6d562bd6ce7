"""Text rows of one chunk → staged rows, and the rows that cannot be typed with the reason.

Here: the contract applied to a chunk; good and rejected rows partition it.
Not here: headers (ingest_headers.py), lines (ingest_lines.py), types (ingest_types.py), files (flows/).
"""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from reference.contracts import Column, Contract
from reference.text_tables import TextTables
from transforms.ingest_headers import HeaderMap
from transforms.ingest_keys import with_keys
from transforms.ingest_lines import REJECTED
from transforms.ingest_types import STAGED_TYPES, currency_of, discreet, nulls_of, quick, retries, untidy
from transforms.text import clean_columns

QUARANTINE = pl.Schema(
    [("source", pl.String()), ("source_file", pl.String()), *REJECTED.items(), ("reason", pl.String())]
)


RowCheck = Callable[[pl.DataFrame], pl.DataFrame]
"""Typed rows of a contract to those that may not stand, in the schema REJECTED."""


@dataclass(frozen=True)
class Split:
    """One chunk in two parts: `good` in the staged schema, `rejected` with column, value and reason code."""

    good: pl.DataFrame
    rejected: pl.DataFrame


def staged_schema(contract: Contract) -> pl.Schema:
    """Return the staged columns of a contract in order: its own, extract_date, source_file, row_no."""
    own = {column.name: STAGED_TYPES[column.type] for column in contract.columns}
    return pl.Schema({**own, "extract_date": pl.Date(), "source_file": pl.String(), "row_no": pl.Int64()})


def type_rows(
    text: pl.DataFrame,
    header_map: HeaderMap,
    contract: Contract,
    tables: TextTables,
    key: bytes | None = None,
    check: RowCheck | None = None,
) -> Split:
    """Return one row per text row, typed or rejected; `text` has `row_no` and the file's fields as `f0…`.

    Money is in 元 (or the unit of its currency), capital in 元 of `capital_currency`, personal data masked,
    or hashed under `key` (ingest_keys.py). `check` may find more that cannot stand among the typed rows.
    """
    cleaned = _clean(text, header_map, tables)
    typed, currencies = _typed(cleaned, header_map, tables)
    rejected = _rejected(cleaned, typed, header_map)
    typed = with_keys(_with_currency(typed, header_map, currencies), _present(header_map), key)
    if check is not None:
        sound = typed.join(rejected, on="row_no", how="anti", maintain_order="left")
        rejected = pl.concat([rejected, check(sound)]).sort("row_no")
    if rejected.height:
        typed = typed.join(rejected, on="row_no", how="anti", maintain_order="left")
    return Split(_with_envelope(typed, header_map, contract), rejected)


def type_with_faults(
    text: pl.DataFrame, header_map: HeaderMap, contract: Contract, tables: TextTables
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return every row typed in the staged schema, null where a cell is not typable, and every such cell.

    Unlike `type_rows`, which sends a row away at its first fault: whoever filled a form in by hand is to
    hear of all faults at once.  Faults: row_no, column_name, value (discreet), reason_code.
    """
    cleaned = _clean(text, header_map, tables)
    typed, currencies = _typed(cleaned, header_map, tables)
    present = _present(header_map)
    faults = [_misplaced(cleaned, header_map), *(_fault(cleaned, typed, column) for column in present)]
    found = pl.concat(fault.cast(REJECTED) for fault in faults).sort("row_no", maintain_order=True)
    return _with_envelope(_with_currency(typed, header_map, currencies), header_map, contract), found


def to_quarantine(rejected: pl.DataFrame, source: str, file: str, tables: TextTables) -> pl.DataFrame:
    """Return one quarantine row per rejected row, with the sentence people read."""
    reason = pl.col("reason_code").replace_strict(tables.reasons, return_dtype=pl.String)
    return rejected.select(
        pl.lit(source).alias("source"), pl.lit(file).alias("source_file"), *REJECTED, reason.alias("reason")
    )


def _present(header_map: HeaderMap) -> list[Column]:
    return [mapped.column for mapped in header_map.columns if mapped.field is not None]


def _clean(text: pl.DataFrame, header_map: HeaderMap, tables: TextTables) -> pl.DataFrame:
    """Name the fields by contract column, clean their text, fill defaults; unnamed fields keep theirs."""
    present = [mapped for mapped in header_map.columns if mapped.field is not None]
    unnamed = [f"f{number}" for number in header_map.unnamed]
    picked = text.select(
        "row_no", *unnamed, *(pl.col(f"f{mapped.field}").alias(mapped.column.name) for mapped in present)
    )
    names = [name for name in picked.columns if name != "row_no"]
    cleaned = clean_columns(picked, names, tables.nulls, tables.lookalikes)
    return cleaned.with_columns(
        [_without(mapped.column, nulls_of(mapped.column, tables)) for mapped in present]
    )


def _without(column: Column, nulls: tuple[str, ...]) -> pl.Expr:
    text = pl.col(column.name)
    meant = pl.when(text.is_in(nulls)).then(None).otherwise(text) if nulls else text
    return (meant.fill_null(column.default) if column.default else meant).alias(column.name)


def _typed(
    cleaned: pl.DataFrame, header_map: HeaderMap, tables: TextTables
) -> tuple[pl.DataFrame, pl.Series]:
    """Return `row_no` and the typed columns, null where not typable; and the currencies that cells name."""
    present = [mapped for mapped in header_map.columns if mapped.field is not None]
    typed = cleaned.select("row_no", *(quick(m, tables).alias(m.column.name) for m in present))
    currencies = pl.Series("capital_currency", [None], pl.String).new_from_index(0, cleaned.height)
    for mapped in present:
        name = mapped.column.name
        for attempt in retries(mapped, tables, excel_serials=header_map.excel_serials):
            rows = untidy(cleaned[name], typed[name], mapped.column)
            if rows is None:
                break
            is_capital = mapped.column.type == "capital"
            currency = currency_of(mapped, tables) if is_capital else pl.lit(None, pl.String)
            cells, at = cleaned.select(name).filter(rows), rows.arg_true()
            # The same amounts and days are written over and over: each writing is read once.
            read = cells.unique().select(name, attempt.alias("value"), currency.alias("currency"))
            found = cells.join(read, on=name, how="left", maintain_order="left", validate="m:1")
            typed = typed.with_columns(typed[name].clone().scatter(at, found["value"]))
            if is_capital:
                currencies.scatter(at, found["currency"])
    return typed, currencies


def _with_currency(typed: pl.DataFrame, header_map: HeaderMap, named: pl.Series) -> pl.DataFrame:
    """Fill `capital_currency` from the capital's own text, the currency column, the header, else CNY."""
    capital = next(
        (m for m in header_map.columns if m.column.type == "capital" and m.field is not None), None
    )
    if capital is None:
        return typed
    told = typed["capital_currency"] if "capital_currency" in typed.columns else pl.lit(None, pl.String)
    assumed = pl.when(pl.col(capital.column.name).is_not_null()).then(pl.lit(capital.currency or "CNY"))
    return typed.with_columns(pl.coalesce(named, told, assumed).alias("capital_currency"))


def _rejected(cleaned: pl.DataFrame, typed: pl.DataFrame, header_map: HeaderMap) -> pl.DataFrame:
    """Return one row per row that cannot be staged, with the first column at fault in contract order."""
    faults = [_misplaced(cleaned, header_map)]
    for mapped in header_map.columns:
        if mapped.field is not None:
            faults.append(_fault(cleaned, typed, mapped.column))
    some = [fault.cast(REJECTED) for fault in faults if fault.height]
    if not some:
        return pl.DataFrame(schema=REJECTED)
    return pl.concat(some).unique("row_no", keep="first", maintain_order=True).sort("row_no")


def _misplaced(cleaned: pl.DataFrame, header_map: HeaderMap) -> pl.DataFrame:
    """Return the rows with a value in a column that has no header: a shifted row."""
    if not header_map.unnamed:
        return pl.DataFrame(schema=REJECTED)
    outside = pl.any_horizontal(pl.col(f"f{number}").is_not_null() for number in header_map.unnamed)
    note = pl.lit("a value right of the last header")
    return cleaned.filter(outside).select(
        "row_no", column_name=None, value=note, reason_code=pl.lit("broken_line")
    )


def _fault(cleaned: pl.DataFrame, typed: pl.DataFrame, column: Column) -> pl.DataFrame:
    """Return the rows whose text in this column could not be typed, or that lack a value they need."""
    text, value = cleaned[column.name], typed[column.name]
    can_fail = column.type not in ("text", "code") or column.values or column.name == "capital_currency"
    suspect = column.not_null or (can_fail and value.null_count() > text.null_count())
    if not (suspect and value.null_count()):
        return pl.DataFrame(schema=REJECTED)
    at_fault = value.is_null() if column.not_null else value.is_null() & text.is_not_null()
    missing = pl.when(pl.col("text").is_null()).then(pl.lit("missing_value"))
    rows = pl.DataFrame({"row_no": cleaned["row_no"], "text": text}).filter(at_fault)
    return rows.select(
        "row_no",
        column_name=pl.lit(column.name),
        value=discreet(pl.col("text"), lone_names=not column.values).str.head(100),
        reason_code=missing.otherwise(_reason(column)),
    )


def _reason(column: Column) -> pl.Expr:
    if column.type in ("date", "open_date"):
        return pl.lit("not_a_date")
    if column.type in ("integer", "money", "capital", "percent"):
        is_long = pl.col("text").str.contains(r"^[+-]?[\d,]{12,}|^\d[\d.]*[eE]\+?\d+$")
        return pl.when(is_long).then(pl.lit("too_large")).otherwise(pl.lit("not_a_number"))
    return pl.lit("unknown_value")


def _with_envelope(good: pl.DataFrame, header_map: HeaderMap, contract: Contract) -> pl.DataFrame:
    schema, dated = staged_schema(contract), pl.lit(header_map.file_date, pl.Date)
    own = good.with_columns(source_file=pl.lit(header_map.file))
    whole = own.with_columns(
        pl.lit(None, kind).alias(name) for name, kind in schema.items() if name not in own.columns
    )
    return whole.select(schema.names()).with_columns(pl.col("extract_date").fill_null(dated))
