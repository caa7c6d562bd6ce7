"""A clean batch made by SQL, small or large, that every gate passes; tests plant their faults in it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from expectations.request import GateRequest
from reference.contracts import load_contracts
from reference.divisions import DIVISIONS_FILE
from reference.tables import load_tables
from warehouse.build import BatchFiles, BatchRecord, build_warehouse
from warehouse.schema import DUCKDB_TYPES

AS_OF = date(2025, 3, 31)
BATCH = "ZJ-202503-31"
RUN = "20250331-1a2b3c4d5e6f"
STAGED_TYPES = {"text": "varchar", "code": "varchar", "integer": "bigint", "money": "decimal(18,2)",
         "capital": "decimal(18,2)", "date": "date", "open_date": "date"}  # fmt: skip

USCC = "'91330' || lpad((101 + i % 4)::varchar, 3, '0') || lpad(i::varchar, 10, '0')"
PLACES = "['330102001051', '330105001051', '330106002051', '330108001001']"
EXCLUDED = "(i // 4) % 6 = 0"
STAGED: Mapping[str, Mapping[str, str]] = {
    "registry": {
        "uscc": USCC, "ent_name": "'测试' || i", "reg_status": "'存续'", "legal_rep": "'张*'",
        "phone": "'138****' || lpad((i % 10000)::varchar, 4, '0')",
        "est_date": "date '2015-01-01' + (i % 3000)::int",
        "dom_addr": "'杭州市上城区' || i || '号'",
    },
    "annual_reports": {
        "uscc": USCC, "report_year": "2023", "submit_date": "date '2024-05-01'", "revenue": "1000000 + i",
        "emp_count": "3",
    },
    "census": {"unit_code": USCC, "unit_name": "'测试' || i", "op_status": "'1'", "revenue": "1010000 + i"},
    "overrides": {
        "uscc": USCC, "action": "'release_rule'", "rule_id": "'Z02'", "reason": "'恢复经营'",
        "doc_no": "'文' || i",
        "creator_key": "md5('a')", "approver_key": "md5('b')", "level": "'county'",
        "valid_from": "date '2025-01-01'", "valid_to": "date '2025-12-31'", "created_on": "date '2025-01-01'",
    },
    "abnormal_list": {"uscc": USCC, "reason_code": "'R1'", "in_date": "date '2023-07-01'"},
}  # fmt: skip
ENTERPRISE: Mapping[str, str] = {
    "subject_key": USCC, "uscc": USCC, "uscc_check": "'valid'", "name": "'测试' || i", "status": "'A'",
    "entity_class": "'enterprise'", "established_on": "date '2015-01-01' + (i % 3000)::int",
    "address": "'杭州市' || i", "register_city_code": "'3301'", "legal_rep_masked": "'张*'",
    "phone_masked": "'138****0000'", "source_file": "'registry/a.csv'", "row_no": "i + 2",
    "size_class": "'micro'", "size_confidence": "'full'", "is_foreign_trade": "false",
    "is_active_trader": "false", "is_sci_tech": "false", "is_private": "true", "is_consumption": "false",
    "priority": "3", "division_code": f"({PLACES})[1 + i % 4]", "place_level": "'community'",
    "place_method": "'T1_census'", "place_confidence": "0.98", "place_source": "'census'",
    "in_census": "true",
    "disposition": f"if({EXCLUDED}, 'excluded', 'target')", "primary_rule": f"if({EXCLUDED}, 'Z01', null)",
}  # fmt: skip
RULE_HIT: Mapping[str, str] = {
    "subject_key": USCC, "rule_id": "'Z01'", "category": "'zombie'", "severity": "'exclude'",
    "reason_zh": "'吊销未注销'", "reason_en": "'licence revoked'", "evidence": "'{}'", "params_hash": "'h'",
}  # fmt: skip
CONFLICT: Mapping[str, str] = {
    "conflict": "kind", "subject_key": f"if(kind = 'K7', null, {USCC})",
    "unit_key": "if(kind in ('K8', 'K9'), null, 'unit-' || i)", "winner": "winner", "loser": "loser",
    "reason": "reason",
}  # fmt: skip
CONFLICTS = """(select t.i, line.* from range({subjects}) as t(i) join (values
    ('K1', 'census', 'registry', 'only_a_licence', 1), ('K3', 'census', 'registry', 'seen_on_the_spot', 2),
    ('K6', 'registry', 'census', 'current_name', 3), ('K7', 'none', 'census', 'not_registered', 4),
    ('K8', 'registry', 'none', 'not_seen_by_census', 5)
    ) as line(kind, winner, loser, reason, slot) on t.i % 100 = line.slot)"""
TARGET: Mapping[str, str] = {
    **{c.name: c.name for c in load_tables()["visit_targets"].columns},
    "city_code": "'330100'", "county_code": "substr(division_code, 1, 6)",
    "township_code": "substr(division_code, 1, 9)", "in_registry": "true",
}  # fmt: skip


def make_batch(folder: Path, subjects: int = 3000) -> GateRequest:
    """Write the lake and the candidate of a clean batch; return the request that gates them."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = {f"staged.{s}": [_staged(folder, s, subjects)] for s in STAGED}
    earlier = _curated(folder / "earlier", subjects, date(2025, 2, 28), "ZJ-202502-28")
    current = _curated(folder / "current", subjects, AS_OF, BATCH)
    conflicts = _table(folder, "link_conflicts", CONFLICT, CONFLICTS.format(subjects=subjects))
    candidate = folder / "candidate.duckdb"
    build_warehouse(candidate, [earlier, current], DIVISIONS_FILE)
    tables |= {
        f"curated.{t}": list(getattr(current, t)) for t in ("enterprises", "rule_hits", "visit_targets")
    }
    tables["curated.link_conflicts"] = [conflicts]
    return GateRequest(RUN, BATCH, AS_OF, folder / "runs" / RUN, tables, candidate)


def copy_sql(query: str, path: Path) -> Path:
    """Write a query's rows to a Parquet file, which may be one the query reads."""
    with duckdb.connect() as connection:
        connection.execute(f"create table t as {query}")
        connection.execute(f"copy t to '{path}' (format parquet)")
    return path


def _staged(folder: Path, source: str, subjects: int) -> Path:
    envelope = {"source_file": "varchar", "row_no": "bigint", "extract_date": "date"}
    declared = {c.name: STAGED_TYPES[c.type] for c in load_contracts()[source].columns} | envelope
    made = {"source_file": f"'{source}/a.csv'", "row_no": "i + 2", "extract_date": f"date '{AS_OF}'"}
    columns = _columns(declared, made | STAGED[source])
    return copy_sql(f"select {columns} from range({subjects}) as t(i)", folder / f"staged_{source}.parquet")


def _curated(folder: Path, subjects: int, as_of: date, batch_id: str) -> BatchFiles:
    folder.mkdir(exist_ok=True)
    run_id = RUN if batch_id == BATCH else "earlier"
    zone = datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC)
    record = BatchRecord(batch_id, as_of, run_id, "c", "r", "2023", "0" * 64, zone, "enterprise+coop")
    of_batch = {"batch_id": f"'{batch_id}'", "as_of": f"date '{as_of}'"}
    excluded = subjects // 24 * 4 + min(subjects % 24, 4)
    account = {"rows_in": f"{subjects}", "used": f"{subjects - excluded}", "superseded": "0",
               "out_of_scope": "0", "excluded": f"{excluded}", "quarantined": "0"}  # fmt: skip
    firms = f"range({subjects}) as t(i)"
    enterprises = _table(folder, "enterprises", ENTERPRISE, firms)
    targets = f"'{enterprises}' where disposition = 'target'"
    sources = f"(select unnest({list(STAGED)}) as source)"
    return BatchFiles(
        record,
        enterprises=(enterprises,),
        rule_hits=(_table(folder, "rule_hits", RULE_HIT, f"{firms} where {EXCLUDED}"),),
        visit_targets=(_table(folder, "visit_targets", TARGET | of_batch, targets),),
        account=(_table(folder, "row_account", account | of_batch | {"source": "source"}, sources),),
    )


def _table(folder: Path, name: str, made: Mapping[str, str], source: str) -> Path:
    declared = {c.name: DUCKDB_TYPES[c.type] for c in load_tables()[name].columns}
    return copy_sql(f"select {_columns(declared, made)} from {source}", folder / f"{name}.parquet")


def _columns(declared: Mapping[str, str], made: Mapping[str, str]) -> str:
    return ", ".join(f"({made.get(c, 'null')})::{t} as {c}" for c, t in declared.items())
