"""One sheet of paper: text, boxes, lines and shapes in points from the upper left corner, as a PDF.

Here: the font, what a text may hold.  Not here: tables (paper_table.py), what is printed where (sheet.py).
The same calls give the same bytes: the only date in the file is the one it is given.
"""

import io
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache

from reportlab.lib.colors import HexColor
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from reference.errors import shown_name
from reference.wall import FONT_FILE

WIDTH, HEIGHT = 595.28, 841.89
"""A4 in points."""
MISSING = "〓"
"""Printed for a character the font has no glyph of, as Chinese typesetters do (U+3013)."""
COLOURS = {"red": "d9534f", "yellow": "f2c230", "green": "3f9d63", "none": "c3ccd6"}
DEEP, SOFT, LINE = "14375e", "4a5868", "d3dae3"
"""Those of static/wall.css."""
_FONT = "Noto"
Colour = str
"""Six hex digits."""


@cache
def glyphs() -> frozenset[int]:
    """Load the font once a process and return the characters it has."""
    pdfmetrics.registerFont(TTFont(_FONT, FONT_FILE))
    return frozenset(pdfmetrics.getFont(_FONT).face.charToGlyph)


class Paper:
    """A page that is written once; `missing` gathers the characters printed as 〓."""

    def __init__(self, title: str, subject: str, language: str, dated: date) -> None:
        self.missing: set[str] = set()
        self._known = glyphs()
        self._bytes = io.BytesIO()
        self._canvas = Canvas(self._bytes, pagesize=(WIDTH, HEIGHT), invariant=1, pageCompression=1)
        self._canvas.setDateFormatter(lambda *_: f"D:{dated:%Y%m%d}000000Z")
        self._canvas.setTitle(self.clean(title))
        self._canvas.setSubject(self.clean(subject))
        self._canvas.setAuthor("zoufang")
        self._canvas.setCreator("zoufang wall print")
        self._canvas.setCatalogEntry("Lang", language)

    def done(self) -> bytes:
        """Close the page and return the file."""
        self._canvas.showPage()
        self._canvas.save()
        return self._bytes.getvalue()

    def clean(self, text: str) -> str:
        """Return the text with control characters written out and unknown ones replaced."""
        shown = shown_name(text)
        self.missing |= {letter for letter in shown if ord(letter) not in self._known}
        return "".join(letter if ord(letter) in self._known else MISSING for letter in shown)

    def width(self, text: str, size: float) -> float:
        """Return how wide the text is set."""
        return float(pdfmetrics.stringWidth(text, _FONT, size))

    def text(
        self, x: float, y: float, text: str, size: float, colour: Colour = "14202e", *,
        align: str = "left", room: float = 0, least: float = 0, bold: bool = False, halo: bool = False,
    ) -> None:  # fmt: skip
        """Write one line with its baseline at y; x is its left end, middle or right end by `align`.

        Beyond `room` it is set smaller, down to `least`, then cut with an ellipsis.
        """
        shown, size = self._fitted(self.clean(text), size, room, least or size)
        start = x - self.width(shown, size) * {"left": 0, "middle": 0.5, "right": 1}[align]
        if halo:
            self._line(start, y, shown, size, "ffffff", size / 5)
        self._line(start, y, shown, size, colour, size / 32 if bold else 0)

    def _line(self, x: float, y: float, text: str, size: float, colour: Colour, stroke: float) -> None:
        line = self._canvas.beginText(x, HEIGHT - y)
        line.setFont(_FONT, size)
        line.setFillColor(_paint(colour))
        # One weight is enough of a font of 10 MB: bold is the same outline drawn with a line around it.
        if stroke:
            self._canvas.setLineWidth(stroke)
            line.setStrokeColor(_paint(colour))
            line.setTextRenderMode(2)
        line.textOut(text)
        if stroke:
            # The next line would keep the mode.
            line.setTextRenderMode(0)
        self._canvas.drawText(line)

    def _fitted(self, text: str, size: float, room: float, least: float) -> tuple[str, float]:
        if not room or self.width(text, size) <= room:
            return text, size
        size = max(least, size * room / self.width(text, size))
        if self.width(text, size) <= room + 0.01:
            return text, size
        while text and self.width(text + "…", size) > room:
            text = text[:-1]
        return text + "…", size

    def box(self, x: float, y: float, width: float, height: float, fill: Colour) -> None:
        """Fill a rectangle; y is its upper edge."""
        self._canvas.setFillColor(_paint(fill))
        self._canvas.rect(x, HEIGHT - y - height, width, height, stroke=0, fill=1)

    def rule(self, x: float, y: float, width: float, colour: Colour = LINE) -> None:
        """Draw a thin line from x to the right."""
        self._canvas.setStrokeColor(_paint(colour))
        self._canvas.setLineWidth(0.4)
        self._canvas.line(x, HEIGHT - y, x + width, HEIGHT - y)

    def shape(self, rings: Iterable[Sequence[tuple[float, float]]], fill: Colour) -> None:
        """Fill closed rings of points with a white line around each."""
        path = self._canvas.beginPath()
        for ring in rings:
            path.moveTo(ring[0][0], HEIGHT - ring[0][1])
            for x, y in ring[1:]:
                path.lineTo(x, HEIGHT - y)
            path.close()
        self._canvas.setFillColor(_paint(fill))
        self._canvas.setStrokeColor(_paint("ffffff"))
        self._canvas.setLineWidth(0.5)
        self._canvas.setLineJoin(1)
        self._canvas.drawPath(path, stroke=1, fill=1)


@cache
def _paint(colour: Colour) -> HexColor:
    return HexColor(f"#{colour}")
