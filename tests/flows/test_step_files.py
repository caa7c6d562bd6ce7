"""Frames written in turn are one file, whole or not there, and a stretch never loses a subject."""

import errno
from pathlib import Path

import polars as pl
import pytest

from flows import step_files
from flows.step_files import TurnWriter, stretches


def frame(first: int, count: int) -> pl.DataFrame:
    return pl.DataFrame({"subject_key": [f"{n:05}" for n in range(first, first + count)]})


def test_frames_follow_one_another_in_one_file(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "one.parquet"
    with TurnWriter(path) as out:
        for first in range(0, 50, 10):
            out.put(frame(first, 10))
        assert not path.exists()
    assert pl.read_parquet(path).equals(frame(0, 50))
    assert [file.name for file in path.parent.iterdir()] == ["one.parquet"]


def test_a_fault_while_frames_are_made_leaves_what_stood_there(tmp_path: Path) -> None:
    path = tmp_path / "one.parquet"
    path.write_bytes(b"before")

    def stopped() -> None:
        with TurnWriter(path) as out:
            out.put(frame(0, 10))
            raise KeyError("made no further")

    with pytest.raises(KeyError):
        stopped()
    assert path.read_bytes() == b"before"
    assert [file.name for file in tmp_path.iterdir()] == ["one.parquet"]


def test_a_full_disk_ends_whoever_has_more_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def written() -> None:
        with TurnWriter(tmp_path / "one.parquet") as out:
            for first in range(0, 50, 10):
                out.put(frame(first, 10))

    monkeypatch.setattr(pl.LazyFrame, "sink_parquet", full)
    with pytest.raises(OSError, match="No space left"):
        written()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("rows", [0, 1, 7, 20])
def test_every_subject_is_in_one_stretch(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_files, "PART_ROWS", 7)
    subjects = frame(0, rows).sample(fraction=1, shuffle=True, seed=1).lazy()
    parts = [within(subjects).collect() for within in stretches(subjects)]
    assert pl.concat(parts).sort("subject_key").equals(frame(0, rows))
    assert all(part.height <= 7 for part in parts)
