"""A clean batch made by SQL, small or large, that every gate passes; tests plant their faults in it."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import duckdb

from expectations.request import GateRequest
from reference.contracts import load_contracts

AS_OF = date(2025, 3, 31)
BATCH = "ZJ-202503-31"
RUN = "20250331-1a2b3c4d5e6f"
TYPES = {"text": "varchar", "code": "varchar", "integer": "bigint", "money": "decimal(18,2)",
         "capital": "decimal(18,2)", "date": "date", "open_date": "date"}  # fmt: skip

USCC = "'91330' || lpad((101 + i % 4)::varchar, 3, '0') || lpad(i::varchar, 10, '0')"
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
    "abnormal_list": {"uscc": USCC, "reason_code": "'R1'", "in_date": "date '2023-07-01'"},
}  # fmt: skip
PLACE = "'330' || lpad((101 + i % 4)::varchar, 3, '0')"
DISPOSITION = f"case when {EXCLUDED} then 'excluded' else 'target' end"
ENTERPRISE = f"""
    {USCC} as subject_key, {USCC} as uscc, 'valid' as uscc_check, '测试' || i as name,
    'enterprise' as entity_class, 'A' as status, date '2015-01-01' + (i % 3000)::int as established_on,
    '杭州市' || i as address,
    '3301' as register_city_code, '张*' as legal_rep_masked, '138****0000' as phone_masked,
    'micro' as size_class, 'full' as size_confidence, false as is_foreign_trade, false as is_sci_tech,
    true as is_private, false as is_consumption, 3::tinyint as priority, {PLACE} || '001001' as division_code,
    'community' as place_level, 'T1_census' as place_method,
    0.98 as place_confidence, 'census' as place_source,
    true as in_census, {DISPOSITION} as disposition, case when {EXCLUDED} then 'Z01' end as primary_rule,
    null::varchar as flags"""
RULE_HIT = f"""{USCC} as subject_key, 'Z01' as rule_id, 'zombie' as category, 'exclude' as severity,
    '吊销未注销' as reason_zh, 'licence revoked' as reason_en, '{{}}' as evidence, 'h' as params_hash"""
TARGET = f"""'{BATCH}' as batch_id, date '{AS_OF}' as as_of, subject_key, uscc, '330100' as city_code,
    substr(division_code, 1, 6) as county_code, substr(division_code, 1, 9) as township_code, division_code,
    place_method, place_confidence, size_class, is_foreign_trade, is_sci_tech, is_private, is_consumption,
    priority, in_census, true as in_registry, flags"""


def make_batch(folder: Path, subjects: int = 3000) -> GateRequest:
    """Write the lake and the candidate of a clean batch; return the request that gates them."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = {f"staged.{s}": [_staged(folder, s, subjects)] for s in STAGED}
    tables |= _curated(folder, subjects)
    candidate = folder / "candidate.duckdb"
    _candidate(candidate, folder, subjects)
    return GateRequest(RUN, BATCH, AS_OF, folder / "runs" / RUN, tables, candidate)


def copy_sql(query: str, path: Path) -> Path:
    """Write a query's rows to a Parquet file, which may be one the query reads."""
    with duckdb.connect() as connection:
        connection.execute(f"create table t as {query}")
        connection.execute(f"copy t to '{path}' (format parquet)")
    return path


def _staged(folder: Path, source: str, subjects: int) -> Path:
    made = {
        "source_file": f"'{source}/a.csv'",
        "row_no": "i + 2",
        "extract_date": f"date '{AS_OF}'",
    } | STAGED[source]
    declared = {c.name: TYPES[c.type] for c in load_contracts()[source].columns}
    declared |= {"source_file": "varchar", "row_no": "bigint", "extract_date": "date"}
    columns = ", ".join(f"({made.get(c, 'null')})::{t} as {c}" for c, t in declared.items())
    return copy_sql(f"select {columns} from range({subjects}) as t(i)", folder / f"staged_{source}.parquet")


def _curated(folder: Path, subjects: int) -> dict[str, list[Path]]:
    enterprises = copy_sql(
        f"select {ENTERPRISE} from range({subjects}) as t(i)", folder / "enterprises.parquet"
    )
    hits = copy_sql(
        f"select {RULE_HIT} from range({subjects}) as t(i) where {EXCLUDED}", folder / "rule_hits.parquet"
    )
    targets = copy_sql(
        f"select {TARGET} from '{enterprises}' where disposition = 'target'", folder / "visit_targets.parquet"
    )
    return {
        "curated.enterprises": [enterprises],
        "curated.rule_hits": [hits],
        "curated.visit_targets": [targets],
    }


def _candidate(path: Path, folder: Path, subjects: int) -> None:
    places = ", ".join(
        f"('330{c}001001', '社区', 'community', '330{c}001000', '330100', '330{c}', '330{c}001'), "
        f"('330{c}001000', '街道', 'township', '330{c}000000', '330100', '330{c}', '330{c}001'), "
        f"('330{c}000000', '区', 'county', '330100000000', '330100', '330{c}', null)"
        for c in range(101, 105)
    )
    account = ", ".join(
        f"('{batch}', '{source}', {subjects}, {subjects - subjects // 6}, 0, 0, {subjects // 6}, 0)"
        for batch in ("ZJ-202502-28", BATCH)
        for source in STAGED
    )
    statements = [
        f"""create table dim_division as from (values
        ('330000000000', '浙江省', 'province', null, null, null, null),
        ('330100000000', '杭州市', 'city', '330000000000', '330100', null, null), {places})
        t(division_code, name, level, parent_code, city_code, county_code, township_code)""",
        f"""create table dim_batch as from (values ('ZJ-202502-28', date '2025-02-28', 'earlier'),
        ('{BATCH}', date '{AS_OF}', '{RUN}')) t(batch_id, as_of, run_id)""",
        *(f"alter table dim_batch add column {c} varchar default 'x'"
          for c in ("code_version", "rules_version", "divisions_version", "inputs_sha256", "published_at")),
        f"""create table dim_enterprise as select uscc, name, status, established_on, size_class, address,
        division_code, date '2025-01-31' as valid_from, null::date as valid_to
        from '{folder}/enterprises.parquet'""",
        f"""create table fact_visit_target as select * exclude (subject_key, flags)
        from '{folder}/visit_targets.parquet'""",
        f"""create table fact_exclusion as select '{BATCH}' as batch_id, subject_key as uscc, category,
        rule_id, reason_zh as reason, evidence from '{folder}/rule_hits.parquet'""",
        f"""create table meta_row_account as from (values {account})
        t(batch_id, source, rows_in, used, superseded, out_of_scope, excluded, quarantined)""",
        "create view mart_headlines as select batch_id, count(*) as n from fact_visit_target group by 1",
    ]  # fmt: skip
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)
