"""Publish a gated candidate, keep the versions before it, and go back to one of them.

Here: files and their order.  Not here: the gate, or who may publish (flows/ holds the home's lock).

`warehouse/zoufang.duckdb` is a hard link to one of `warehouse/versions/<n>-<batch_id>-<run_id>.duckdb`.
Publishing goes in steps, each of which leaves a state that the next call completes:

1. verify the account, drop the write permission, fsync the candidate        nothing published yet
2. write its hash, rename it to versions/<n>-…, fsync both folders           a version nobody reads yet
3. link that version as .next, rename .next over zoufang.duckdb, fsync       published
4. remove versions beyond the last `keep`                                    tidy

The rename of step 3 is atomic: a reader sees the old file or the new one, never neither, and who holds
the old one open keeps reading it.  The candidate is moved, not linked, so that no later write to a run's
candidate can reach a published file.  The folder has to be on a local file system with hard links.
"""

import hashlib
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from reference.errors import GUIDE, EnvironmentProblem, InputProblem
from warehouse.build import BatchRecord
from warehouse.candidate import verify_account

KEEP = 5
_OTHER_VERSION = (
    f"go back to another version (zoufang history, zoufang rollback), then run the batch again; if there is "
    f"no other, move the published file and this one away and run the batch again ({GUIDE}, A damaged file)"
)
_NAME = re.compile(r"(?P<number>\d+)-(?P<batch_id>ZJ-\d{6}-\d{2})-(?P<run_id>.+)\.duckdb")


@dataclass(frozen=True)
class Version:
    """One kept version of the warehouse; `written_at` is when its file was last written, UTC."""

    number: int
    batch_id: str
    run_id: str
    path: Path
    size_bytes: int
    written_at: datetime
    is_current: bool


def published_file(home: Path) -> Path:
    """Return the path that BI opens."""
    return home / "warehouse" / "zoufang.duckdb"


def publish(candidate: Path, home: Path, record: BatchRecord, keep: int = KEEP) -> Version:
    """Make the candidate the published warehouse and return its version.

    Called again after a crash, with or without the candidate still there, it completes what was begun.
    AccountProblem if the row account does not add up; EnvironmentProblem if there is nothing to publish.
    """
    if candidate.exists():
        seal(candidate)
        store(candidate, home, record)
    version = _newest(home, record)
    switch(version.path, home)
    prune(home, keep)
    return _version(version.path, home)


def history(home: Path) -> list[Version]:
    """Return the kept versions, newest number first."""
    files = (home / "warehouse" / "versions").glob("*.duckdb")
    versions = [_version(path, home) for path in files if _NAME.fullmatch(path.name)]
    return sorted(versions, key=lambda version: -version.number)


def rollback(home: Path, batch_id: str) -> Version:
    """Publish a kept version again: the newest of that batch, or the one of that run if a run_id is given."""
    versions = history(home)
    wanted = [version for version in versions if batch_id in {version.batch_id, version.run_id}]
    if not wanted:
        kept = "\n".join(f"  {v.batch_id}  run {v.run_id}" for v in versions) or "  none"
        raise InputProblem(f"no published version '{batch_id}' is kept; choose one of\n{kept}")
    require_undamaged(wanted[0])
    switch(wanted[0].path, home)
    return _version(wanted[0].path, home)


def require_published_whole(home: Path) -> None:
    """EnvironmentProblem if the published file is not, byte for byte, the version that was published."""
    for version in history(home):
        if version.is_current:
            require_undamaged(version)


def published_sum(home: Path) -> str | None:
    """Return the SHA-256 that the published file was written with; None if that is not known."""
    told = [_sum_path(version.path) for version in history(home) if version.is_current]
    return told[0].read_bytes()[:64].decode("ascii", "replace") if told and told[0].exists() else None


def require_undamaged(version: Version) -> None:
    """EnvironmentProblem if the bytes of a version are not those its `.sha256` tells, as sha256sum has it.

    One process reads them once, as long as the file system says that nothing changed.
    """
    told, facts = _sum_path(version.path), version.path.stat()
    found = _sha256(version.path, (facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino))
    # An older program wrote none.
    if told.exists() and told.read_bytes()[:64] != found.encode():
        raise EnvironmentProblem(
            f"{version.path} is damaged (its bytes are not those of {told.name}); {_OTHER_VERSION}"
        )


def seal(candidate: Path) -> None:
    """Verify the candidate and put it on disk for good; from here on it may only be read."""
    if candidate.with_name(candidate.name + ".wal").exists():
        raise EnvironmentProblem(f"{candidate} was not closed by its writer; run the batch again")
    verify_account(candidate)
    # A client that opens the published file for writing would lock every reader out.
    candidate.chmod(candidate.stat().st_mode & ~0o222)
    _fsync(candidate)


def store(candidate: Path, home: Path, record: BatchRecord) -> None:
    """Move the candidate among the versions, under the next number."""
    versions = home / "warehouse" / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    number = max((version.number for version in history(home)), default=0) + 1
    version = versions / f"{number:04d}-{record.batch_id}-{record.run_id}.duckdb"
    _write_sum(candidate, version)
    candidate.rename(version)
    _fsync(versions)
    _fsync(candidate.parent)


def switch(version: Path, home: Path) -> None:
    """Let the published path name this version, atomically."""
    current = published_file(home)
    following = current.with_name(".next.duckdb")
    following.unlink(missing_ok=True)
    if not (current.exists() and current.samefile(version)):
        following.hardlink_to(version)
        following.replace(current)
    _fsync(current.parent)


def prune(home: Path, keep: int) -> None:
    """Remove versions beyond the newest `keep`; never the published one."""
    for version in history(home)[keep:]:
        if not version.is_current:
            version.path.unlink()
            _sum_path(version.path).unlink(missing_ok=True)


@cache
def _sha256(path: Path, _state: tuple[int, ...]) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _sum_path(version: Path) -> Path:
    return version.with_suffix(".sha256")


def _write_sum(candidate: Path, version: Path) -> None:
    """Write what the version's bytes have to be, before the version is there."""
    path = _sum_path(version)
    with candidate.open("rb") as content, path.open("w", encoding="utf-8") as out:
        out.write(f"{hashlib.file_digest(content, 'sha256').hexdigest()}  {version.name}\n")
        out.flush()
        os.fsync(out.fileno())


def _newest(home: Path, record: BatchRecord) -> Version:
    for version in history(home):
        if (version.batch_id, version.run_id) == (record.batch_id, record.run_id):
            return version
    raise EnvironmentProblem(f"run {record.run_id} left no candidate to publish; run the batch again")


def _version(path: Path, home: Path) -> Version:
    match = _NAME.fullmatch(path.name)
    assert match is not None
    facts, current = path.stat(), published_file(home)
    return Version(
        number=int(match["number"]),
        batch_id=match["batch_id"],
        run_id=match["run_id"],
        path=path,
        size_bytes=facts.st_size,
        written_at=datetime.fromtimestamp(facts.st_mtime, UTC),
        is_current=current.exists() and current.samefile(path),
    )


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
