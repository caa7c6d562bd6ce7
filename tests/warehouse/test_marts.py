"""The marts against figures counted by hand (tests/golden/warehouse), and against the facts at random."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from golden_case import MAR, build_golden, golden
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from warehouse_makers import make_batch

from reference.tables import tables_of
from warehouse.schema import read_sql

CHOSEN = (
    "mart_foreign_trade",
    "mart_funnel",
    "mart_funnel_calendar",
    "mart_renewals",
    "mart_response_time",
    "mart_sci_tech",
)
"""Marts of every region and section: the golden file has chosen rows."""
MARTS = [table.name for table in tables_of("mart")]


@pytest.fixture(scope="module")
def golden_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_golden(tmp_path_factory.mktemp("golden"))


@pytest.mark.parametrize("mart", MARTS)
def test_mart_equals_the_figures_counted_by_hand(golden_file: Path, mart: str) -> None:
    expected = golden(mart)
    with duckdb.connect(str(golden_file), read_only=True) as con:
        found = con.sql(f"SELECT {', '.join(expected[0])} FROM {mart}").fetchall()
    wanted, rows = [tuple(row.values()) for row in expected], list(map(shown, found))
    if mart in CHOSEN:
        assert [row for row in wanted if row not in rows] == []
    else:
        assert sorted(rows) == sorted(wanted)


def test_the_headlines_show_the_funnel(golden_file: Path) -> None:
    with duckdb.connect(str(golden_file), read_only=True) as con:
        found = con.sql(
            "SELECT region, visited, effective, recommended, credited, disbursed, overdue, loan_amount, "
            "round(coverage, 4), round(recommendation_rate, 4), average_rate FROM mart_headlines "
            "ORDER BY region"
        ).fetchall()
        cities = con.sql(
            "SELECT city_code, visited, recommended FROM mart_progress_city ORDER BY ALL"
        ).fetchall()
    assert found == [
        ("province", 5, 4, 2, 1, 1, 1, 800000, 0.7143, 0.3333, 4.375),
        ("province_excl_ningbo", 4, 3, 1, 1, 1, 0, 800000, 0.6667, 0.2, 4.375),
    ]
    assert cities == [("330100", 4, 1), ("330200", 1, 1), (None, 0, 0)]


def shown(row: tuple[Any, ...]) -> tuple[str, ...]:
    """Write a row as a clerk would: four decimals at most, nothing for null."""
    words = {True: "true", False: "false", None: ""}
    return tuple(
        str(round(v, 4)) if isinstance(v, float) else words[v] if v is None or isinstance(v, bool) else str(v)
        for v in row
    )


@pytest.mark.parametrize("table", tables_of("mart"), ids=lambda table: table.name)
def test_view_starts_with_its_declared_grain(table: Any) -> None:  # noqa: ANN401
    first = read_sql("views", table.name).splitlines()[0]
    assert first.startswith("-- One row per ")
    assert first == f"-- {table.grain}"


def test_a_batch_of_one_city_shows_no_empty_rows_of_the_others(
    tmp_path: Path, build: Callable[..., Path]
) -> None:
    firm = {"subject_key": "A", "division_code": "330106001000"}
    path = build(make_batch(tmp_path / "lake", MAR, [firm], cities=("3301",)))
    with duckdb.connect(str(path), read_only=True) as con:
        assert con.sql("SELECT DISTINCT city_code FROM mart_progress_township").fetchall() == [("330100",)]


def test_marts_of_a_batch_without_targets_or_exclusions_have_no_division_by_zero(
    tmp_path: Path, build: Callable[..., Path]
) -> None:
    path = build(make_batch(tmp_path / "lake", MAR, []))
    with duckdb.connect(str(path), read_only=True) as con:
        shares = con.sql("SELECT targets, placed_share, excluded_share FROM mart_headlines").fetchall()
    assert shares == [(0, None, None)] * 2


CODES = [None, "330100000000", "330106000000", "330106001000", "330106001001", "330203009000"]
FIRMS = st.lists(
    st.fixed_dictionaries(
        {
            "division_code": st.sampled_from(CODES),
            "disposition": st.sampled_from(["target", "excluded", "superseded"]),
            "is_foreign_trade": st.booleans(),
            "priority": st.integers(1, 3),
        }
    ),
    max_size=30,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(firms=FIRMS)
def test_every_mart_adds_up_to_the_facts(
    firms: list[dict[str, Any]], tmp_path: Path, build: Callable[..., Path]
) -> None:
    rows = [f | {"subject_key": f"F{n}", "primary_rule": "Z02"} for n, f in enumerate(firms)]
    reason = {"rule_id": "Z02", "reason_zh": "因", "reason_en": "why", "evidence": "{}"}
    hits = [{"subject_key": r["subject_key"], **reason} for r in rows if r["disposition"] == "excluded"]
    path = build(make_batch(tmp_path / "lake", MAR, rows, hits))
    targets = [r for r in rows if r["disposition"] == "target"]
    expected = (len(targets), sum(r["is_foreign_trade"] for r in targets), len(hits))
    total = "coalesce(sum(targets), 0), coalesce(sum(foreign_trade_targets), 0), coalesce(sum(excluded), 0)"
    with duckdb.connect(str(path), read_only=True) as con:
        for source in (
            "mart_progress_county",
            "mart_progress_city",
            "mart_headlines WHERE region = 'province'",
        ):
            assert con.sql(f"SELECT {total} FROM {source}").fetchall() == [expected]
        township = con.sql("SELECT sum(targets) FROM mart_progress_township").fetchall()
        decided = con.sql("SELECT coalesce(sum(firms_excluded), 0) FROM mart_exclusions").fetchall()
    assert township == [(expected[0],)]
    assert decided == [(expected[2],)]
