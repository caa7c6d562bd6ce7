"""Tables on paper: columns as wide as what stands in them, titles on two lines where that saves room.

Here: widths, alignment, lines.  Not here: which tables there are (briefing.py), where (sheet.py).
"""

from collections.abc import Sequence

from dashboard.briefing import Table
from dashboard.paper import COLOURS, DEEP, SOFT, Paper

_HEAD = "e9eef4"
_PAD = 4.0
_LARGEST = 7.5
_SHORT = 5
"""Letters a title may have on one line."""
_MARK = 7.0
"""Room for a row's coloured mark."""


def set_title(paper: Paper, text: str, x: float, y: float) -> float:
    """Write the title of a part and return where its contents begin."""
    paper.text(x, y + 9, text, 9.5, DEEP, bold=True)
    return y + 13


def table_rows(table: Table) -> int:
    """Return how many lines a table takes below its title, its note and its own titles counted."""
    return len(table.rows) + (2 if table.columns and table.rows else 0) + bool(table.note)


def set_table(paper: Paper, table: Table, place: tuple[float, float, float], row: float) -> float:
    """Set a table at x, y, width with lines of height `row` and return where it ends."""
    x, y, width = place
    y = set_title(paper, table.title, x, y)
    if table.rows:
        size = min(_LARGEST, row * 0.68)
        titles = [_two_lines(title) for title in table.columns]
        mark = _MARK if table.statuses else 0.0
        widths = _widths(paper, table, titles, width - mark, size)
        if titles:
            y = _titles(paper, table, titles, widths, (x, y, width), size * 0.93)
        for at, cells in enumerate(table.rows):
            if table.statuses:
                paper.box(x, y + row * 0.22, 4, row * 0.56, COLOURS[table.statuses[at]])
            _cells(paper, table, cells, widths, (x + mark, y + row * 0.74), size)
            y += row
            paper.rule(x, y, width)
    if table.note:
        paper.text(x, y + 8.5, table.note, 6.5, SOFT, room=width, least=5)
        y += row
    return y


def _titles(
    paper: Paper,
    table: Table,
    titles: Sequence[tuple[str, str]],
    widths: Sequence[float],
    place: tuple[float, float, float],
    size: float,
) -> float:
    """Write the columns' titles, one or two lines high, and return where the rows begin."""
    x, y, width = place
    lines = 2 if any(second for _, second in titles) else 1
    high = lines * size * 1.15 + 4
    paper.box(x, y, width, high, _HEAD)
    mark = _MARK if table.statuses else 0.0
    for line in range(lines):
        # A title of one line stands at the foot, beside the second line of its neighbours.
        words = [pair[line] if lines == 1 or pair[1] else ("", pair[0])[line] for pair in titles]
        _cells(paper, table, words, widths, (x + mark, y + 2 + (line + 0.85) * size * 1.15), size, SOFT)
    return y + high


def _cells(
    paper: Paper,
    table: Table,
    cells: Sequence[str],
    widths: Sequence[float],
    at: tuple[float, float],
    size: float,
    colour: str = "14202e",
) -> None:
    x, y = at
    for column, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        room = width - _PAD
        if column < table.texts:
            paper.text(x, y, cell, size, colour, room=room, least=size * 0.7)
        else:
            paper.text(x + width - 1, y, cell, size, colour, room=room, least=size * 0.6, align="right")
        x += width


def _widths(
    paper: Paper, table: Table, titles: Sequence[tuple[str, str]], width: float, size: float
) -> list[float]:
    """Return the columns' widths: what each needs, the rest shared; all shrunk alike where it is too much."""
    needed = []
    for column in range(len(table.rows[0])):
        texts = [row[column] for row in table.rows] + [*(titles[column] if titles else ())]
        needed.append(max(paper.width(text, size) for text in texts) + 2 * _PAD)
    spare = width - sum(needed)
    if spare < 0:
        return [one * width / sum(needed) for one in needed]
    return [one + spare / len(needed) for one in needed]


def _two_lines(title: str) -> tuple[str, str]:
    """Return a long title in two pieces of like length, parted at a space or bracket if there is one."""
    if len(title) <= _SHORT:
        return title, ""
    middle = len(title) // 2
    parts = [at for at, letter in enumerate(title) if letter in " （("]
    if not parts and title.isascii():
        return title, ""
    at = min(parts, key=lambda one: abs(one - middle), default=middle + 1)
    return title[:at], title[at:].strip()
