"""A run whose inputs changed a little does a little, and gives what a run from nothing would have given."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from verbs import run, text_of, zoufang

from bench.faults.compare import contents, curated
from flows import changes, known_bytes, step_files, steps_publish
from flows.batches import read_pointers, replaced_or_before
from flows.built import find_exchange
from flows.home import Home
from flows.journal import published_runs
from flows.known_bytes import hash_bytes
from warehouse import exchange as plans
from warehouse.build import Exchange
from warehouse.publish import published_file

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("incremental")]
DAY = "2025-01-31"
UNTOUCHED = ("3309",)
OF_VERSIONS = {
    "dim_batch", "fact_batch_change", "agg_batch_change", "mart_batch_diff", "mart_batch_diff_county",
}  # fmt: skip
"""What tells a second version of a batch from a first one."""


class Changed(NamedTuple):
    """An inbox in which two cities handed in other files; the homes that ran it, after a first and alone."""

    inbox: Path
    home: Path
    alone: Path
    exchanged: list[Exchange | None]
    """How the second run began its warehouse with the first one's."""
    read_again: set[int]
    """Inodes of files of the home, there before, that the second run looked through to know their bytes."""


@pytest.fixture(scope="module")
def changed(prefect_server: str, province: Path, tmp_path_factory: pytest.TempPathFactory) -> Changed:
    folder = tmp_path_factory.mktemp("incremental")
    inbox, home, alone = folder / "inbox", folder / "home", folder / "alone"
    shutil.copytree(province, inbox, ignore=shutil.ignore_patterns("3302*"))
    key = {"ZOUFANG_HASH_KEY": "the same key for both homes, or hashes differ"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in key.items():
            patch.setenv(name, value)
        assert run(inbox, home, DAY).status == 0
        drop_rows(next((inbox / "registry").glob("3310*.csv")), 5)
        drop_rows(next((inbox / "annual_reports").glob("3308*.csv")), 20)
        drop_rows(next((inbox / "census").glob("3308*.csv")), 3)
        before = {path.stat().st_ino for path in home.rglob("*.parquet")}
        read: set[int] = set()
        exchanged: list[Exchange | None] = []
        with patch.context() as watched:
            # Two cities of three are most of it.
            watched.setattr(plans, "MOST_GONE", 1)
            watched.setattr(
                steps_publish,
                "find_exchange",
                lambda *asked: exchanged.append(find_exchange(*asked)) or exchanged[-1],
            )
            watched.setattr(
                known_bytes,
                "hash_bytes",
                lambda handle: (read.add(os.fstat(handle.fileno()).st_ino), hash_bytes(handle))[1],
            )
            assert run(inbox, home, DAY).status == 0
        patch.setattr(step_files, "PART_ROWS", 151)
        ended = run(inbox, alone, DAY)
        assert ended.status == 0, ended.err
    return Changed(inbox, home, alone, exchanged, read & before)


def drop_rows(path: Path, count: int) -> None:
    """Leave out the first rows of a file."""
    lines = text_of(path).splitlines(keepends=True)
    path.write_text("".join([lines[0], *lines[count + 1 :]]), encoding="utf-8")


def test_it_gives_what_a_run_from_nothing_gives_in_parts_of_any_size(
    changed: Changed,
) -> None:
    home, alone = changed.home, changed.alone
    ours, theirs = curated(home), curated(alone)
    assert {path: ours[path] for path in theirs} == theirs
    mine, other = (contents(published_file(place)) for place in (home, alone))
    assert mine.keys() == other.keys()
    for found in (mine, other):
        asked = [row for row in found["meta_quality"] if row[1].removeprefix("candidate.") not in OF_VERSIONS]
        found["meta_quality"] = asked
    assert {table for table in mine if mine[table] != other[table]} <= OF_VERSIONS
    assert len(mine["meta_quality"]) > 100


def test_the_warehouse_begins_with_the_one_before_and_exchanges_the_cities_that_changed(
    changed: Changed,
) -> None:
    (plan,) = changed.exchanged
    assert plan is not None
    assert [path.parent.name for files in plan.gone.values() for path in files] == ["city=3308", "city=3310"]


def test_cities_whose_files_did_not_change_are_not_computed_again(changed: Changed) -> None:
    home = changed.home
    same = {
        path.parent.name.removeprefix("city=")
        for path in home.glob("lake/curated/enterprises/*/*/*.parquet")
        if path.stat().st_nlink > 1
    }
    assert same == set(UNTOUCHED)
    assert len(published_runs(Home(home))) == 2
    report = json.loads(zoufang("report", "--home", home, "--json").out)
    how = {step["step"]: step["how"] for step in report["durations"]["steps"]}
    assert {how[f"city-{city}"] for city in UNTOUCHED} == {"linked"}
    assert (how["city-3310"], how["city-3308"], how["publish"]) == ("made", "made", "made")
    assert report["version"] == 2


def test_what_was_hashed_before_is_not_read_again_to_be_hashed(changed: Changed) -> None:
    assert changed.read_again == set()


def test_changes_between_versions_are_the_same_without_the_cities_that_did_not_change(
    changed: Changed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(changed.home)
    after = read_pointers(home)[-1]
    (before,) = replaced_or_before(home, after, [after])
    same = [city for city in after.units if changes._same_files(home, before, after, city)]
    assert set(same) == set(UNTOUCHED)
    told = pl.read_parquet(changes.changes_file(home, before, after))
    monkeypatch.setattr(changes, "_same_files", lambda *_: False)
    monkeypatch.setattr(changes, "changes_path", lambda *_: tmp_path / "whole.parquet")
    assert_frame_equal(told, pl.read_parquet(changes.changes_file(home, before, after)))
    assert told.height > 0


def test_nothing_new_ends_before_the_orchestrator_is_loaded(changed: Changed) -> None:
    inbox, home = changed.inbox, changed.home
    for path in inbox.glob("*/*"):
        os.utime(path)
    before = published_file(home).stat().st_ino
    script = (
        "import sys\nfrom cli.app import app\napp(standalone_mode=False)\nassert 'prefect' not in sys.modules"
    )
    arguments = ["run", "--inbox", str(inbox), "--home", str(home), "--as-of", DAY]
    key = {"ZOUFANG_HASH_KEY": "the same key for both homes, or hashes differ"}
    ended = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, env=os.environ | key,
        check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert "nothing to do" in ended.stderr
    assert "行数平衡" in ended.stdout
    assert published_file(home).stat().st_ino == before


def test_a_file_that_changes_while_it_is_read_is_refused(
    prefect_server: str, one_city: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = tmp_path / "inbox"
    shutil.copytree(one_city, inbox)
    growing = next((inbox / "customs").glob("*"))
    from flows import steps_ingest

    real = steps_ingest.ingest_file

    def written_to(file: object, *rest: object, **options: object) -> object:
        if getattr(file, "path", None) == growing:
            with growing.open("a", encoding="utf-8") as handle:
                handle.write("\n")
        return real(file, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(steps_ingest, "ingest_file", written_to)
    ended = zoufang("run", "--inbox", inbox, "--home", tmp_path / "home", "--as-of", DAY)
    assert ended.status == 2, ended.err
    assert growing.name in ended.err
    assert "let the copy end" in ended.err
    assert not published_file(tmp_path / "home").exists()
