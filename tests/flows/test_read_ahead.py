import os
from pathlib import Path

import pytest

from flows.read_ahead import read_ahead


def test_the_system_is_asked_for_each_file_and_one_that_is_gone_is_no_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int]] = []

    def advise(handle: int, start: int, length: int, what: int) -> None:
        asked.append((str(Path(f"/proc/self/fd/{handle}").readlink()), what))

    monkeypatch.setattr(os, "posix_fadvise", advise)
    paths = [tmp_path / name for name in ("a", "gone", "b")]
    for path in (paths[0], paths[2]):
        path.write_bytes(b"rows")
    read_ahead(paths).join()
    assert asked == [(str(path), os.POSIX_FADV_WILLNEED) for path in (paths[0], paths[2])]
    monkeypatch.delattr(os, "posix_fadvise")
    read_ahead(paths).join()
    assert len(asked) == 2, "a system that cannot be asked is not"
