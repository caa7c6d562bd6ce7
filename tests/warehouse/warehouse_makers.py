"""Small curated files for warehouse tests: rows by hand, every other column filled from the declaration."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from reference.tables import load_tables
from warehouse.build import BatchFiles, BatchRecord

DIVISIONS = """division_code,name,level,parent_code
330000000000,浙江省,province,
330100000000,杭州市,city,330000000000
330106000000,西湖区,county,330100000000
330106001000,北山街道,township,330106000000
330106001001,友谊社区居民委员会,community,330106001000
330106002000,西溪街道,township,330106000000
330200000000,宁波市,city,330000000000
330203000000,海曙区,county,330200000000
330203009000,石碶街道,township,330203000000
"""
DEFAULTS: dict[str, Any] = {
    "text": "",
    "integer": 1,
    "boolean": False,
    "date": date(2020, 1, 1),
    "uscc_check": "valid",
    "entity_class": "enterprise",
    "status": "A",
    "register_city_code": "3301",
    "disposition": "target",
    "in_registry": True,
    "priority": 3,
    "category": "zombie",
    "severity": "exclude",
}

Rows = list[dict[str, Any]]


def write_table(path: Path, table: str, rows: Rows) -> Path:
    """Write rows as a curated table; required columns not given get a plain value, the others null."""
    columns = load_tables()[table].columns
    plain = {c.name: DEFAULTS.get(c.name, DEFAULTS.get(c.type)) if c.required else None for c in columns}
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame([plain | row for row in rows], schema=load_tables()[table].polars_schema).write_parquet(path)
    return path


def record_of(as_of: date, cities: tuple[str, ...] = (), run: str = "aaaaaaaaaaaa") -> BatchRecord:
    """Return the record of the batch of that date."""
    return BatchRecord(
        batch_id=f"ZJ-{as_of:%Y%m-%d}",
        as_of=as_of,
        run_id=f"{as_of:%Y%m%d}-{run}",
        code_version="0.1.0+abc",
        rules_version="r1",
        divisions_version="d1",
        inputs_sha256="0" * 64,
        published_at=datetime(2025, 4, 2, 11, 30, tzinfo=UTC),
        scope="enterprise+coop",
        cities=cities,
    )


def make_batch(
    folder: Path,
    as_of: date,
    enterprises: Rows,
    hits: Sequence[dict[str, Any]] = (),
    *,
    cities: tuple[str, ...] = (),
    run: str = "aaaaaaaaaaaa",
    account: Rows | None = None,
    changes: Rows | None = None,
) -> BatchFiles:
    """Write one batch; targets are the enterprises decided `target`, placed by their division code."""
    record = record_of(as_of, cities, run)
    place = folder / f"as_of={as_of}" / run / "city=3301"
    targets = [target_of(record, e) for e in enterprises if e.get("disposition", "target") == "target"]
    rows = account or [{"batch_id": record.batch_id, "source": "registry", **balance(len(enterprises))}]
    return BatchFiles(
        record=record,
        enterprises=(write_table(place / "enterprises.parquet", "enterprises", enterprises),),
        rule_hits=(write_table(place / "rule_hits.parquet", "rule_hits", list(hits)),),
        visit_targets=(write_table(place / "visit_targets.parquet", "visit_targets", targets),),
        account=(write_table(place / "account.parquet", "row_account", rows),),
        changes=(write_table(place / "changes.parquet", "batch_changes", changes),) if changes else (),
    )


def balance(used: int, quarantined: int = 0) -> dict[str, int]:
    """Return the six figures of a balanced account."""
    zero = dict.fromkeys(("superseded", "out_of_scope", "excluded"), 0)
    return {"rows_in": used + quarantined, "used": used, "quarantined": quarantined, **zero}


def target_of(record: BatchRecord, firm: dict[str, Any]) -> dict[str, Any]:
    """Return the visit target of one firm."""
    code = firm.get("division_code")
    shared = (
        "subject_key",
        "uscc",
        "size_class",
        "priority",
        "is_foreign_trade",
        "is_sci_tech",
        "is_private",
    )
    return {name: firm[name] for name in (*shared, "is_consumption") if name in firm} | {
        "batch_id": record.batch_id,
        "as_of": record.as_of,
        "division_code": code,
        "city_code": f"{code[:4]}00" if code else None,
        "county_code": code[:6] if code and code[4:6] != "00" else None,
        "township_code": code[:9] if code and code[6:9] != "000" else None,
        "place_method": "T5" if code else None,
    }


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    """Ask a warehouse file."""
    with duckdb.connect(str(path), read_only=True) as con:
        return con.execute(query).fetchall()


def firm(key: str, **columns: object) -> dict[str, Any]:
    return {
        "subject_key": key,
        "uscc": key,
        "name": f"{key}有限公司",
        "division_code": "330106001000",
    } | columns
