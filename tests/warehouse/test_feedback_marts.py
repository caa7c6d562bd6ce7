"""The marts of feedback: they add up, narrow, and never divide by zero."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest
from feedback_case import feedback_files, firm_of, push, visit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from warehouse_makers import make_batch

from reference.tables import tables_of

MAR = date(2025, 3, 31)
FIRMS = [
    {name: value for name, value in firm_of(key).items() if name.startswith("is_") and name != "is_on_list"}
    | {"subject_key": key, "uscc": key, "division_code": code}
    for key, code in (("甲", "330106001000"), ("乙", "330106001000"), ("己", "330203009000"))
]


@pytest.mark.parametrize("table", tables_of("mart"), ids=lambda table: table.name)
def test_every_mart_answers_with_its_declared_columns_where_nothing_came_back(
    tmp_path: Path, build: Callable[..., Path], table: object
) -> None:
    path = build(make_batch(tmp_path / "lake", MAR, []), feedback=feedback_files(tmp_path / "f", {}))
    with duckdb.connect(str(path), read_only=True) as con:
        result = con.execute(f"SELECT * FROM {table.name}")  # type: ignore[attr-defined]
        assert tuple(c[0] for c in result.description or ()) == table.column_names  # type: ignore[attr-defined]
        result.fetchall()


def test_rates_without_a_denominator_are_null(tmp_path: Path, build: Callable[..., Path]) -> None:
    path = build(make_batch(tmp_path / "lake", MAR, []), feedback=feedback_files(tmp_path / "f", {}))
    rates = [
        c.name for c in next(t for t in tables_of("mart") if t.name == "mart_funnel").columns if c.formula
    ]
    with duckdb.connect(str(path), read_only=True) as con:
        found = con.sql(f"SELECT {', '.join(rates)} FROM mart_funnel").fetchall()
    assert len(found) == 10
    assert {value for row in found for value in row} == {None}


VISITED = st.lists(st.tuples(st.sampled_from("甲乙己"), st.sampled_from(["11", "13", "31"])), max_size=8)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seen=VISITED, pushed=st.lists(st.sampled_from("甲乙己"), max_size=5))
def test_levels_add_up_and_each_step_lies_within_the_one_before(
    seen: list[tuple[str, str]],
    pushed: list[str],
    tmp_path: Path,
    build: Callable[..., Path],
) -> None:
    tables = {
        "fact_visit": [visit(k, f"04-{n + 1:02}", o, event_id=f"v{n}") for n, (k, o) in enumerate(seen)],
        "fact_recommendation": [push(f"R{n}", key, "04-20", "B1") for n, key in enumerate(pushed)],
    }
    tables = {name: rows for name, rows in tables.items() if rows}
    batch = make_batch(tmp_path / "lake", MAR, FIRMS)
    path = build(batch, feedback=feedback_files(tmp_path / "f", tables))
    steps = "sum(visited), sum(declared), sum(recommended), sum(overdue)"
    with duckdb.connect(str(path), read_only=True) as con:
        by_level = con.sql(
            f"SELECT level, {steps} FROM mart_funnel WHERE section = 'all' "
            "AND level <> 'province_excl_ningbo' GROUP BY level"
        ).fetchall()
        narrowing = con.sql(
            "SELECT count(*) FROM mart_funnel WHERE recommended > declared"
            " OR visited > targets OR overdue > recommended_due"
        ).fetchall()
        month = con.sql(
            "SELECT coalesce(max(visited_so_far), 0) FROM mart_funnel_calendar WHERE level = 'province'"
        ).fetchall()
    assert len({row[1:] for row in by_level}) == 1
    assert by_level[0][1:] == (
        len({key for key, _ in seen}),
        len({key for key, outcome in seen if outcome == "11"} | set(pushed)),
        len(set(pushed)),
        len(set(pushed)),
    )
    assert narrowing == [(0,)]
    assert month == [(len({key for key, _ in seen}),)]
