"""Editions of the wall: what one published file says, held in memory until another is published.

Here: reading the file once, its documents as bytes, noticing a swap.  Not here: what they say (facts.py).
The file is open only while it is read; publishing renames another into its place and never waits for this.
"""

import gzip
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from dashboard.facts import Document, wall_facts
from dashboard.scope import PROVINCE, within
from reference.errors import InputProblem
from reference.wall import load_board
from warehouse.publish import published_file
from warehouse.read import read_wall


@dataclass(frozen=True)
class Edition:
    """The documents of one published file; `id` follows from them alone."""

    id: str
    documents: dict[str, Document]
    packed: dict[tuple[str, str], bytes | None] = field(default_factory=dict)

    def body(self, name: str, scope: str) -> bytes | None:
        """Return the document as the scope sees it, JSON in gzip; None if there is none for it."""
        key = (name, scope)
        if name not in self.documents:
            return None
        if key not in self.packed:
            document = within(name, self.documents[name], scope)
            self.packed[key] = None if document is None else gzip.compress(as_bytes(document), 6)
        return self.packed[key]


class Shelf:
    """The edition of now and the one before, which pages still open may ask for."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.editions: list[Edition] = []
        self._seen: tuple[int, int, int] | None = None

    @property
    def current(self) -> Edition:
        """Return the newest edition."""
        return self.editions[0]

    def find(self, edition_id: str) -> Edition | None:
        """Return the edition of that id while it is kept."""
        return next((edition for edition in self.editions if edition.id == edition_id), None)

    def refresh(self) -> bool:
        """Read the published file if it is another than before; true if a new edition came of it.

        InputProblem if nothing is published, EnvironmentProblem if the file cannot be read.
        """
        seen = signature(self.home)
        if seen is not None and seen == self._seen:
            return False
        edition = read_edition(self.home)
        self._seen = seen
        # Packed here, beside the loop that answers: no viewer waits for it.
        for name in edition.documents:
            edition.body(name, PROVINCE)
        if self.editions and self.current.id == edition.id:
            return False
        self.editions = [edition, *self.editions[:1]]
        return True


def signature(home: Path) -> tuple[int, int, int] | None:
    """Return what tells one published file from another, None if there is none."""
    try:
        facts = published_file(home).stat()
    except FileNotFoundError:
        return None
    return facts.st_ino, facts.st_mtime_ns, facts.st_size


def read_edition(home: Path) -> Edition:
    """Return the edition of the file published now; InputProblem if there is none, or no batch in it."""
    found = read_wall(published_file(home))
    if not found["batch"]:
        raise InputProblem(f"{published_file(home)} holds no batch; publish one first: zoufang run --help")
    documents = wall_facts(found, load_board())
    return Edition(hashlib.sha256(as_bytes(documents)).hexdigest()[:16], documents)


def as_bytes(value: object) -> bytes:
    """Return the value as compact JSON in UTF-8; keys keep their order."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
