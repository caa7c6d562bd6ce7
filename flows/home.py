"""The home folder of an installation: where lake, runs, warehouse and dispatch lie.

Here: paths, the lock that keeps two runs apart, what is known of the files.  Not here: what is written there.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from flows.known_bytes import KnownBytes
from reference.errors import EnvironmentProblem


@dataclass(frozen=True)
class Home:
    """Paths under `--home DIR`; the layout is described in docs/architecture.md."""

    root: Path
    known: KnownBytes = field(default_factory=KnownBytes, compare=False, repr=False)
    """Hashes of its files, as far as they were read before; a run remembers them (known_files.py)."""

    @property
    def staged(self) -> Path:
        """Typed Parquet of every ingested file, content-addressed."""
        return self.root / "lake" / "staged"

    @property
    def split(self) -> Path:
        """Staged rows by where they belong, content-addressed like `staged` (split.py)."""
        return self.root / "lake" / "split"

    @property
    def quarantine(self) -> Path:
        """Rows that could not be typed, with their reasons, content-addressed like `staged`."""
        return self.root / "lake" / "quarantine"

    @property
    def ledger(self) -> Path:
        """Every file of visits and bank feeds that ever came back, content-addressed."""
        return self.root / "lake" / "ledger"

    @property
    def hash_key(self) -> Path:
        """This home's own key for hashing personal numbers, where the environment gives none."""
        return self.root / "keys" / "hash.key"

    @property
    def dispatch(self) -> Path:
        """Workbooks for the townships, and what went back to them, by batch."""
        return self.root / "dispatch"

    @property
    def batches(self) -> Path:
        """One pointer file per published batch: which run's curated files are the truth."""
        return self.root / "lake" / "batches"

    @property
    def steps(self) -> Path:
        """One small file per step ever made: of which inputs, and by which run (manifest.py)."""
        return self.root / "lake" / "steps"

    @property
    def runs(self) -> Path:
        """One folder per run: intermediates, step manifests, gate results, report."""
        return self.root / "runs"

    @property
    def failures(self) -> Path:
        """One report per scheduled run that failed: what, where, what to do."""
        return self.root / "failures"

    def curated(self, table: str, as_of: date, city: str, run_id: str) -> Path:
        """Return the immutable file of one curated table, batch date, city and run."""
        partition = self.root / "lake" / "curated" / table / f"as_of={as_of}" / f"city={city}"
        return partition / f"{run_id}.parquet"

    def run(self, run_id: str) -> Path:
        """Return the folder of one run."""
        return self.runs / run_id

    def require_free(self) -> None:
        """Raise EnvironmentProblem if another process writes here now; a run still takes the lock itself."""
        with self.locked():
            pass

    @contextmanager
    def locked(self, patience: float = 0) -> Iterator[None]:
        """Hold the home's only writer lock; the kernel frees it when the process dies.

        Whoever holds it is waited for as many seconds as `patience` says; then EnvironmentProblem.
        """
        keep_others_out()
        self.runs.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.runs / ".lock", os.O_CREAT | os.O_RDWR, 0o640)
        try:
            if not _taken(handle, time.monotonic() + patience):
                raise EnvironmentProblem(
                    f"another run is writing to {self.root}; wait for it to end, then start again"
                )
            yield
        finally:
            os.close(handle)


def keep_others_out() -> None:
    """From here on the process writes files of 0640 and folders of 0750 at most; a stricter umask stays.

    Here, since whoever writes to a home holds its lock.
    """
    os.umask(os.umask(0o077) | 0o027)


def _taken(handle: int, deadline: float) -> bool:
    """Take the lock, asking again every second until the deadline."""
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(1)
        else:
            return True
