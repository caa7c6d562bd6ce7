import os
from pathlib import Path

import pytest

from flows.read_ahead import read_ahead


def test_the_system_is_asked_for_each_file_and_one_that_is_gone_is_no_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int, int]] = []

    def advise(handle: int, start: int, length: int, what: int) -> None:
        assert what == os.POSIX_FADV_WILLNEED
        assert length <= 1 << 20, "of more Linux reads the beginning alone"
        asked.append((Path(f"/proc/self/fd/{handle}").readlink().name, start, length))

    monkeypatch.setattr(os, "posix_fadvise", advise)
    paths = [tmp_path / name for name in ("a", "gone", "b")]
    paths[0].write_bytes(b"rows")
    paths[2].write_bytes(bytes(3_000_000))
    read_ahead(paths).join()
    assert {name for name, *_ in asked} == {"a", "b"}
    ends = [0, *(start + length for name, start, length in asked if name == "b")]
    assert [start for name, start, _ in asked if name == "b"] == ends[:-1]
    assert ends[-1] >= 3_000_000
    monkeypatch.delattr(os, "posix_fadvise")
    asked.clear()
    read_ahead(paths).join()
    assert asked == [], "a system that cannot be asked is not"
