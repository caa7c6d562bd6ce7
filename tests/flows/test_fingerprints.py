import os
from pathlib import Path

import pytest

from flows import fingerprints
from flows.fingerprints import take_fingerprints
from flows.home import Home
from flows.known_bytes import hash_file


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as settled at once: else a test had to wait for two seconds."""
    monkeypatch.setattr(fingerprints, "SETTLED_NS", -1)


def read_again(monkeypatch: pytest.MonkeyPatch, home: Home, path: Path) -> bool:
    """Take the fingerprint, check it, and return whether the bytes were read for it."""
    read: list[Path] = []
    with monkeypatch.context() as patch:
        patch.setattr(fingerprints, "hash_file", lambda file: read.append(file) or hash_file(file))
        [found] = take_fingerprints(home, [path])
    assert found.sha256 == hash_file(path)
    return bool(read)


def test_bytes_are_read_again_only_where_they_may_have_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settled: None
) -> None:
    home, path = Home(tmp_path / "home"), tmp_path / "file.csv"
    path.write_text("one")
    assert read_again(monkeypatch, home, path)
    assert not read_again(monkeypatch, home, path)
    stat = path.stat()
    path.write_text("two")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert path.stat().st_mtime_ns == stat.st_mtime_ns
    assert read_again(monkeypatch, home, path), "same size, same time of change, other bytes"
    kept = home.root / "lake" / "fingerprints.json"
    kept.write_text("{ half")
    assert read_again(monkeypatch, home, path)
    assert not read_again(monkeypatch, home, path)
    sha256 = hash_file(path)
    kept.write_text(kept.read_text().replace(sha256, sha256[::-1]))
    assert read_again(monkeypatch, home, path), "another hash, in a file that is JSON still"


def test_a_file_written_just_now_is_not_trusted_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, path = Home(tmp_path / "home"), tmp_path / "file.csv"
    path.write_text("one")
    assert read_again(monkeypatch, home, path)
    assert read_again(monkeypatch, home, path)
