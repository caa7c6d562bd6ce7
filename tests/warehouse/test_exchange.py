"""A warehouse that begins as a copy of the one before holds what one built from nothing holds."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warehouse_makers import DIVISIONS, firm, make_batch, rows

from bench.faults.compare import contents
from warehouse import exchange
from warehouse.build import BatchFiles, Exchange, build_warehouse
from warehouse.exchange import as_loaded, plan_exchange

JAN, FEB, MAR = date(2025, 1, 31), date(2025, 2, 28), date(2025, 3, 31)
CITIES = ("3301", "3302", "3303", "3304")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def planned(file: Path, before: list[BatchFiles], after: list[BatchFiles]) -> Exchange | None:
    return plan_exchange(file, [as_loaded(batch, digest) for batch in before], after, digest)


def own(city: str, count: int = 5, **columns: object) -> list[dict[str, Any]]:
    """Firms of one city, the first of them excluded."""
    return [
        firm(
            f"{city}{n}",
            register_city_code=city,
            **({"disposition": "excluded"} if n == 0 else {}),
            **columns,
        )
        for n in range(count)
    ]


def make(folder: Path, as_of: date, run: str, **changed: list[dict[str, Any]]) -> BatchFiles:
    """A batch of four cities, some with other firms than usual."""
    parts = []
    for city in CITIES:
        firms = changed.get(f"c{city}", own(city))
        hits = [
            {"subject_key": f["subject_key"], "rule_id": "C01", "category": "closed", "reason_zh": "注销",
             "reason_en": "closed", "evidence": "{}"}
            for f in firms if f.get("disposition") == "excluded"
        ]  # fmt: skip
        parts.append(make_batch(folder / city, as_of, firms, hits, run=run))
    tables = ("enterprises", "rule_hits", "visit_targets", "account")
    return replace(parts[0], **{name: sum((getattr(p, name) for p in parts), ()) for name in tables})


@pytest.fixture
def both(tmp_path: Path, divisions: Path) -> Callable[..., tuple[Path, Path, Exchange | None]]:
    """Build batches upon others and from nothing; return both files and the plan."""

    def _both(before: list[BatchFiles], after: list[BatchFiles]) -> tuple[Path, Path, Exchange | None]:
        old, new, alone = (tmp_path / f"{name}.duckdb" for name in ("old", "new", "alone"))
        build_warehouse(old, before, divisions)
        old.chmod(0o440)
        plan = planned(old, before, after)
        build_warehouse(new, after, divisions, exchange=plan)
        build_warehouse(alone, after, divisions)
        return new, alone, plan

    return _both


def moved(city: str) -> list[dict[str, Any]]:
    """Firms of one city, one less and all of another name."""
    return own(city, 4, name="换名有限公司")


Batches = list[tuple[date, str, dict[str, Any]]]
"""Date, run, and the firms of cities that have others than usual."""
WANDERED = [*own("3303"), firm("33024", register_city_code="3303")]
FEW, MANY = {"c3304": own("3304", 2)}, {"c3302": moved("3302"), "c3304": own("3304", 7)}
PLAIN: Batches = [(JAN, "a", {}), (FEB, "b", {})]


class Case(NamedTuple):
    """Batches before and after, how many cities' files go, whether the firms are loaded whole."""

    before: Batches
    after: Batches
    gone: int = 0
    anew: bool = False


CASES = {
    "nothing changed": Case(PLAIN[:1], [(JAN, "c", {})]),
    "one city changed": Case(PLAIN[:1], [(JAN, "c", {"c3302": moved("3302")})], 1),
    "a firm moved": Case(PLAIN[:1], [(JAN, "c", {"c3302": own("3302", 4), "c3303": WANDERED})], 2),
    "a city lost all its firms": Case(PLAIN[:1], [(JAN, "c", {"c3301": []})], 1),
    "a month more": Case(PLAIN, [*PLAIN, (MAR, "c", {"c3301": moved("3301")})], 0, anew=True),
    "newest month corrected": Case(
        [(JAN, "a", FEW), PLAIN[1]], [(JAN, "a", FEW), (FEB, "c", MANY)], 2, anew=True
    ),
    "nothing of two months changed": Case(PLAIN, PLAIN),
    "an earlier month corrected": Case(
        [*PLAIN, (MAR, "c", {})],
        [*PLAIN[:1], (FEB, "d", {"c3302": moved("3302")}), (MAR, "c", {})],
        5,
        anew=True,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_exchanged_rows_give_the_warehouse_a_build_from_nothing_gives(
    name: str, tmp_path: Path, both: Callable[..., Any]
) -> None:
    before, after, gone, anew = CASES[name]
    made = [[make(tmp_path / run, day, run, **c) for day, run, c in batches] for batches in (before, after)]
    new, alone, plan = both(*made)
    assert plan is not None
    assert (sum(map(len, plan.gone.values())), plan.firms_anew) == (gone, anew)
    assert contents(new) == contents(alone)


def test_comments_and_constraints_are_those_of_a_build_from_nothing(
    tmp_path: Path, both: Callable[..., Any]
) -> None:
    new, alone, _ = both([make(tmp_path, JAN, "a")], [make(tmp_path, JAN, "b", c3301=moved("3301"))])
    for query in (
        "SELECT table_name, comment FROM duckdb_tables() ORDER BY 1",
        "SELECT table_name, constraint_text FROM duckdb_constraints() ORDER BY ALL",
        "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal ORDER BY 1, 2",
        "SELECT view_name, comment FROM duckdb_views() WHERE NOT internal ORDER BY 1",
    ):
        assert rows(new, query) == rows(alone, query)


def test_the_file_before_stays_as_it_is(tmp_path: Path, both: Callable[..., Any]) -> None:
    before, after = make(tmp_path, JAN, "a"), make(tmp_path, JAN, "b", c3301=moved("3301"))
    _, _, plan = both([before], [after])
    held = contents(plan.file)
    assert ("33010", "33010有限公司") in [row[:2] for row in held["dim_enterprise"]]


@pytest.mark.parametrize(
    "case",
    [
        Case(PLAIN[:1], [(JAN, "c", {f"c{city}": moved(city) for city in CITIES[:3]})]),
        Case(PLAIN[1:], PLAIN),
        Case(PLAIN, PLAIN[1:]),
        Case(PLAIN, [(JAN, "c", {"c3301": moved("3301")}), PLAIN[1]]),
    ],
    ids=["most cities changed", "an earlier month came", "a month went", "the first of two months changed"],
)
def test_what_changes_most_of_it_is_built_anew(case: Case, tmp_path: Path) -> None:
    made = [[make(tmp_path / run, day, run, **c) for day, run, c in batches] for batches in case[:2]]
    assert planned(tmp_path / "none.duckdb", *made) is None


@pytest.mark.parametrize("how", ["gone", "another"])
def test_a_file_whose_rows_would_go_has_to_be_there_as_it_was_loaded(how: str, tmp_path: Path) -> None:
    before, after = make(tmp_path, JAN, "a"), make(tmp_path, JAN, "b", c3301=moved("3301"))
    loaded = as_loaded(before, digest)
    before.enterprises[0].unlink()
    if how == "another":
        before.enterprises[0].write_bytes(after.enterprises[0].read_bytes())
    assert plan_exchange(tmp_path / "none.duckdb", [loaded], [after], digest) is None


def test_a_city_that_comes_under_the_very_path_it_went_from_is_told_by_what_is_in_it(tmp_path: Path) -> None:
    before = make(tmp_path, JAN, "a")
    loaded = as_loaded(before, digest)
    again = make(tmp_path, JAN, "a", c3301=moved("3301"))
    assert again.enterprises == before.enterprises
    assert plan_exchange(tmp_path / "none.duckdb", [loaded], [again], digest) is None


def large(folder: Path, as_of: date, run: str, **changed: int) -> BatchFiles:
    """A batch of 20,000 firms a city, whose names tell how often they changed."""
    batch = make(folder / run, as_of, run)
    for city, path in zip(CITIES, batch.enterprises, strict=True):
        keys = city + pl.int_range(20_000, eager=True).cast(pl.String).str.zfill(14)
        one = pl.read_parquet(path).head(1).select(pl.all().repeat_by(20_000).explode())
        told = keys + f"有限公司{changed.get(city, 0)}"
        one.with_columns(subject_key=keys, uscc=keys, name=told).write_parquet(path)
    return batch


def test_a_month_more_leaves_no_holes_that_the_next_build_would_mind(
    tmp_path: Path, divisions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "FREE_ANYHOW", 0)
    months = [large(tmp_path, JAN, "a"), large(tmp_path, FEB, "b"), large(tmp_path, MAR, "c")]
    file = tmp_path / "1.duckdb"
    build_warehouse(file, months[:1], divisions)
    for number in (2, 3):
        plan = planned(file, months[: number - 1], months[:number])
        assert plan is not None
        file = tmp_path / f"{number}.duckdb"
        build_warehouse(file, months[:number], divisions, exchange=plan)
    assert planned(file, months, months) is not None


def test_a_file_exchanged_again_and_again_is_built_anew_before_it_is_twice_as_large(
    tmp_path: Path, divisions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "FREE_ANYHOW", 0)
    first = large(tmp_path, JAN, "r0")
    file, current, anew, changed = tmp_path / "0.duckdb", first, 0, dict.fromkeys(CITIES, 0)
    whole = build_warehouse(file, [current], divisions).size_bytes
    for number in range(1, 7):
        changed[CITIES[number % 4]] = number
        following = large(tmp_path, JAN, f"r{number}", **changed)
        plan = planned(file, [current], [following])
        anew += plan is None
        current, file = following, tmp_path / f"{number}.duckdb"
        assert build_warehouse(file, [current], divisions, exchange=plan).size_bytes < 2 * whole
    assert 0 < anew < 6


def test_a_build_upon_another_that_fails_leaves_no_candidate(
    tmp_path: Path, divisions: Path, both: Callable[..., Any]
) -> None:
    before = make(tmp_path, JAN, "a")
    _, _, plan = both([before], [make(tmp_path, JAN, "b", c3301=moved("3301"))])
    broken = make(tmp_path / "broken", JAN, "c", c3301=own("3301", status="?"))
    plan = planned(plan.file, [before], [broken])
    candidate = tmp_path / "candidate.duckdb"
    with pytest.raises(duckdb.ConstraintException, match="CHECK"):
        build_warehouse(candidate, [broken], divisions, exchange=plan)
    assert not candidate.exists()


History = dict[date, dict[str, int]]
"""By date the cities that a batch holds, each with which of its lists of firms."""
BATCHES = st.dictionaries(st.sampled_from(CITIES), st.integers(0, 2), min_size=1)
HISTORIES = st.lists(
    st.dictionaries(st.sampled_from([JAN, FEB, MAR]), BATCHES, min_size=1), min_size=2, max_size=3
)


@settings(max_examples=8, deadline=None)
@given(histories=HISTORIES)
def test_whatever_came_and_went_it_holds_what_a_build_from_nothing_holds(
    histories: list[History], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("histories")
    divisions = folder / "divisions.csv"
    divisions.write_text(DIVISIONS, encoding="utf-8")
    file, current = folder / "0.duckdb", list[BatchFiles]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exchange, "MOST_GONE", 1)
        for number, history in enumerate(histories):
            run = f"r{number}"
            following = [drawn(folder, day, run, cities) for day, cities in history.items()]
            plan = planned(file, current, following) if current else None
            assert plan or not current
            current, file = following, folder / f"{run}.duckdb"
            build_warehouse(file, current, divisions, exchange=plan)
    build_warehouse(folder / "alone.duckdb", current, divisions)
    assert contents(file) == contents(folder / "alone.duckdb")


def drawn(folder: Path, day: date, run: str, cities: dict[str, int]) -> BatchFiles:
    """A batch of some cities; a firm of the first list of each is of the next city in its second."""
    lists = {}
    for number, city in enumerate(CITIES):
        nth = cities.get(city)
        guest = firm(f"{city}9", register_city_code=CITIES[number - 1], name=f"{nth}")
        lists[f"c{city}"] = [] if nth is None else [*own(city, 3 + nth, name=f"名{nth % 2}"), guest]
    whole = make(folder, day, run, **lists)
    held = [number for number, city in enumerate(CITIES) if city in cities]
    files = {
        t: tuple(getattr(whole, t)[n] for n in held) for t in ("enterprises", "rule_hits", "visit_targets")
    }
    return replace(whole, record=replace(whole.record, cities=tuple(sorted(cities))), **files)
