"""First step of a run: inbox files to staged Parquet, each split by where its rows belong.

Here: which files are taken together, where what was made of them lies.
Not here: the ingest of one file (ingest.py), the split (split.py).
"""

from collections.abc import Sequence
from pathlib import Path

from flows.fingerprints import Fingerprint
from flows.hash_key import hash_key
from flows.ingest import FileReport, SourceFile, file_key, finished_file, ingest_file
from flows.settings import Settings, code_version
from flows.split import SPLIT, Split, Splitter, split_before, split_file

Found = tuple[SourceFile, Fingerprint]
Staged = tuple[FileReport, Split | None]
GROUP_BYTES = 16_000_000
"""Files of one task: starting a task costs as much as reading a megabyte."""


def in_groups(files: Sequence[Found]) -> list[list[Found]]:
    """Return the files in groups of neighbours, none much larger than GROUP_BYTES unless one file is."""
    groups: list[list[Found]] = []
    room = 0
    for file, fingerprint in files:
        size = fingerprint.state[0]
        if not groups or size > room:
            groups.append([])
            room = GROUP_BYTES
        groups[-1].append((file, fingerprint))
        room -= size
    return groups


def ingest_source_file(file: SourceFile, fingerprint: Fingerprint, settings: Settings) -> Staged:
    """Stage and split one inbox file; what the same code made of the same file is reused."""
    home = settings.home
    splitter = Splitter(file.source, home) if file.source in SPLIT else None
    report = ingest_file(
        file, home.staged, home.quarantine,
        code_version=code_version(), hash_key=hash_key(home), known=fingerprint, taker=splitter,
        memory=home.known,
    )  # fmt: skip
    return report, (splitter.split or split_file(report, home)) if splitter else None


def ingested_before(file: SourceFile, fingerprint: Fingerprint, settings: Settings) -> Staged | None:
    """Return what the same code made of the same file, if it is there and whole."""
    home = settings.home
    key = file_key(file, fingerprint.sha256, code_version(), hash_key(home))
    report = finished_file(file.source, key, (home.staged, home.quarantine), home.known)
    if report is None or file.source not in SPLIT:
        return None if report is None else (report, None)
    split = split_before(report, home)
    return None if split is None else (report, split)


def staged_files(reports: Sequence[FileReport], source: str, settings: Settings) -> list[Path]:
    """Return the staged Parquet files of a source in this run."""
    folders = [settings.home.staged / source / f"file={r.key}" for r in reports if r.source == source]
    return [path for folder in folders for path in sorted(folder.glob("part-*.parquet"))]


def quarantine_files(reports: Sequence[FileReport], source: str, settings: Settings) -> list[Path]:
    """Return the quarantine files of a source in this run."""
    folders = [settings.home.quarantine / source / f"file={r.key}" for r in reports if r.source == source]
    return [path for folder in folders for path in sorted(folder.glob("part-*.parquet"))]
