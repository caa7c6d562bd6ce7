"""Printed pages as another program reads them back."""

from dataclasses import dataclass
from pathlib import Path

import pypdfium2


@dataclass(frozen=True)
class Page:
    """One printed page as a reader finds it: its lines, in order, and its file."""

    lines: list[str]
    file: Path

    def after(self, title: str) -> str:
        """What stands below a headline's title."""
        return self.lines[self.lines.index(title) + 1]


def pages(folder: Path) -> dict[str, Page]:
    """Read back every page of the folder by its file's name."""
    found = {}
    for file in sorted(folder.glob("*.pdf")):
        text = pypdfium2.PdfDocument(file)[0].get_textpage().get_text_range()
        found[file.stem] = Page(text.splitlines(), file)
    return found
