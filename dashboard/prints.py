"""The wall on paper: one page per place for the weekly briefing 通报, as a folder of PDFs.

Here: names and folder.  Not here: which pages and what they say (briefing.py), how they look (sheet.py).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from dashboard.briefing import briefings
from dashboard.editions import Edition
from dashboard.facts import Document
from dashboard.folder import put_file, put_folder
from dashboard.outline import map_document
from dashboard.sheet import print_sheet
from dashboard.words import Words
from reference.errors import InputProblem

MARK = "wall.print"


@dataclass(frozen=True)
class Printed:
    """How many pages were written, and the characters the font has no glyph of."""

    pages: int
    missing: frozenset[str]


def print_pages(edition: Edition, out: Path, scope: str, words: Words) -> Printed:
    """Write the pages of the scope to the folder `out`; older ones are replaced once all are complete.

    InputProblem if the batch has nothing of that scope, or if anything but pages lies there.
    """
    files, missing = _sheets(edition, scope, words)
    if not files:
        raise InputProblem(
            f"batch {edition.documents['wall']['batch']['batch_id']} holds no place {scope}; "
            f"its cities: {_cities(edition.documents)}"
        )

    def write(folder: Path) -> None:
        for name, contents in files.items():
            put_file(folder / name, contents)
        put_file(folder / MARK, f"{edition.id}\n".encode())

    put_folder(out, MARK, "folder of printed pages", write)
    return Printed(len(files), frozenset(missing))


def _sheets(edition: Edition, scope: str, words: Words) -> tuple[dict[str, bytes], set[str]]:
    outlines = map_document()
    dated = date.fromisoformat(edition.documents["wall"]["batch"]["facts_as_of"])
    files: dict[str, bytes] = {}
    missing: set[str] = set()
    for page in briefings(edition.documents, scope, edition.id, words):
        files[f"{page.code}_{_safe(page.name)}.pdf"], unknown = print_sheet(page, outlines, words, dated)
        missing |= unknown
    return files, missing


def _safe(name: str) -> str:
    """Return a name that any file system takes: letters and digits, what else there is as one underscore."""
    return re.sub(r"\W+", "_", name).strip("_")[:40]


def _cities(documents: Mapping[str, Document]) -> str:
    cities = [one for one in documents["wall"]["cities"] if one["code"]]
    return ", ".join(f"{one['code'][:4]} {one['name']}" for one in cities) or "none"
