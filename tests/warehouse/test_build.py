"""What a built warehouse holds: contract columns, comments, constraints, one row per firm and validity."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from warehouse_makers import firm, make_batch, record_of, rows, write_table

from reference.tables import load_tables, tables_of
from warehouse.build import BatchFiles, build_warehouse
from warehouse.candidate import AccountProblem, add_quality, verify_account

CONTRACT = {
    "dim_division": "division_code, name, level, parent_code, city_code, county_code, township_code",
    "dim_batch": "batch_id, as_of, run_id, code_version, rules_version, divisions_version, inputs_sha256,"
    " published_at",
    "dim_enterprise": "uscc, name, status, established_on, industry_code, industry_name, size_class,"
    " registered_capital, address, division_code, valid_from, valid_to",
    "fact_visit_target": "batch_id, as_of, uscc, city_code, county_code, township_code, division_code,"
    " place_method, place_confidence, size_class, is_foreign_trade, is_sci_tech, is_private, is_consumption,"
    " priority, in_census, in_registry",
    "fact_exclusion": "batch_id, uscc, category, rule_id, reason, evidence",
    "meta_row_account": "batch_id, source, rows_in, used, superseded, out_of_scope, excluded, quarantined",
    "meta_quality": "run_id, suite, expectation, column_name, success, observed, unexpected_count, severity",
}
JAN, FEB, MAR = date(2025, 1, 31), date(2025, 2, 28), date(2025, 3, 31)
Build = Callable[..., Path]


@pytest.fixture
def small(tmp_path: Path, build: Build) -> Path:
    return build(make_batch(tmp_path / "lake", MAR, [firm("A"), firm("B")]))


def test_contract_columns_come_first_to_the_letter(small: Path) -> None:
    for table, columns in CONTRACT.items():
        found = [row[0] for row in rows(small, f"DESCRIBE {table}")]
        expected = columns.split(", ")
        assert found[: len(expected)] == expected, table


def test_file_has_exactly_the_declared_relations_columns_and_types(small: Path) -> None:
    found = {name for (name,) in rows(small, "SELECT table_name FROM information_schema.tables")}
    declared = [*tables_of("warehouse"), *tables_of("mart")]
    assert found == {table.name for table in declared}
    for table in declared:
        described = [(row[0], row[1]) for row in rows(small, f"DESCRIBE {table.name}")]
        assert [name for name, _ in described] == list(table.column_names)
        kinds = {
            "VARCHAR": "text",
            "BIGINT": "integer",
            "DOUBLE": "number",
            "DECIMAL(18,2)": "money",
            "BOOLEAN": "boolean",
            "DATE": "date",
            "TIMESTAMP": "timestamp",
        }
        assert [kinds[kind] for _, kind in described] == [column.type for column in table.columns], table.name


def test_every_table_view_and_column_carries_its_declared_comment(small: Path) -> None:
    tables = dict(rows(small, "SELECT table_name, comment FROM duckdb_tables()"))
    views = dict(rows(small, "SELECT view_name, comment FROM duckdb_views() WHERE NOT internal"))
    columns = {
        (table, column): comment
        for table, column, comment in rows(
            small, "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal"
        )
    }
    for table in [*tables_of("warehouse"), *tables_of("mart")]:
        assert (tables | views)[table.name] == table.comment
        for column in table.columns:
            assert columns[table.name, column.name] == column.comment


def test_no_personal_data_is_declared_beyond_the_curated_layer() -> None:
    beyond = [t for t in load_tables().values() if t.layer != "curated"]
    assert not [c.name for t in beyond for c in t.columns if c.personal or c.stat_restricted]


def test_file_is_written_for_duckdb_1_5_and_stays_so_after_a_later_write(small: Path, tmp_path: Path) -> None:
    add_quality(small, quality(tmp_path, record_of(MAR).run_id))
    with duckdb.connect() as con:
        con.execute("ATTACH ? AS w (READ_ONLY)", [str(small)])
        [tags] = con.execute("SELECT tags FROM duckdb_databases() WHERE database_name = 'w'").fetchall()
    assert tags[0]["storage_version"].startswith("v1.5.0")


def test_equal_files_give_equal_contents_in_equal_order(tmp_path: Path, build: Build) -> None:
    batches = [
        make_batch(
            tmp_path / "lake",
            day,
            [firm(f"F{i:03d}", address=f"{day}" if i % 7 == 0 else "x") for i in range(500)],
        )
        for day in (JAN, FEB, MAR)
    ]
    first, second = build(*batches, name="one"), build(*reversed(batches), name="two")
    assert contents(first) == contents(second)


def test_firms_keep_the_order_of_their_files_over_many_row_groups(tmp_path: Path, build: Build) -> None:
    batch = make_batch(tmp_path, date(2025, 3, 31), [firm("A")])
    one = pl.read_parquet(batch.enterprises[0])
    files = []
    for city in ("3301", "3302"):
        keys = pl.int_range(140_000, eager=True).cast(pl.String).str.zfill(6)
        many = pl.concat([one] * len(keys)).with_columns(
            subject_key=pl.lit(city) + keys, uscc=pl.lit(city) + keys, register_city_code=pl.lit(city)
        )
        files.append(tmp_path / f"city={city}.parquet")
        many.write_parquet(files[-1], row_group_size=20_000)
    warehouse = build(replace(batch, enterprises=tuple(files)))
    found = [key for (key,) in rows(warehouse, "SELECT subject_key FROM dim_enterprise")]
    assert len(found) == 280_000
    assert found == sorted(found)


def contents(path: Path) -> dict[str, str]:
    names = [table.name for table in tables_of("warehouse")]
    return {n: hashlib.sha256(repr(rows(path, f"SELECT * FROM {n}")).encode()).hexdigest() for n in names}


def test_a_build_that_fails_leaves_no_candidate(tmp_path: Path, divisions: Path) -> None:
    broken = make_batch(tmp_path / "lake", MAR, [firm("A", status="?")])
    candidate = tmp_path / "candidate.duckdb"
    with pytest.raises(duckdb.ConstraintException, match="CHECK"):
        build_warehouse(candidate, [broken], divisions)
    assert not candidate.exists()


def test_two_batches_of_one_date_are_refused(tmp_path: Path, build: Build) -> None:
    batches = [make_batch(tmp_path / "lake", MAR, [firm("A")], run=run) for run in ("a", "b")]
    with pytest.raises(ValueError, match="as_of"):
        build(*batches)


def test_report_counts_the_rows_of_each_table(tmp_path: Path, divisions: Path) -> None:
    batch = make_batch(tmp_path / "lake", MAR, [firm("A"), firm("B", disposition="excluded")])
    report = build_warehouse(tmp_path / "c.duckdb", [batch], divisions)
    assert report.rows["dim_enterprise"] == 2
    assert report.rows["fact_visit_target"] == 1
    assert report.size_bytes == (tmp_path / "c.duckdb").stat().st_size


def test_households_stay_out_unless_in_scope_and_a_personal_name_is_masked(
    tmp_path: Path, build: Build
) -> None:
    household = {"entity_class": "household"}
    firms = [
        firm("out", **household, disposition="out_of_scope"),
        firm("person", **household, name="欧阳小明"),
        firm("shop", **household, name="杭州市西湖区小明面馆"),
        firm("firm", name="阿里巴巴"),
    ]
    hits = [hit("out", "C01", "closed")]
    path = build(make_batch(tmp_path / "lake", MAR, firms, hits))
    assert rows(path, "SELECT name FROM dim_enterprise ORDER BY subject_key") == [
        ("阿里巴巴",),
        ("欧*",),
        ("杭州市西湖区小明面馆",),
    ]
    assert rows(path, "SELECT count(*) FROM fact_exclusion") == [(0,)]


def hit(key: str, rule: str, category: str, **columns: object) -> dict[str, Any]:
    reason = {"reason_zh": f"{rule}原因", "reason_en": f"{rule} reason", "evidence": "{}"}
    return {"subject_key": key, "rule_id": rule, "category": category} | reason | columns


def test_exclusions_keep_every_excluding_hit_and_mark_the_deciding_one(tmp_path: Path, build: Build) -> None:
    excluded = firm(
        "A", disposition="excluded", primary_rule="C01", division_code=None, register_county_code="330106"
    )
    hits = [
        hit("A", "C01", "closed"),
        hit("A", "Z02", "zombie"),
        hit("A", "C04", "closed", severity="hold"),
        hit("A", "F01", "flag", severity="flag"),
        hit("A", "P05", "duplicate", severity="dedupe"),
    ]
    path = build(make_batch(tmp_path / "lake", MAR, [excluded], hits))
    found = rows(
        path, "SELECT rule_id, is_primary, reason, city_code, county_code FROM fact_exclusion ORDER BY 1"
    )
    assert found == [
        ("C01", True, "C01原因", "330100", "330106"),
        ("C04", False, "C04原因", "330100", "330106"),
        ("Z02", False, "Z02原因", "330100", "330106"),
    ]


def test_account_is_summed_over_its_parts_and_has_to_balance(tmp_path: Path, build: Build) -> None:
    batch = make_batch(tmp_path / "lake", MAR, [firm("A")])
    part = {"batch_id": batch.record.batch_id, "source": "registry", "rows_in": 5, "used": 2, "superseded": 1}
    part |= {"out_of_scope": 1, "excluded": 0, "quarantined": 1}
    whole = write_table(tmp_path / "part.parquet", "row_account", [part, part])
    path = build(BatchFiles(**{**vars(batch), "account": (*batch.account, whole)}))
    assert rows(path, "SELECT rows_in, used FROM meta_row_account") == [(11, 5)]
    assert verify_account(path) == 1


def test_an_account_that_does_not_balance_is_named(tmp_path: Path, build: Build) -> None:
    lost = {"batch_id": "ZJ-202503-31", "source": "census", "rows_in": 7, "used": 5}
    lost |= dict.fromkeys(("superseded", "out_of_scope", "excluded", "quarantined"), 0)
    path = build(make_batch(tmp_path / "lake", MAR, [firm("A")], account=[lost]))
    with pytest.raises(AccountProblem, match="census: 7 rows in, 5 accounted for"):
        verify_account(path)


def quality(folder: Path, run_id: str, success: bool = True) -> Path:
    row = {
        "run_id": run_id,
        "suite": "candidate",
        "expectation": "unique_key",
        "success": success,
        "severity": "error",
    }
    return write_table(folder / "quality.parquet", "quality", [row, row | {"expectation": "row_count"}])


def test_quality_is_added_once_however_often_it_is_called(small: Path, tmp_path: Path) -> None:
    run_id = record_of(MAR).run_id
    assert add_quality(small, quality(tmp_path, run_id, success=False)) == 2
    assert add_quality(small, quality(tmp_path, run_id)) == 2
    found = rows(small, "SELECT expectation, success FROM meta_quality ORDER BY 1")
    assert found == [("row_count", True), ("unique_key", True)]
    assert not small.with_name(small.name + ".wal").exists()
