"""Persons planted in every source are in nothing that is written, which nobody else may open."""

import os
import stat
from pathlib import Path

import polars as pl
import pytest
from loops import TOLD, Loop, come_back, copy_of
from planted import IDENTITY, NOTE, PERSON, PHONE, found_in, plant
from verbs import run, zoufang

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("feedback")]


@pytest.fixture(scope="module")
def whole(loop: Loop, tmp_path_factory: pytest.TempPathFactory) -> Loop:
    """The published list dispatched, and what came back for it, persons planted in it, taken in."""
    own = copy_of(loop, tmp_path_factory.mktemp("privacy"))
    assert plant(own.inbox) > 0
    assert zoufang("dispatch", "--home", own.home).status == 0
    come_back(own.inbox, own.home, TOLD)
    return own


def test_no_planted_person_is_in_anything_that_a_home_or_prefect_holds(whole: Loop) -> None:
    written = {path.suffix for path in whole.home.rglob("*") if path.is_file()}
    assert {".parquet", ".duckdb", ".xlsx", ".html", ".json"} <= written
    assert list(whole.home.glob("lake/quarantine/registry/*/*.parquet"))
    assert list(whole.home.glob("dispatch/*/returned/*.xlsx"))
    assert _masked(whole.home / "lake" / "staged" / "registry", "legal_rep") >= {PERSON[:1] + "*"}
    assert _masked(whole.home / "lake" / "ledger" / "visits", "visitor") >= {PERSON[:1] + "*"}
    assert found_in(whole.home) == []
    assert found_in(Path(os.environ["PREFECT_HOME"])) == []


def _masked(folder: Path, column: str) -> set[str]:
    return {name for path in folder.rglob("*.parquet") if column in (frame := pl.read_parquet(path))
            for name in frame[column].drop_nulls()}  # fmt: skip


def test_the_search_finds_persons_where_they_are(loop: Loop) -> None:
    found = "\n".join(found_in(loop.home.parent / "inbox"))
    assert PERSON[1:] in found
    assert PHONE in found
    assert IDENTITY[6:14] in found


def test_a_file_without_a_header_row_is_refused_without_telling_its_rows(tmp_path: Path) -> None:
    folder = tmp_path / "inbox" / "registry"
    folder.mkdir(parents=True)
    row = f"91330100MA27XXXX1X,{PERSON},{PHONE},{IDENTITY},{NOTE}\n"
    (folder / "a.csv").write_text(row * 5, encoding="utf-8")
    ended = run(tmp_path / "inbox", tmp_path / "home", "2025-01-31")
    assert ended.status == 2
    assert "registry/a.csv: no header row" in ended.err
    (tmp_path / "told.txt").write_text(ended.err + ended.out, encoding="utf-8")
    assert not [place for place in found_in(tmp_path) if "told.txt" in place]


def test_nobody_outside_the_group_may_open_what_is_written(whole: Loop) -> None:
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in whole.home.rglob("*")}
    assert [str(path) for path, mode in modes.items() if mode & 0o027] == []
    assert modes[whole.home / "keys" / "hash.key"] == 0o600
