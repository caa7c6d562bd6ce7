"""Fingerprints of inbox files: the SHA-256 of each, read again only where the file may have changed.

Here: `lake/fingerprints.json`, per path what the file system said when the bytes were read.
Not here: what follows from a fingerprint (identity.py, ingest.py).
"""

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from flows.home import Home
from flows.known_bytes import hash_file
from flows.manifest import read_sealed, write_sealed
from reference.errors import InputProblem

SETTLED_NS = 2_000_000_000
"""A file written less than this before it was read may be written again within one tick of its clock."""

_NEVER = (0, 0, 0)
"""In place of times and inode of a file that is read again the next time: no file has these."""

FileState = tuple[int, int, int, int]
"""Size, times of contents and of the entry in ns, inode."""


@dataclass(frozen=True)
class Fingerprint:
    """One file as it was read: path, SHA-256, and size, times and inode by which a change shows."""

    path: Path
    sha256: str
    state: FileState

    def require_unchanged(self, name: str) -> None:
        """Raise InputProblem if the file is no longer the one that was read."""
        if file_state(self.path) != self.state:
            raise InputProblem(
                f"{name}: the file changed while the run was reading it; let the copy end, then run again"
            )


def take_fingerprints(home: Home, paths: Sequence[Path]) -> list[Fingerprint]:
    """Return one fingerprint per path, in order; bytes are read where size, times or inode differ."""
    kept = _kept(home)
    known = _read(kept)
    as_known = [_as_known(path, known.get(str(path))) for path in paths]
    # Hashing lets go of Python's lock: one a core keeps all busy, and leaves the start of a run its share.
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        others = threads.map(
            read_fingerprint, [path for path, one in zip(paths, as_known, strict=True) if not one]
        )
        found = [one or next(others) for one in as_known]
    now = time.time_ns()
    entries = {
        str(one.path): [one.sha256, *(one.state if is_settled(one, now) else (one.state[0], *_NEVER))]
        for one in found
    }
    if entries != known:
        write_sealed(kept, {"files": entries}, durable=False)
    return found


def read_fingerprint(path: Path) -> Fingerprint:
    """Return the fingerprint of a file whose bytes are read now."""
    state = file_state(path)
    fingerprint = Fingerprint(path, hash_file(path), state)
    fingerprint.require_unchanged(str(path))
    return fingerprint


def is_settled(one: Fingerprint, now: int) -> bool:
    """Return whether a file was last changed so long before a time in ns that its state tells its bytes."""
    return max(one.state[1:3]) + SETTLED_NS < now


def differ(home: Home, paths: Sequence[Path]) -> bool:
    """Return whether files came or went since fingerprints were last taken, or one is of another size.

    Reads none. Where times alone differ the bytes may be the same: only a fingerprint tells.
    """
    sizes = {path: entry[1] for path, entry in _read(_kept(home)).items()}
    return sizes != {str(path): path.stat().st_size for path in paths}


def _as_known(path: Path, known: list[object] | None) -> Fingerprint | None:
    """Return the fingerprint that was kept, if the file is as it was then."""
    state = file_state(path)
    return Fingerprint(path, str(known[0]), state) if known and tuple(known[1:]) == state else None


def file_state(path: Path) -> FileState:
    """Return what the file system says of a file; whatever changes its bytes changes this."""
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino


def _kept(home: Home) -> Path:
    return home.root / "lake" / "fingerprints.json"


def _read(kept: Path) -> dict[str, list[object]]:
    known: dict[str, list[object]] = (read_sealed(kept) or {"files": {}})["files"]
    return known
