"""How the files of an inbox are to be read, as far as a run looked into them before: `lake/shapes.json`.

Here: keeping it, and believing it while the program and what the file system says of a file are the same:
the start of a run then opens none of the thousands of files that stayed as they were.
Not here: looking into a file (readers.py), its bytes (fingerprints.py).
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import astuple
from pathlib import Path
from typing import Any, Protocol

from flows.fingerprints import FileState, Fingerprint, is_settled
from flows.home import Home
from flows.manifest import read_sealed, write_sealed
from flows.readers import FileShape, Format
from flows.readers_text import TextShape
from flows.settings import code_version

Shapes = Mapping[tuple[str, Path, FileState], FileShape]
"""By source, path and state of the file."""
NONE_KNOWN: Shapes = {}


class LookedAt(Protocol):
    """A file of the inbox, the state it was in when it was looked into, and what was found."""

    @property
    def source(self) -> str:
        """Return its source."""

    @property
    def state(self) -> FileState:
        """Return what the file system said of it then."""

    @property
    def shape(self) -> FileShape:
        """Return how it is to be read."""


def read_shapes(home: Home) -> Shapes:
    """Return what the newest run of this very program found; nothing if there is none."""
    raw = read_sealed(_kept(home))
    if raw is None or raw["code"] != code_version():
        return {}
    shapes = [_shape(*fields) for fields in raw["shapes"]]
    return {
        (source, Path(path), (size, contents, entry, inode)): shapes[number]
        for path, (source, number, size, contents, entry, inode) in raw["files"].items()
    }


def keep_shapes(home: Home, known: Shapes, found: Iterable[tuple[LookedAt, Fingerprint]]) -> None:
    """Keep the shapes of files as they were looked into; `known` is what is kept already.

    A file that may have been written within one tick of its clock is looked into again the next time, and so
    is one that was another when its fingerprint was taken.
    """
    now = time.time_ns()
    shapes = {
        (file.source, one.path, one.state): file.shape
        for file, one in found
        if file.state == one.state and is_settled(one, now)
    }
    if shapes == known:
        return
    # Files of one source from one hand are mostly of one shape.
    numbers = {shape: number for number, shape in enumerate(dict.fromkeys(shapes.values()))}
    files = {str(path): [source, numbers[shape], *state] for (source, path, state), shape in shapes.items()}
    content = {"code": code_version(), "shapes": [astuple(shape) for shape in numbers], "files": files}
    write_sealed(_kept(home), content, durable=False)


def _kept(home: Home) -> Path:
    return home.root / "lake" / "shapes.json"


def _shape(
    kind: Format, headers: list[str], header_row: int, text: list[Any] | None, sheet: str | None
) -> FileShape:
    return FileShape(kind, tuple(headers), header_row, TextShape(*text) if text else None, sheet)
