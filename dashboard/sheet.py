"""A printed page 通报 on A4: where each part of a briefing stands.

Here: layout and colours.  Not here: words and figures (briefing.py), how ink gets on paper (paper.py).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from dashboard.briefing import Briefing, Table, Tile
from dashboard.paper import COLOURS, DEEP, HEIGHT, SOFT, WIDTH, Paper
from dashboard.paper_table import set_table, set_title, table_rows
from dashboard.words import Words

_CARD, _BAR, _REST = "f4f6f9", "3b73ad", "e3e9f0"
_EDGE, _GAP = 30.0, 10.0
_FULL = WIDTH - 2 * _EDGE
_FOOT = HEIGHT - 58.0
_ROW, _HIGHEST, _LEAST_ROW, _SMALL = 12.0, 16.0, 8.6, 10.5
_STEP = re.compile(r"([Ml])(-?\d+) (-?\d+)")

Outlines = Mapping[str, Any]
Point = tuple[float, float]


def print_sheet(page: Briefing, outlines: Outlines, words: Words, dated: date) -> tuple[bytes, set[str]]:
    """Return the page as a PDF, and the characters that the font could not write.

    `outlines` is what `outline.map_document` returns.
    """
    paper = Paper(page.title, page.foot[-1], {"zh": "zh-CN", "en": "en"}[words.lang], dated)
    _head(paper, page)
    y = _tiles(paper, page.tiles, 74)
    y = _middle(paper, page, outlines, y + _GAP)
    lower = _lower_height(page)
    y = _ranking(paper, page.below, y + _GAP, _FOOT - lower - _GAP, words)
    _lower(paper, page, y + _GAP)
    _foot(paper, page)
    return paper.done(), paper.missing


def _head(paper: Paper, page: Briefing) -> None:
    paper.box(0, 0, WIDTH, 46, DEEP)
    paper.text(_EDGE, 31, page.title, 19, "ffffff", room=_FULL, least=12, bold=True)
    paper.text(_EDGE, 61, f"{page.about} · {page.gate}", 8, SOFT, room=_FULL, least=6)


def _tiles(paper: Paper, tiles: Sequence[Tile], y: float) -> float:
    """Draw the headline figures in two rows and return where they end."""
    half = (len(tiles) + 1) // 2
    for row, part in enumerate((tiles[:half], tiles[half:])):
        width = (_FULL - 4 * (len(part) - 1)) / len(part)
        for at, tile in enumerate(part):
            _tile(paper, tile, _EDGE + at * (width + 4), y + row * 42, width)
    return y + 80


def _tile(paper: Paper, tile: Tile, x: float, y: float, width: float) -> None:
    paper.box(x, y, width, 38, _CARD)
    paper.box(x, y, 2.5, 38, COLOURS.get(tile.status, "d3dae3"))
    paper.text(x + 6, y + 10, tile.title, 6.6, SOFT, room=width - 8, least=4.5)
    paper.text(x + 6, y + 24.5, tile.value, 12, room=width - 8, least=6, bold=True)
    paper.text(x + 6, y + 34, tile.note, 6.2, SOFT, room=width - 8, least=5)


def _middle(paper: Paper, page: Briefing, outlines: Outlines, y: float) -> float:
    """Draw funnel and sections, beside the map where there is one, and return where they end."""
    column = (_FULL - _GAP) / 2
    right = _EDGE + column + _GAP
    if not page.level:
        ends = (
            _funnel(paper, page, _EDGE, y, column),
            set_table(paper, page.sections, (right, y, column), _ROW),
        )
        return max(ends)
    end = _funnel(paper, page, right, y, column)
    end = set_table(paper, page.sections, (right, end + _GAP, column), _ROW)
    _map(paper, page, outlines, (_EDGE, y, column, end - y - 14))
    _legend(paper, page.legend, _EDGE, end - 4, column)
    return end


def _funnel(paper: Paper, page: Briefing, x: float, y: float, width: float) -> float:
    y = set_title(paper, page.funnel_title, x, y)
    for title, value, share, length in page.bars:
        paper.text(x, y + 9, title, 7.5, room=62, least=5)
        paper.box(x + 66, y + 2.5, width - 160, 8, _REST)
        paper.box(x + 66, y + 2.5, (width - 160) * length, 8, _BAR)
        paper.text(x + width - 40, y + 9, value, 7.5, align="right")
        paper.text(x + width, y + 9, share, 7.5, SOFT, align="right")
        y += 12.5
    return y


def _map(paper: Paper, page: Briefing, outlines: Outlines, room: tuple[float, float, float, float]) -> None:
    """Draw the areas in their colours within x, y, width, height; a name that has no room is in the table."""
    x, y, width, height = room
    known = [(outlines[page.level][code], status, name) for code, status, name in page.shapes
             if code in outlines[page.level]]  # fmt: skip
    drawn = [(_rings(outline["d"]), outline["at"], status, name) for outline, status, name in known]
    points = [point for rings, *_ in drawn for ring in rings for point in ring]
    if not points:
        return
    west, north = min(a for a, _ in points), min(b for _, b in points)
    wide, high = max(a for a, _ in points) - west or 1, max(b for _, b in points) - north or 1
    scale = min(width / wide, height / high)
    left, top = x + (width - wide * scale) / 2, y + (height - high * scale) / 2

    def placed(point: Point) -> Point:
        return left + (point[0] - west) * scale, top + (point[1] - north) * scale

    for rings, _, status, _ in drawn:
        paper.shape([[placed(point) for point in ring] for ring in rings], COLOURS[status])
    taken: list[tuple[float, float, float]] = []
    for _, at, _, name in drawn:
        _label(paper, name, placed(at), taken)


def _label(paper: Paper, name: str, at: Point, taken: list[tuple[float, float, float]]) -> None:
    """Write a name at its place or a little above or below, unless another stands there."""
    size = 7.0
    half = min(paper.width(name, size), 60) / 2
    for step in (0, 7, -7, 12, -12):
        y = at[1] + size / 3 + step
        if all(abs(y - b) >= size or abs(at[0] - a) >= half + other for a, b, other in taken):
            taken.append((at[0], y, half))
            paper.text(at[0], y, name, size, "101820", align="middle", room=60, halo=True)
            return


def _rings(path: str) -> list[list[Point]]:
    """Return the corners of a path of `outline.map_document`."""
    rings: list[list[Point]] = []
    for kind, first, second in _STEP.findall(path):
        x, y = float(first), float(second)
        if kind == "M":
            rings.append([(x, y)])
        else:
            rings[-1].append((rings[-1][-1][0] + x, rings[-1][-1][1] + y))
    return rings


def _legend(paper: Paper, legend: Sequence[tuple[str, str]], x: float, y: float, width: float) -> None:
    size = 6.0
    wanted = sum(paper.width(text, size) + 14 for _, text in legend)
    size *= min(1, width / wanted)
    for status, text in legend:
        paper.box(x, y - 5, 5.5, 5.5, COLOURS[status])
        paper.text(x + 8, y, text, size, SOFT)
        x += paper.width(text, size) + 13


def _ranking(paper: Paper, table: Table, y: float, end: float, words: Words) -> float:
    """Set the table of what lies below, tighter the more rows there are; what finds no room is counted."""
    room = end - y - 13 - 20
    most = int(room / _LEAST_ROW)
    if len(table.rows) > most:
        most -= 2
        note = words.say("shown").format(most, len(table.rows) - most)
        table = replace(table, rows=table.rows[:most], statuses=table.statuses[:most], note=note)
    row = min(_HIGHEST, room / max(1, len(table.rows)))
    return set_table(paper, table, (_EDGE, y, _FULL), row)


def _lower_height(page: Briefing) -> float:
    """Return the room that renewals, quality and banks take."""
    rows = max(table_rows(page.renewals), table_rows(page.failed))
    banks = 13 + table_rows(page.banks) * _SMALL + _GAP if page.banks else 0
    return 13 + rows * _SMALL + banks


def _lower(paper: Paper, page: Briefing, y: float) -> None:
    """Draw renewals, quality and, for the province, banks."""
    left = _FULL * 0.36
    right = _EDGE + left + _GAP
    end = set_table(paper, page.renewals, (_EDGE, y, left), _SMALL)
    gate = replace(page.failed, title=f"{page.failed.title} · {page.gate}")
    end = max(end, set_table(paper, gate, (right, y, _FULL - left - _GAP), _SMALL))
    if page.banks:
        set_table(paper, page.banks, (_EDGE, end + _GAP, _FULL), _SMALL)


def _foot(paper: Paper, page: Briefing) -> None:
    y = HEIGHT - 42
    paper.rule(_EDGE, y - 9, _FULL)
    for line in page.foot:
        paper.text(_EDGE, y, line, 6.4, SOFT, room=_FULL, least=5)
        y += 9
