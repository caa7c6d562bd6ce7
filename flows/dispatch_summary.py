"""Summaries of a dispatch: one workbook per county (its townships) and per city (its counties and townships).

Here: figures of the manifest's entries as sheets; no firm and no person is named.
Not here: the townships' own workbooks (dispatch_book.py).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from io import BytesIO
from pathlib import Path

import polars as pl
from xlsxwriter import Workbook

from flows.dispatch_units import UnitEntry, part_folder, write_whole
from reference.divisions import name_of

FIGURES = {
    "rows": "走访目标户数",
    "first_priority": "一级优先户数",
    "is_foreign_trade": "外贸户数",
    "is_sci_tech": "科技户数",
    "is_private": "民营户数",
    "is_consumption": "消费户数",
    "community_known": "落到社区（村）户数",
}
COUNTY = {"county_code": "县（市、区）代码", "county_zh": "县（市、区）"}
UNIT = {
    **COUNTY,
    "unit_code": "乡镇（街道）代码",
    "unit_zh": "乡镇（街道）",
    "sheets": "工作表数",
    "file": "文件",
}


@dataclass(frozen=True)
class SummaryEntry:
    """What the manifest tells of one summary: division code, path below the batch, rows counted in it."""

    batch_id: str
    version: int
    code: str
    file: str
    sha256: str
    rows: int


def write_summary(folder: Path, code: str, entries: Sequence[UnitEntry], as_of: date) -> SummaryEntry:
    """Write the summary of a county or city (`code`, 6 digits) over the entries of its units."""
    batch_id, version = entries[0].batch_id, entries[0].version
    units = _units(entries)
    counties = units.group_by(*COUNTY, maintain_order=True).agg(pl.col(*FIGURES).sum())
    is_city = code.endswith("00")
    sheets = ({"各县汇总": (counties, COUNTY)} if is_city else {}) | {"各乡镇汇总": (units, UNIT)}
    out = BytesIO()
    with Workbook(out, {"in_memory": True}) as book:
        book.set_properties({"created": datetime(as_of.year, as_of.month, as_of.day)})
        for name, (frame, heads) in sheets.items():
            _add_sheet(book, name, frame, heads)
    file = f"{part_folder(code)}/{batch_id}_{name_of(code)}_汇总_v{version}.xlsx"
    return SummaryEntry(
        batch_id, version, code, file, write_whole(folder / file, out.getvalue()), int(units["rows"].sum())
    )


def _units(entries: Sequence[UnitEntry]) -> pl.DataFrame:
    ordered = sorted(entries, key=lambda entry: (entry.county_code or "~", entry.unit_code))
    frame = pl.DataFrame([asdict(entry) for entry in ordered], infer_schema_length=None)
    names = {code: name_of(code) for code in frame["county_code"].drop_nulls().unique()}
    pool = pl.lit("待认领")
    return frame.with_columns(
        pl.col("county_code").cast(pl.String),
        county_zh=pl.col("county_code").cast(pl.String).replace_strict(
            names, default=pool, return_dtype=pl.String
        ),
        file=pl.col("file").str.split("/").list.last(),
    )  # fmt: skip


def _add_sheet(book: Workbook, name: str, frame: pl.DataFrame, heads: dict[str, str]) -> None:
    lead = [key for key in heads if key not in {"sheets", "file"}]
    columns = [*lead, *FIGURES, *(key for key in ("sheets", "file") if key in heads)]
    titles = heads | FIGURES
    total = frame.select(pl.col(*FIGURES).sum()).with_columns(pl.lit("合计").alias(lead[0]))
    table = pl.concat([frame.select(columns), total], how="diagonal_relaxed").select(columns)
    table.rename({key: titles[key] for key in columns}).write_excel(
        book, worksheet=name, freeze_panes=(1, len(lead)), autofit=True, dtype_formats={pl.Int64: "#,##0"}
    )
