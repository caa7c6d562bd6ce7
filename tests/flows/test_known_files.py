import os
import pickle
from io import BufferedReader
from pathlib import Path

import pytest

from flows import known_bytes, known_files
from flows.home import Home
from flows.known_bytes import hash_bytes, hash_file
from flows.known_files import remembering

Reads = list[Path]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    """Every path that is read to be hashed."""
    read: Reads = []

    def reading(handle: BufferedReader) -> str:
        read.append(Path(handle.name))
        return hash_bytes(handle)

    monkeypatch.setattr(known_bytes, "hash_bytes", reading)
    return read


@pytest.fixture
def boot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in for the file by which the kernel names the time since it started."""
    told = tmp_path / "boot_id"
    told.write_text("first\n")
    monkeypatch.setattr(known_files, "BOOT_ID", told)
    return told


def part(tmp_path: Path) -> Path:
    path = tmp_path / "home" / "lake" / "part.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"some rows")
    return path


def is_known(tmp_path: Path, path: Path, reads: Reads) -> bool:
    """Whether a new run knows the file to be whole without a look into it."""
    before = len(reads)
    with remembering(Home(tmp_path / "home")) as home:
        home.known.hash(path)
    return len(reads) == before


def test_a_file_is_read_once_however_often_it_is_asked_for_moved_and_linked(
    tmp_path: Path, reads: Reads, boot: Path
) -> None:
    path = part(tmp_path)
    with remembering(Home(tmp_path / "home")) as home:
        known = home.known.hash(path)
        moved = path.rename(path.with_name("moved.parquet"))
        os.link(moved, linked := path.with_name("linked.parquet"))
        assert home.known.is_whole(moved, known)
        assert home.known.is_whole(linked, known)
    assert is_known(tmp_path, linked, reads)
    assert reads == [path]


def test_a_file_replaced_as_it_is_opened_is_known_by_its_own_inode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, known = part(tmp_path), known_bytes.KnownBytes()
    os.link(path, linked := path.with_name("linked.parquet"))
    (other := path.with_name("other.parquet")).write_bytes(b"same size")
    real = Path.open

    def late(self: Path, *mode: str) -> object:
        other.replace(path)
        return real(self, *mode)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", late)
        known.hash(path)
    assert known.hash(linked) == hash_file(linked)
    assert known.hash(path) == hash_file(path)


def test_nothing_is_refused_from_memory(tmp_path: Path, reads: Reads, boot: Path) -> None:
    """A file that was found spoilt is put back, by a backup that keeps inode and times."""
    path = part(tmp_path)
    whole, times = hash_file(path), (0, path.stat().st_mtime_ns)
    path.write_bytes(b"sOme rows")
    os.utime(path, ns=times)
    with remembering(Home(tmp_path / "home")) as home:
        assert not home.known.is_whole(path, whole)
    path.write_bytes(b"some rows")
    os.utime(path, ns=times)
    with remembering(Home(tmp_path / "home")) as home:
        assert home.known.is_whole(path, whole)


def test_a_file_that_changes_while_it_is_read_is_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, known = part(tmp_path), known_bytes.KnownBytes()

    def slow(handle: BufferedReader) -> str:
        told = hash_bytes(handle)
        path.write_bytes(b"more rows than before")
        return told

    with monkeypatch.context() as patch:
        patch.setattr(known_bytes, "hash_bytes", slow)
        known.hash(path)
    assert known.hash(path) == hash_file(path)


@pytest.mark.parametrize("change", ["bytes", "replaced", "shorter"])
def test_a_changed_file_is_read_again(tmp_path: Path, reads: Reads, boot: Path, change: str) -> None:
    path = part(tmp_path)
    with remembering(Home(tmp_path / "home")) as home:
        known = home.known.hash(path)
    if change == "replaced":  # by another file of the same size and times, as a backup puts one back
        other = path.with_name("other.parquet")
        other.write_bytes(b"same rows"[: path.stat().st_size])
        os.utime(other, ns=(0, path.stat().st_mtime_ns))
        other.replace(path)
    else:
        path.write_bytes(b"Some rows" if change == "bytes" else b"some")
        os.utime(path, ns=(0, path.stat().st_mtime_ns + 4_000_000))
    with remembering(Home(tmp_path / "home")) as home:
        assert not home.known.is_whole(path, known)
    assert path in reads[1:]


def test_nothing_is_believed_once_the_machine_has_started_anew(
    tmp_path: Path, reads: Reads, boot: Path
) -> None:
    """A power cut leaves pages that were never written, under sizes and times that say they were."""
    path = part(tmp_path)
    assert not is_known(tmp_path, path, reads)
    assert is_known(tmp_path, path, reads)
    boot.write_text("second\n")
    assert not is_known(tmp_path, path, reads)
    boot.unlink()
    assert not is_known(tmp_path, path, reads), "nobody can tell whether the machine has started anew"


def test_what_is_known_is_kept_when_the_run_fails_and_not_if_the_record_is_damaged(
    tmp_path: Path, reads: Reads, boot: Path
) -> None:
    path = part(tmp_path)

    def fail() -> None:
        with remembering(Home(tmp_path / "home")) as home:
            home.known.hash(path)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert is_known(tmp_path, path, reads)
    kept = tmp_path / "home" / "lake" / "known.json"
    kept.write_bytes(kept.read_bytes().replace(b"first", b"other"))
    assert not is_known(tmp_path, path, reads)


def test_only_the_files_asked_for_last_are_remembered(
    tmp_path: Path, reads: Reads, boot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_files, "MOST", 2)
    path = part(tmp_path)
    paths = [path.with_name(f"{n}.parquet") for n in range(3)]
    for n, one in enumerate(paths):
        one.write_bytes(bytes([n]))
    with remembering(Home(tmp_path / "home")) as home:
        for one in [*paths, paths[0]]:
            home.known.hash(one)
    assert not is_known(tmp_path, paths[1], reads)


def test_nothing_is_written_where_nothing_was_learned(tmp_path: Path, reads: Reads, boot: Path) -> None:
    with remembering(Home(tmp_path / "home")):
        pass
    assert not (tmp_path / "home").exists()
    path = part(tmp_path)
    assert not is_known(tmp_path, path, reads)
    kept = path.with_name("known.json")
    os.utime(kept, ns=(0, 0))
    assert is_known(tmp_path, path, reads)
    assert kept.stat().st_mtime_ns == 0


def test_a_record_that_cannot_be_read_or_written_only_costs_time(
    tmp_path: Path, reads: Reads, boot: Path
) -> None:
    path = part(tmp_path)
    path.with_name("known.json").mkdir()
    assert not is_known(tmp_path, path, reads)
    assert not is_known(tmp_path, path, reads)


def test_another_process_starts_without_what_is_known_here(tmp_path: Path, reads: Reads) -> None:
    path = part(tmp_path)
    home = Home(tmp_path / "home")
    home.known.hash(path)
    there = pickle.loads(pickle.dumps(home))
    assert there == home
    there.known.hash(path)
    assert reads == [path, path]
