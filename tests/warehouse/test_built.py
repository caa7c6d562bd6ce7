"""When the published warehouse is believed to be what this program would build, and begun with."""

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from warehouse_makers import firm, make_batch, write_table

from bench.faults.compare import contents
from flows import built
from flows.batches import TABLES, follow_warehouse
from flows.built import find_exchange, note_built, tell_loaded
from flows.home import Home
from reference.divisions import DIVISIONS_FILE
from warehouse.build import BatchFiles, build_warehouse
from warehouse.publish import publish, published_file, rollback

JAN = date(2025, 1, 31)
FIRST, NAME = "20250131-first", "candidate.duckdb"
CITIES = ("3301", "3302", "3303")


def batch_of(home: Home, run: str, renamed: str = "") -> BatchFiles:
    """Curated files of three cities where a run leaves them; the firms of one bear another name."""
    parts = []
    for city in CITIES:
        name = "换名有限公司" if city == renamed else "某某有限公司"
        firms = [firm(f"{city}{n}", register_city_code=city, name=name) for n in range(4)]
        parts.append(make_batch(home.root / "made" / city, JAN, firms, run=run))
        for table in TABLES:
            (source,) = getattr(parts[-1], table)
            target = home.curated(table, JAN, city, parts[-1].record.run_id)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    record = parts[0].record
    files = {t: tuple(home.curated(t, JAN, city, record.run_id) for city in CITIES) for t in TABLES}
    return replace(parts[0], **files)


def put_out(home: Home, batch: BatchFiles) -> None:
    """Build and publish, as a run does, and record what its files are."""
    folder = home.run(batch.record.run_id)
    folder.mkdir(parents=True)
    tell_loaded(home, folder, [batch])
    build_warehouse(folder / NAME, [batch], DIVISIONS_FILE, exchange=find_exchange(home, [batch]))
    publish(folder / NAME, home.root, batch.record)
    follow_warehouse(home)
    note_built(home, folder)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with a published batch."""
    home = Home(tmp_path / "home")
    put_out(home, batch_of(home, "first"))
    return home


def test_a_city_with_other_files_is_exchanged_and_nothing_else(home: Home) -> None:
    plan = find_exchange(home, [batch_of(home, "second", renamed="3302")])
    assert plan is not None
    ((gone,),) = plan.gone.values()
    (come,) = plan.come.values()
    assert gone.parent.name == "city=3302"
    assert [path.parent.name for path in come.enterprises] == ["city=3302"]


def test_the_file_of_another_program_is_not_believed(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(built, "code_version", lambda: "0.1.0+another")
    assert find_exchange(home, [batch_of(home, "second")]) is None


def test_a_version_that_was_taken_back_is_not_believed_until_it_is_built_again(home: Home) -> None:
    second = batch_of(home, "second", renamed="3302")
    put_out(home, second)
    assert find_exchange(home, [second]) is not None
    rollback(home.root, FIRST)
    follow_warehouse(home)
    assert find_exchange(home, [second]) is None


def test_a_process_that_died_before_it_told_leaves_nothing_to_believe(home: Home) -> None:
    second = batch_of(home, "second", renamed="3302")
    candidate = home.run("second") / NAME
    build_warehouse(candidate, [second], DIVISIONS_FILE)
    publish(candidate, home.root, second.record)
    follow_warehouse(home)
    assert find_exchange(home, [second]) is None


@pytest.mark.parametrize("how", ["gone", "damaged"])
def test_a_file_whose_rows_would_go_has_to_be_the_one_that_was_loaded(home: Home, how: str) -> None:
    second = batch_of(home, "second", renamed="3302")
    path = home.curated("enterprises", JAN, "3302", FIRST)
    path.unlink()
    if how == "damaged":
        write_table(path, "enterprises", [firm("33029", register_city_code="3302")])
    follow_warehouse(home)
    assert find_exchange(home, [second]) is None


@pytest.mark.parametrize("lost", [("3302",), CITIES])
def test_what_was_loaded_is_known_though_files_of_it_are_lost(home: Home, lost: tuple[str, ...]) -> None:
    """The pointers then name fewer cities: what comes in their place must not stand beside what stayed."""
    for city in lost:
        home.curated("enterprises", JAN, city, FIRST).unlink()
    follow_warehouse(home)
    second = batch_of(home, "second", renamed="3302")
    put_out(home, second)
    build_warehouse(home.root / "alone.duckdb", [second], DIVISIONS_FILE)
    held, alone = (contents(path) for path in (published_file(home.root), home.root / "alone.duckdb"))
    assert held["dim_enterprise"] == alone["dim_enterprise"]
    assert held["fact_visit_target"] == alone["fact_visit_target"]


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", None])
def test_a_record_that_cannot_be_read_or_written_only_costs_time(home: Home, content: bytes | None) -> None:
    note = home.root / "lake" / "built.json"
    note.unlink()
    if content is None:
        note.mkdir()
    else:
        note.write_bytes(content)
    first = batch_of(home, "first")
    assert find_exchange(home, [first]) is None
    note_built(home, home.run(FIRST))
    assert (find_exchange(home, [first]) is None) is (content is None)


def test_of_a_version_without_a_sum_nobody_knows_that_it_is_the_one_told_of(home: Home) -> None:
    (told,) = (home.root / "warehouse" / "versions").glob("*.sha256")
    told.unlink()
    note_built(home, home.run(FIRST))
    assert find_exchange(home, [batch_of(home, "first")]) is None


def test_a_file_that_is_to_come_and_is_lost_is_left_to_the_build_to_name(home: Home) -> None:
    second = batch_of(home, "second", renamed="3302")
    second.rule_hits[0].unlink()
    assert find_exchange(home, [second]) is None


def test_what_changes_after_it_was_loaded_is_not_told_as_loaded(home: Home) -> None:
    second = batch_of(home, "second", renamed="3302")
    folder = home.run("second")
    folder.mkdir(parents=True)
    tell_loaded(home, folder, [second])
    build_warehouse(folder / NAME, [second], DIVISIONS_FILE)
    write_table(second.enterprises[1], "enterprises", [firm("33029", register_city_code="3302")])
    publish(folder / NAME, home.root, second.record)
    follow_warehouse(home)
    note_built(home, folder)
    assert find_exchange(home, [batch_of(home, "third")]) is None


def test_the_sum_beside_a_version_may_have_any_bytes_behind_it(home: Home) -> None:
    (told,) = (home.root / "warehouse" / "versions").glob("*.sha256")
    told.write_bytes(told.read_bytes()[:64] + b"\xff")
    assert find_exchange(home, [batch_of(home, "second")]) is not None
