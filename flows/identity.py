"""What a run is called, and whether the run of that name is published already.

Here: the name that follows from inputs, parameters, code and rules; light to import, so that a run with
nothing to do ends before Prefect, which takes seconds, is loaded.
Not here: doing the run (run.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from flows.batches import follow_warehouse, read_pointers
from flows.fingerprints import Fingerprint, take_fingerprints
from flows.home import Home
from flows.inbox_files import inbox_files
from flows.kept_files import damaged_files
from flows.manifest import combine, read_sealed
from flows.settings import Settings, Versions, find_versions
from flows.steps_feedback import returned_evidence
from warehouse.publish import published_file, require_published_whole

SUMMARY = "summary.json"


@dataclass(frozen=True)
class Identity:
    """The run that parameters and inputs amount to."""

    run_id: str
    versions: Versions
    fingerprints: Mapping[str, Fingerprint]
    """By path relative to the inbox."""
    returned: Mapping[str, pl.DataFrame]
    """What came back on earlier lists, by file name: see `returned_evidence`."""

    @property
    def returned_sha256(self) -> str:
        """Return one hash for what came back."""
        return combine(_told(self.returned))


def identify(settings: Settings) -> Identity:
    """Return the run that settings and inbox, as it stands, amount to. The caller holds the home's lock."""
    follow_warehouse(settings.home)
    paths = inbox_files(settings.inbox)
    names = [path.relative_to(settings.inbox).as_posix() for path in paths]
    prints = dict(zip(names, take_fingerprints(settings.home, paths), strict=True))
    returned = returned_evidence(settings.home, read_pointers(settings.home), settings.as_of)
    hashes = [f"{name} {one.sha256}" for name, one in prints.items()]
    versions = find_versions(combine([*hashes, *_told(returned)]), settings.rules)
    return Identity(versions.run_id(settings), versions, prints, returned)


def finished_before(home: Home, run_id: str) -> dict[str, Any] | None:
    """Return the summary of a run that is the published one of its date: same inputs, all still whole."""
    published = {pointer.record.run_id for pointer in read_pointers(home)}
    path = home.run(run_id) / SUMMARY
    if run_id not in published or not published_file(home.root).exists():
        return None
    # What was damaged since is made again.
    return None if next(damaged_files(home, run_id), None) else read_sealed(path)


def nothing_to_do(settings: Settings) -> dict[str, Any] | None:
    """Return the summary of the published run that these settings and this inbox would give again, if any."""
    if not published_file(settings.home.root).exists():
        return None
    with settings.home.locked():
        return finished_before(settings.home, identify(settings).run_id)


def read_inbox(settings: Settings) -> None:
    """Read what changed in the inbox, and the published warehouse, ahead of a run, which finds them known."""
    with settings.home.locked():
        take_fingerprints(settings.home, inbox_files(settings.inbox))
        require_published_whole(settings.home.root)


def _told(returned: Mapping[str, pl.DataFrame]) -> list[str]:
    return [f"{file} {row}" for file, frame in returned.items() for row in frame.iter_rows()]
