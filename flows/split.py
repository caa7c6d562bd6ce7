"""Staged files split by where their rows belong, before any two files are looked at together.

Here: `lake/split/<source>/file=<key>/`, content-addressed like the staged file it comes of, so that a file
that did not change is never split again.  The register: its rows in the columns of `subjects`, by register
city.  The census: its rows as link.unit_rows tells them, by the city where the unit works.  Other sources
about firms: the staged rows by the city that gave their code (evidence.code_bucket).
Not here: which row counts (steps_register.py, steps_evidence.py).
"""

import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from flows.home import Home
from flows.ingest import FileReport
from flows.known_bytes import KnownBytes
from flows.manifest import Artifact, read_sealed, write_sealed
from reference.register import load_register_codes
from transforms.conform import conform_rows
from transforms.dated_lists import DATED_SOURCES
from transforms.evidence import code_bucket, is_firm_case, with_common_buckets
from transforms.identifiers import is_valid_uscc
from transforms.link import unit_rows

ROUTED = (
    "annual_reports", "abnormal_list", "serious_violations", "judgment_defaulters", "customs", "tech_lists",
    "false_registrations", "overrides", *DATED_SOURCES,
)  # fmt: skip
"""The sources whose rows speak of one firm by its code."""
SPLIT = ("registry", "census", *ROUTED)
INDEX = "split.json"
SORTED = {"registry": ["subject_key", "row_no"]}
"""Sources whose pieces are sorted, and by what: whoever wants a stretch of keys reads a few row groups."""
ROW_GROUP = 8192
Hashes = dict[str, dict[str, str]]
"""Of the pieces of one file: by bucket and by name."""


@dataclass(frozen=True)
class Split:
    """The pieces of one staged file, by bucket, under the home folder `root`."""

    source: str
    pieces: Mapping[str, tuple[Artifact, ...]]
    root: Path


class Splitter:
    """Splits one file while it is staged, of the rows in memory; a `PartTaker` of flows/ingest.py.

    What it makes is what `split_file` makes of the staged parts. `split` is None until all is done: also
    where a killed run, or one whose file was staged before, never begins.
    """

    def __init__(self, source: str, home: Home) -> None:
        self._source, self._home = source, home
        self._pieces: _Pieces | None = None
        self.split: Split | None = None

    def begin(self, key: str) -> None:
        """Make ready for the parts of the file of this key; what was split before and is whole stays."""
        folder = _folder(self._home, self._source, key)
        hashes = _recorded(folder, self._home)
        self.split = _split(self._source, folder, hashes, self._home) if hashes is not None else None
        self._pieces = None if self.split else _Pieces(self._source, folder, self._home.known)

    def add(self, part: pl.DataFrame) -> None:
        """Write the pieces of the next part."""
        if self._pieces:
            self._pieces.add(part)

    def finish(self) -> None:
        """Put the pieces in their place."""
        if self._pieces:
            self.split = _split(self._source, self._pieces.folder, self._pieces.put(), self._home)


def split_file(report: FileReport, home: Home) -> Split:
    """Split one staged file, part by part; one split before is returned as it is, while it is whole."""
    if (before := split_before(report, home)) is not None:
        return before
    pieces = _Pieces(report.source, _folder(home, report.source, report.key), home.known)
    staged = home.staged / report.source / f"file={report.key}"
    for part in report.parts:
        pieces.add(pl.read_parquet(staged / part))
    return _split(report.source, pieces.folder, pieces.put(), home)


def split_before(report: FileReport, home: Home) -> Split | None:
    """Return a file's split if it was split before and every piece is whole."""
    folder = _folder(home, report.source, report.key)
    hashes = _recorded(folder, home)
    return None if hashes is None else _split(report.source, folder, hashes, home)


def chosen(splits: Sequence[Split], sources: Collection[str], bucket: str | None = None) -> list[Split]:
    """Return the pieces of some sources, of one bucket or of all, and nothing else."""
    of = [split for split in splits if split.source in sources]
    if bucket is None:
        return of
    return [replace(s, pieces={bucket: s.pieces[bucket]}) for s in of if bucket in s.pieces]


def pieces(splits: Sequence[Split], source: str, bucket: str) -> list[Path]:
    """Return the files of one bucket of a source."""
    own = [split for split in splits if split.source == source]
    return [split.root / piece.path for split in own for piece in split.pieces.get(bucket, ())]


def buckets_of(splits: Sequence[Split]) -> list[str]:
    """Return every bucket that any of the files has rows of."""
    return sorted({bucket for split in splits for bucket in split.pieces})


class _Pieces:
    """The pieces of one file while they are written, beside the folder they will lie in."""

    def __init__(self, source: str, folder: Path, memory: KnownBytes) -> None:
        self.folder, self._memory = folder, memory
        self._source, self._draft = source, folder.with_name(f".{folder.name}.tmp")
        self._parts = 0
        self._names: dict[str, list[str]] = {}
        shutil.rmtree(self._draft, ignore_errors=True)
        self._draft.mkdir(parents=True)

    def add(self, part: pl.DataFrame) -> None:
        """Write the pieces of the next part."""
        order = SORTED.get(self._source, [])
        # Many joins to small lists: the streaming engine takes twice the time for a frame of this size.
        rows = _bucketed(part.lazy(), self._source).collect(engine="in-memory")
        if not order and not rows["row_no"].is_sorted():
            # Joins keep no order; steps go by the bytes of a piece, and made anew it has to have the same.
            rows = rows.sort("row_no")
        for (bucket,), piece in rows.partition_by("_bucket", as_dict=True, include_key=False).items():
            name = f"{bucket}-{self._parts:05}.parquet"
            written = piece.sort(order) if order else piece
            # Bounds of columns help only who looks for a stretch of keys, and are a fifth of the writing.
            written.write_parquet(
                self._draft / name, compression="zstd", compression_level=1,
                row_group_size=ROW_GROUP if order else None, statistics=bool(order),
            )  # fmt: skip
            self._names.setdefault(str(bucket), []).append(name)
        self._parts += 1

    def put(self) -> Hashes:
        """Put the pieces in their place, all at once, and return their hashes."""
        known, draft = self._memory, self._draft
        hashes = {b: {name: known.hash(draft / name) for name in of} for b, of in self._names.items()}
        write_sealed(self._draft / INDEX, {"pieces": hashes}, durable=False)
        shutil.rmtree(self.folder, ignore_errors=True)
        self._draft.rename(self.folder)
        return hashes


def _folder(home: Home, source: str, key: str) -> Path:
    return home.split / source / f"file={key}"


def _recorded(folder: Path, home: Home) -> Hashes | None:
    """Return the hashes of the pieces in a folder; None if it is not there or a piece is not whole."""
    hashes: Hashes | None = (read_sealed(folder / INDEX) or {}).get("pieces")
    is_whole = hashes is not None and all(home.known.are_whole(folder, of) for of in hashes.values())
    return hashes if is_whole else None


def _split(source: str, folder: Path, hashes: Hashes, home: Home) -> Split:
    within = folder.relative_to(home.root).as_posix()
    pieces = {
        bucket: tuple(Artifact(f"{within}/{name}", sha256) for name, sha256 in of.items())
        for bucket, of in hashes.items()
    }
    return Split(source, pieces, home.root)


def _bucketed(staged: pl.LazyFrame, source: str) -> pl.LazyFrame:
    """The rows that go on, in the columns they go on with, and `_bucket`."""
    if source == "registry":
        return conform_rows(staged, load_register_codes()).with_columns(_bucket="register_city_code")
    if source == "census":
        units = unit_rows(staged, load_register_codes())
        return with_common_buckets(units.with_columns(_bucket=pl.col("loc_county_code").str.slice(0, 4)))
    firms = staged.filter(is_firm_case()) if source == "judgment_defaulters" else staged
    return with_common_buckets(
        firms.with_columns(_bucket=code_bucket(pl.col("uscc"), is_valid_uscc(pl.col("uscc"))))
    )
