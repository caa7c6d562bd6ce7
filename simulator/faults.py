"""What goes wrong in the files of other bureaus: damaged codes, dates around the batch date, doubled rows.

Here: faults put into rows that are true, each with what must become of the row.
Not here: damage to register rows (registry.py), which rules follow from the rest (truth.py).

A faulty frame has beside its contract columns `true_uscc`, `case` and `code_fault` (null where plain).
"""

from datetime import date, timedelta

import numpy as np
import polars as pl

from simulator.codes import wrong_check

CASES = {
    "ends_on_day": "matched",
    "ends_next_day": "matched",
    "starts_on_day": "matched",
    "dated_later": "out_of_scope",
    "extracted_later": "out_of_scope",
    "removed_since": "matched",
    "revised": "matched",
    "older_extract": "superseded",
    "first_version": "superseded",
}
"""Rows told by their dates; `older_extract` and `first_version` stand beside a newer row of their event."""
CODE_FAULTS = {
    "o_for_zero": "matched",
    "i_for_one": "matched",
    "lower_case": "matched",
    "inserted_blank": "matched",
    "cut_short": "out_of_scope",
    "wrong_digit": "out_of_scope",
    "excel_number": "out_of_scope",
    "missing_code": "out_of_scope",
}
UNIT_CASES = {
    "local_unit": "superseded",
    "second_unit": "superseded",
    "not_on_register": "out_of_scope",
    "namesake_elsewhere": "out_of_scope",
}
PERSON_CASES = {"masked_person": "out_of_scope", "unknown_person": "out_of_scope"}
DECISION_CASES = {
    "same_person": "quarantined",
    "valid_too_long": "quarantined",
    "level_too_low": "quarantined",
    "never_overridden": "quarantined",
    "decided_later": "out_of_scope",
    "expired_entry": "out_of_scope",
}
EXPECTED = CASES | CODE_FAULTS | UNIT_CASES | PERSON_CASES | DECISION_CASES
_CYCLE = 16


def with_list_cases(listed: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The listings (start, end, serial) plus `case` and extract_date; six in sixteen lie at a limit."""
    turn = pl.col("serial") // 3
    names = dict(enumerate(("ends_on_day", "ends_next_day", "starts_on_day", "dated_later",
                            "extracted_later", "removed_since")))  # fmt: skip
    case = (turn % _CYCLE).replace_strict(names, default=None, return_dtype=pl.String)
    day = pl.lit(as_of)
    after = day + pl.duration(days=1)
    # One in eight stands in an extract of the date itself, so that its own date alone tells.
    honest = (case == "dated_later") & (turn % (8 * _CYCLE) >= _CYCLE)
    return listed.with_columns(
        case=case,
        start=pl.when(case == "starts_on_day").then(day)
        .when(case == "dated_later").then(after).otherwise("start"),
        end=pl.when(case == "ends_on_day").then(day).when(case == "ends_next_day").then(after)
        .when(case == "removed_since").then(day - pl.duration(days=10))
        .when(case.is_in(["starts_on_day", "dated_later", "extracted_later"])).then(None)
        .otherwise("end"),
        extract_date=pl.when((case == "extracted_later") | honest)
        .then(day + pl.duration(days=20)).otherwise(day),
    )  # fmt: skip


def with_older_extracts(listings: pl.DataFrame, as_of: date, end: str) -> pl.DataFrame:
    """The listings plus, for those removed since, the row of an older extract that knew no removal."""
    ended = listings.schema[end]
    older = listings.filter(pl.col("case") == "removed_since").with_columns(
        pl.lit(None, ended).alias(end),
        case=pl.lit("older_extract"),
        extract_date=pl.lit(as_of - timedelta(days=15)),
    )
    return pl.concat([listings, older])


def with_first_versions(reports: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """The annual reports plus, for some, an earlier version of all zeros that was put right since."""
    figures = ("emp_count", "si_pension", "revenue", "tax")
    chosen = pl.col("case").is_null() & pl.Series(rng.random(len(reports)) < 0.003)
    revised = reports.with_columns(case=pl.when(chosen).then(pl.lit("revised")).otherwise("case"))
    first = revised.filter(pl.col("case") == "revised").with_columns(
        *[pl.lit(0, reports.schema[name]).alias(name) for name in figures],
        submit_date=pl.col("submit_date") - pl.duration(days=3),
        case=pl.lit("first_version"),
    )
    return pl.concat([revised, first])


def with_code_faults(
    rows: pl.DataFrame, wrong: pl.Series, share: float, rng: np.random.Generator
) -> pl.DataFrame:
    """The rows with `true_uscc` and, in a share of the plain ones, uscc as a clerk or Excel spoiled it.

    `wrong`: codes whose own check digit fails; no repair could bring them back, so they stay as they are.
    """
    n = len(rows)
    picked = pl.Series(list(CODE_FAULTS), dtype=pl.String)[rng.integers(0, len(CODE_FAULTS), n)]
    fits = pl.col("case").is_null() & ~pl.col("uscc").is_in(wrong.implode())
    fault = pl.when(fits & pl.Series(rng.random(n) < share)).then(picked)
    return rows.with_columns(true_uscc="uscc", code_fault=fault).pipe(_with_spoiled, "uscc")


def with_unit_faults(units: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """The census units, unit_code spoiled in a few found by it, though never beyond repair: another round
    would find the unit, and which one is no question of codes.
    """
    kinds = [name for name, outcome in CODE_FAULTS.items() if outcome == "matched"]
    n = len(units)
    picked = pl.Series(kinds, dtype=pl.String)[rng.integers(0, len(kinds), n)]
    fits = pl.col("case").is_null() & (pl.col("round") == "L1")
    fault = pl.when(fits & pl.Series(rng.random(n) < 0.02)).then(picked)
    return units.with_columns(code_fault=fault).pipe(_with_spoiled, "unit_code")


def _with_spoiled(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """The rows with the column spoiled as their `code_fault` says; the many plain ones are not touched."""
    faulty = rows["code_fault"].is_not_null().arg_true()
    spoiled = rows[faulty].select(spoiled_code(pl.col(column), pl.col("code_fault")).alias(column))
    return rows.with_columns(rows[column].clone().scatter(faulty, spoiled.to_series()))


def spoiled_code(code: pl.Expr, fault: pl.Expr) -> pl.Expr:
    """The code as the fault of its row leaves it; unchanged where there is none."""
    spoiled = {
        "o_for_zero": code.str.replace("00T", "OOT", literal=True),
        "i_for_one": code.str.replace("1", "I", literal=True),
        "lower_case": code.str.to_lowercase(),
        "inserted_blank": code.str.slice(0, 2) + " " + code.str.slice(2),
        "cut_short": code.str.slice(0, 17),
        "wrong_digit": wrong_check(code),
        "excel_number": code.str.replace(r"^(\d)(\d{4}).*$", "$1.${2}E+17"),
        "missing_code": pl.lit("无"),
    }
    written = pl.coalesce(pl.when(fault == name).then(text) for name, text in spoiled.items())
    return pl.coalesce(written, code)


def known_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows that speak of a subject as known on the date, under its true code."""
    told = pl.coalesce("code_fault", "case")
    lost = [name for name, outcome in EXPECTED.items() if outcome != "matched"]
    return rows.filter(~told.is_in(lost).fill_null(False)).with_columns(uscc="true_uscc")


def fault_rows(rows: pl.DataFrame, source: str, source_file: str) -> pl.DataFrame:
    """One row per faulty row of a file, in its order: source, source_file, row_no, defect, expected."""
    told = pl.coalesce("code_fault", "case")
    return (
        rows.select(told.alias("defect"), row_no=pl.int_range(2, pl.len() + 2, dtype=pl.Int64))
        .filter(pl.col("defect").is_not_null())
        .select(
            source=pl.lit(source),
            source_file=pl.lit(source_file),
            row_no="row_no",
            defect="defect",
            expected=pl.col("defect").replace_strict(EXPECTED, return_dtype=pl.String),
        )
    )
