"""Rows split while they are staged lie as rows split of the staged file: same names, same bytes."""

from datetime import date
from pathlib import Path

import pytest
from ingest_makers import KEY

from flows.fingerprints import read_fingerprint
from flows.home import Home
from flows.ingest import SourceFile, check_inbox, ingest_file
from flows.settings import make_settings
from flows.split import SPLIT, Splitter, split_file
from flows.steps_ingest import ingest_source_file, ingested_before
from simulator.simulate import simulate

AS_OF = date(2025, 3, 31)
SMALL = 40_000
"""Bytes read at a time, so that a file has several parts."""


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small province with every source that is split; not to be written to."""
    folder = tmp_path_factory.mktemp("split")
    simulate(folder, enterprises=2_000, households=200, seed=11, as_of=AS_OF)
    return folder


def _files(inbox: Path) -> list[SourceFile]:
    """The first file of each source that is split, the largest of the register."""
    files = sorted(check_inbox(inbox), key=lambda file: file.path.stat().st_size)
    return list({file.source: file for file in files if file.source in SPLIT}.values())


def _tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*.*")
        if path.is_file()
    }


def test_every_source_lies_in_the_same_bytes_whichever_way_it_was_split(inbox: Path, tmp_path: Path) -> None:
    files = _files(inbox)
    assert {file.source for file in files} >= {"registry", "census", "annual_reports", "judgment_defaulters"}
    parts = {}
    for file in files:
        beside, after = Home(tmp_path / "beside"), Home(tmp_path / "after")
        splitter = Splitter(file.source, beside)
        ingest_file(file, beside.staged, beside.quarantine, hash_key=KEY, chunk_bytes=SMALL, taker=splitter)
        report = ingest_file(file, after.staged, after.quarantine, hash_key=KEY, chunk_bytes=SMALL)
        split = split_file(report, after)
        assert splitter.split is not None
        assert splitter.split.pieces == split.pieces
        assert _tree(beside.root) == _tree(after.root)
        parts[file.source] = len(report.parts)
    assert parts["registry"] > 1


def test_a_run_killed_between_the_two_splits_what_it_had_staged(
    inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = next(file for file in _files(inbox) if file.source == "registry")
    fingerprint = read_fingerprint(file.path)
    whole = make_settings(inbox, tmp_path / "whole", AS_OF)
    monkeypatch.setenv("ZOUFANG_HASH_KEY", "k" * 40)
    first = ingest_source_file(file, fingerprint, whole)

    killed = make_settings(inbox, tmp_path / "killed", AS_OF)
    with monkeypatch.context() as patch:
        patch.setattr(Splitter, "finish", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            ingest_source_file(file, fingerprint, killed)
    assert list(killed.home.staged.glob("registry/file=*/report.json"))
    assert not list(killed.home.split.glob("registry/file=*"))
    assert ingested_before(file, fingerprint, killed) is None

    report, split = ingest_source_file(file, fingerprint, killed)
    assert (report, split and split.pieces) == (first[0], first[1] and first[1].pieces)
    assert _tree(killed.home.root) == _tree(whole.home.root)
    assert ingested_before(file, fingerprint, killed) == (report, split)


def test_what_is_split_and_whole_is_not_split_again(inbox: Path, tmp_path: Path) -> None:
    file = next(file for file in _files(inbox) if file.source == "census")
    home = Home(tmp_path)
    report = ingest_file(file, home.staged, home.quarantine, hash_key=KEY)
    before = split_file(report, home)
    [piece, *_] = (home.split / "census" / f"file={report.key}").glob("*.parquet")
    made = piece.stat().st_ino
    next((home.staged / "census" / f"file={report.key}").glob("part-*")).unlink()
    splitter = Splitter("census", home)
    assert ingest_file(file, home.staged, home.quarantine, hash_key=KEY, taker=splitter) == report
    assert splitter.split == before
    assert piece.stat().st_ino == made
