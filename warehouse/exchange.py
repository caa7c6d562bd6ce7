"""What stays of the warehouse before: all rows of cities whose curated files are the same.

Here: what a file was loaded of; which of its rows go and which files come for another list of batches.
Not here: loading (build.py), keeping what a file was loaded of (flows/built.py).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from warehouse.build import BatchFiles, Exchange
from warehouse.read import opened

MOST_GONE = 0.5
"""Share of the warehouse before, by size of its curated files: beyond, building anew is as quick."""
MOST_FREE = 0.3
"""Free blocks of a file by used ones: what went left them, and only building anew gives them back.

Rows that went out of a row group of which others stay do not count: DuckDB keeps at most a few such.
"""
FREE_ANYHOW = 64
"""So many free blocks, 16 MB, are nobody's trouble."""
Digest = Callable[[Path], str]
Content = tuple[str, str, str]
"""What is in a city's enterprises, rule_hits and visit_targets."""


@dataclass(frozen=True)
class Loaded:
    """A batch as it was loaded: by what was in each city's files, where its enterprises lay and their bytes.

    Two cities of one content can only be such without a firm.
    """

    batch_id: str
    as_of: date
    cities: tuple[str, ...]
    pieces: Mapping[Content, tuple[Path, int]]


def as_loaded(batch: BatchFiles, digest: Digest) -> Loaded:
    """Return what is loaded with a batch; its files come city by city, each table's in one order.

    `digest`: names the content of a file.
    """
    pieces = {
        (digest(firms), digest(hits), digest(targets)): (firms, firms.stat().st_size)
        for firms, hits, targets in zip(batch.enterprises, batch.rule_hits, batch.visit_targets, strict=True)
    }
    return Loaded(batch.record.batch_id, batch.record.as_of, batch.record.cities, pieces)


def plan_exchange(
    file: Path, before: Sequence[Loaded], batches: Sequence[BatchFiles], digest: Digest
) -> Exchange | None:
    """Return how the warehouse `file`, loaded with `before`, becomes the one of `batches`.

    None if it is to be built anew: most of it would go, it has grown, or a file whose firms would go is not
    the one that was loaded any more.
    """
    after = [as_loaded(batch, digest) for batch in batches]
    stays = _staying(before, after)
    gone = {one.batch_id: _without(one, stays) for one in before}
    come = {one.batch_id: _without(one, stays) for one in after}
    is_little = _size(gone.values()) <= MOST_GONE * _size(one.pieces for one in before)
    if not is_little or not _are_there(gone.values(), digest) or _has_grown(file):
        return None
    is_same = _covered(before) == _covered(after) and not any(gone.values()) and not any(come.values())
    is_one = len(before) == len(after) == 1 and before[0].as_of == after[0].as_of
    return Exchange(
        file,
        {name: tuple(firms for firms, _ in pieces.values()) for name, pieces in gone.items() if pieces},
        {batch.record.batch_id: _only(batch, come[batch.record.batch_id], digest) for batch in batches},
        firms_anew=not (is_same or is_one),
    )


_Pieces = Mapping[Content, tuple[Path, int]]


def _staying(before: Sequence[Loaded], after: Sequence[Loaded]) -> dict[str, set[Content]]:
    """Return by batch the contents that stay.

    A list tells since when each firm has been on one, so none stays after a batch that is another now.
    """
    old = {one.batch_id: one.pieces for one in before}
    stays, is_same = dict[str, set[Content]](), old.keys() <= {one.batch_id for one in after}
    for one in sorted(after, key=lambda batch: batch.as_of):
        then = old.get(one.batch_id, {})
        stays[one.batch_id] = set(then.keys() & one.pieces.keys()) if is_same else set()
        is_same = is_same and then.keys() == one.pieces.keys()
    return stays


def _without(batch: Loaded, stays: Mapping[str, set[Content]]) -> _Pieces:
    kept = stays.get(batch.batch_id, set())
    return {content: piece for content, piece in batch.pieces.items() if content not in kept}


def _only(batch: BatchFiles, come: _Pieces, digest: Digest) -> BatchFiles:
    """The batch with just the files of the cities that come."""
    cities = zip(batch.enterprises, batch.rule_hits, batch.visit_targets, strict=True)
    chosen = [files for files in cities if tuple(map(digest, files)) in come]
    firms, hits, targets = (tuple(files[number] for files in chosen) for number in range(3))
    return replace(batch, enterprises=firms, rule_hits=hits, visit_targets=targets)


def _are_there(gone: Iterable[_Pieces], digest: Digest) -> bool:
    return all(
        firms.exists() and digest(firms) == content[0]
        for pieces in gone
        for content, (firms, _) in pieces.items()
    )


def _has_grown(file: Path) -> bool:
    with opened(file) as con:
        query = (
            "SELECT free_blocks > greatest(?, ? * used_blocks) FROM pragma_database_size() "
            "WHERE database_name = 'warehouse'"
        )
        return bool(con.execute(query, [FREE_ANYHOW, MOST_FREE]).fetchall()[0][0])


def _size(batches: Iterable[_Pieces]) -> int:
    return sum(size for pieces in batches for _, size in pieces.values())


def _covered(batches: Sequence[Loaded]) -> set[tuple[object, ...]]:
    return {(batch.batch_id, batch.as_of, batch.cities) for batch in batches}
