"""What stays of the warehouse before: all rows of cities whose curated files are the same.

Here: which files' rows go and which files come, from two lists of batches.
Not here: loading (build.py), whether the published file was written by this very program (flows/built.py).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from warehouse.build import BatchFiles, Exchange

MOST_GONE = 0.5
"""Share of the warehouse before, by size of files: beyond, building anew is as quick and leaves no holes."""
Digest = Callable[[Path], str]


@dataclass(frozen=True)
class _Piece:
    """The files of one city in one batch, which are loaded and taken out together."""

    enterprises: Path
    rule_hits: Path
    visit_targets: Path

    def content(self, digest: Digest) -> tuple[str, str, str]:
        """Name what is in the files."""
        return digest(self.enterprises), digest(self.rule_hits), digest(self.visit_targets)


_Contents = dict[tuple[str, str, str], _Piece]


def plan_exchange(
    file: Path, before: Sequence[BatchFiles], after: Sequence[BatchFiles], digest: Digest
) -> Exchange | None:
    """Return how the warehouse `file`, built of the batches `before`, becomes the one of those `after`.

    `digest`: names the content of a file. The files of a batch come city by city, each table's in one order.
    None if most of it would go. FileNotFoundError if a file is not there any more.
    """
    old = {batch.record.batch_id: _pieces(batch, digest) for batch in before}
    new = {batch.record.batch_id: _pieces(batch, digest) for batch in after}
    stays = _staying(old, new, sorted(after, key=lambda batch: batch.record.as_of))
    gone = {name: _without(pieces, stays.get(name, set())) for name, pieces in old.items()}
    come = {name: _without(pieces, stays[name]) for name, pieces in new.items()}
    if _size(gone.values()) > MOST_GONE * _size(old.values()):
        return None
    is_same = _covered(before) == _covered(after) and not any(gone.values()) and not any(come.values())
    is_one = len(before) == len(after) == 1 and _days(before) == _days(after)
    return Exchange(
        file,
        {
            name: tuple(piece.enterprises for piece in pieces.values())
            for name, pieces in gone.items()
            if pieces
        },
        {batch.record.batch_id: _only(batch, come[batch.record.batch_id]) for batch in after},
        firms_anew=not (is_same or is_one),
    )


def _pieces(batch: BatchFiles, digest: Digest) -> _Contents:
    """The cities' files by content; two of one content can only be those of cities without a firm."""
    files = zip(batch.enterprises, batch.rule_hits, batch.visit_targets, strict=True)
    return {piece.content(digest): piece for piece in (_Piece(*one) for one in files)}


def _staying(
    old: dict[str, _Contents], new: dict[str, _Contents], in_order: Sequence[BatchFiles]
) -> dict[str, set[tuple[str, str, str]]]:
    """Return by batch the contents that stay loaded; `in_order`: oldest first.

    A list tells since when each firm has been on one, so none stays after a batch that is another now.
    """
    stays, is_same = {}, set(old) <= set(new)
    for batch in in_order:
        name = batch.record.batch_id
        both = old.get(name, {}).keys() & new[name].keys()
        stays[name] = both if is_same else set()
        is_same = is_same and len(both) == len(old.get(name, {})) == len(new[name])
    return stays


def _without(pieces: _Contents, stays: set[tuple[str, str, str]]) -> _Contents:
    return {content: piece for content, piece in pieces.items() if content not in stays}


def _only(batch: BatchFiles, pieces: _Contents) -> BatchFiles:
    return replace(
        batch,
        enterprises=tuple(piece.enterprises for piece in pieces.values()),
        rule_hits=tuple(piece.rule_hits for piece in pieces.values()),
        visit_targets=tuple(piece.visit_targets for piece in pieces.values()),
    )


def _size(batches: Iterable[_Contents]) -> int:
    return sum(piece.enterprises.stat().st_size for pieces in batches for piece in pieces.values())


def _covered(batches: Sequence[BatchFiles]) -> set[tuple[object, ...]]:
    return {(batch.record.batch_id, batch.record.as_of, batch.record.cities) for batch in batches}


def _days(batches: Sequence[BatchFiles]) -> set[object]:
    return {batch.record.as_of for batch in batches}
