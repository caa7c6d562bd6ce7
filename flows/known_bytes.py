"""Files whose bytes are known: hashed once, then believed while the file system says nothing changed.

Here: the memory of one process, and which states of a file are the same.
Not here: where it is kept between runs (known_files.py), files of the inbox (fingerprints.py).
"""

import hashlib
import os
from collections.abc import Mapping
from io import BufferedReader
from pathlib import Path

Known = tuple[str, int, int]
"""SHA-256, size, and time of contents in ns."""


class KnownBytes:
    """SHA-256 of files by inode: a file keeps it when it is moved, and under every name it is linked by.

    The time of the entry is not looked at: a further name changes it. Whatever is written to a file changes
    its time of contents; who writes to the files of a home within one tick of the clock of a run that has
    just written them is not found out.
    """

    def __init__(self, known: Mapping[int, Known] | None = None) -> None:
        self._known = dict(known or {})

    def __reduce__(self) -> tuple[type["KnownBytes"], tuple[()]]:
        """Start anew in another process: what it sees under these inodes may be other files."""
        return KnownBytes, ()

    def hash(self, path: Path) -> str:
        """Return the SHA-256 of a file, read now unless it is known."""
        stat = path.stat()
        known = self._known.pop(stat.st_ino, None)
        if known is None or known[1:] != _state(stat):
            return self._read(path)
        # Last in the order: it was asked for last.
        self._known[stat.st_ino] = known
        return known[0]

    def is_whole(self, path: Path, sha256: str) -> bool:
        """Return whether the file is there with the bytes it was recorded with.

        Nothing is refused from memory: the file may have been put back since, or the reading was at fault.
        """
        return path.is_file() and (self.hash(path) == sha256 or self._read(path) == sha256)

    def are_whole(self, folder: Path, hashes: Mapping[str, str]) -> bool:
        """Return whether each file is in the folder with the bytes it was recorded with."""
        return all(self.is_whole(folder / name, sha256) for name, sha256 in hashes.items())

    def hash_files(self, folder: Path) -> dict[str, str]:
        """Return the SHA-256 of each Parquet file in a folder, by its name."""
        return {path.name: self.hash(path) for path in sorted(folder.glob("*.parquet"))}

    def _read(self, path: Path) -> str:
        """Hash the bytes as they are now, and remember them if they stayed so meanwhile."""
        with path.open("rb") as handle:
            before = os.fstat(handle.fileno())
            sha256 = hash_bytes(handle)
            after = os.fstat(handle.fileno())
        if _state(before) == _state(after):
            self._known[before.st_ino] = (sha256, *_state(before))
        return sha256

    def latest(self, most: int) -> dict[int, Known]:
        """Return what is known of the files asked for last."""
        return dict(list(self._known.items())[-most:])


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, read now."""
    with path.open("rb") as handle:
        return hash_bytes(handle)


def hash_bytes(handle: BufferedReader) -> str:
    """Return the SHA-256 of what can be read of an open file."""
    return hashlib.file_digest(handle, "sha256").hexdigest()


def _state(stat: os.stat_result) -> tuple[int, int]:
    return stat.st_size, stat.st_mtime_ns
