"""The workbooks of one county: what a worker process writes, file by file, each journalled when it is whole.

Here: one part (county or pool) of the staged list to files.  Not here: which parts, and when (dispatch.py).
"""

import hashlib
import json
import multiprocessing
import os
import threading
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from flows.dispatch_book import (
    CHANGES_SHEET,
    CODES_SHEET,
    INTRO_SHEET,
    ListSheet,
    system_styles,
    workbook_bytes,
)
from reference.classes import load_classes
from reference.dispatch import DISPATCH_DIR, load_list_layout
from reference.divisions import name_of
from reference.places import load_places
from transforms.dispatch_changes import list_changes
from transforms.dispatch_rows import FIGURES, list_rows, sheet_names
from transforms.sheet_cells import row_xml


@dataclass(frozen=True)
class UnitEntry:
    """What the manifest tells of one unit (township, direct community or pool); paths below the batch."""

    batch_id: str
    version: int
    unit_code: str
    unit_zh: str
    level: str
    city_code: str
    county_code: str | None
    file: str
    sha256: str
    csv: str
    csv_sha256: str
    rows: int
    sheets: int
    first_priority: int
    community_known: int
    is_foreign_trade: int
    is_sci_tech: int
    is_private: int
    is_consumption: int


@dataclass(frozen=True)
class PartJob:
    """What a worker needs to write one part; `done` of an attempt before still hold.

    `before`: the units of the version before, if this one corrects it.
    """

    source: Path
    part: str
    folder: Path
    journal: Path
    key: str
    batch_id: str
    version: int
    as_of: date
    done: tuple[UnitEntry, ...] = ()
    before: tuple[UnitEntry, ...] = ()


def part_folder(part: str) -> str:
    """Return `<city>/<county>` of a part, both as code_name; a city's pool lies in the city's folder."""
    city = part[:4] + "00"
    names = [city] if part == city else [city, part]
    return "/".join(f"{code}_{name_of(code)}" for code in names)


def end_with_parent() -> None:
    """Let this worker process end as soon as the one that started it is no more, killed or not."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def _watch() -> None:
        parent.join()
        os._exit(3)

    threading.Thread(target=_watch, daemon=True).start()


def write_part(job: PartJob) -> list[UnitEntry]:
    """Write every unit of a part that `done` does not hold, in order of code; return all its entries."""
    done = {entry.unit_code: entry for entry in job.done}
    items = pl.scan_parquet(job.source / "*.parquet", hive_partitioning=False)
    rows = list_rows(items, load_list_layout(), load_places().kinds, load_classes().industries).collect()
    return [
        done.get(unit["unit_code"][0]) or _write_unit(job, unit)
        for unit in rows.partition_by("unit_code", maintain_order=True)
    ]


def write_whole(path: Path, content: bytes) -> str:
    """Write a file so that it appears whole or not at all; return its SHA-256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_bytes(content)
    temporary.replace(path)
    return hashlib.sha256(content).hexdigest()


def _write_unit(job: PartJob, unit: pl.DataFrame) -> UnitEntry:
    layout = load_list_layout()
    code, level = unit.select("unit_code", "unit_level").row(0)
    is_pool = level in {"county", "city"}
    unit_zh = layout.split.pool_zh if is_pool else name_of(code)
    owner_zh = name_of(job.part)
    stem = f"{job.batch_id}_{owner_zh}_{code}_{unit_zh}_v{job.version}"
    file = f"{part_folder(job.part)}/{stem}.xlsx"
    sheets = _sheets(unit)
    title = f"走访目标企业清单 {job.batch_id} {owner_zh} {unit_zh}（{unit.height:,}户）"
    intro = (DISPATCH_DIR / "intro.txt").read_text(encoding="utf-8").splitlines()
    csv, rows = file.removesuffix(".xlsx") + ".csv", _csv(unit)
    book = workbook_bytes(layout, sheets, title, intro, job.as_of, _changes(job, code, rows))
    entry = UnitEntry(
        batch_id=job.batch_id,
        version=job.version,
        unit_code=code,
        unit_zh=unit_zh,
        level=level,
        city_code=job.part[:4] + "00",
        county_code=None if job.part.endswith("00") else job.part,
        file=file,
        sha256=write_whole(job.folder / file, book),
        csv=csv,
        csv_sha256=write_whole(job.folder / csv, rows),
        rows=unit.height,
        sheets=len(sheets),
        first_priority=int((unit["priority"] == 1).sum()),
        community_known=unit["group"].count(),
        **{name: int(unit[name].sum()) for name in FIGURES},
    )
    _journal(job, entry)
    return entry


def _sheets(unit: pl.DataFrame) -> list[ListSheet]:
    layout = load_list_layout()
    columns = {column.field: column.type for column in layout.filled_by("system")}
    written = unit.select("group", "part", "parts", xml=row_xml(columns, system_styles(), "seq"))
    pages = written.group_by("group", "part", maintain_order=True).agg(
        pl.col("parts").first(), rows=pl.len(), xml=pl.col("xml").str.join("")
    )
    unknown = layout.split.unknown_community_zh
    bases = [
        (name_of(group) if group else unknown, part, parts)
        for group, part, parts in pages.select("group", "part", "parts").iter_rows()
    ]
    names = sheet_names(bases, layout, (CODES_SHEET, INTRO_SHEET, CHANGES_SHEET))
    return [
        ListSheet(name, rows, xml)
        for name, (rows, xml) in zip(names, pages.select("rows", "xml").iter_rows(), strict=True)
    ]


def _csv(unit: pl.DataFrame) -> bytes:
    """The same rows as UTF-8 with a byte order mark, so that a spreadsheet reads the Chinese right."""
    columns = [
        pl.col(column.field).alias(column.zh)
        if column.filled_by == "system"
        else pl.lit(None, dtype=pl.String).alias(column.zh)
        for column in load_list_layout().columns
    ]
    text: str = unit.select(columns).write_csv(include_bom=True, line_terminator="\r\n")
    return text.encode()


def _changes(job: PartJob, code: str, rows: bytes) -> pl.DataFrame | None:
    """Compare with the CSV of the version before; a unit it did not have is all new."""
    if job.version == 1:
        return None
    now = _as_listed(rows)
    earlier = next((job.folder / e.csv for e in job.before if e.unit_code == code), None)
    before = _as_listed(earlier) if earlier and earlier.exists() else now.clear()
    heads = {column.field: column.zh for column in load_list_layout().columns}
    return list_changes(before, now, heads["list_item_id"], [heads["uscc"], heads["name"]])


def _as_listed(source: Path | bytes) -> pl.DataFrame:
    """The system's cells of a CSV as text, without the running number, which a correction moves."""
    table = pl.read_csv(source, infer_schema=False)
    shown = [c.zh for c in load_list_layout().filled_by("system") if c.field != "seq"]
    return table.select(name for name in shown if name in table.columns)


def _journal(job: PartJob, entry: UnitEntry) -> None:
    """Note a whole file: one line, one write, so that lines of several workers never mix."""
    line: dict[str, Any] = {"key": job.key, **asdict(entry)}
    handle = os.open(job.journal, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o640)
    try:
        os.write(handle, (json.dumps(line, ensure_ascii=False) + "\n").encode())
    finally:
        os.close(handle)
