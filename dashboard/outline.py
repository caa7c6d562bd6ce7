"""The map as SVG paths: borders of cities and counties in the pixels of one drawing.

Here: projection and path text.  Not here: boundaries (reference/map), colours (board.py).
"""

import math
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from reference.wall import load_outlines

WIDTH = 1000
_MIDDLE = 29.2
"""Latitude of the province's middle: a degree of longitude is cos(29.2°) of one of latitude there."""


def map_document() -> dict[str, Any]:
    """Return width, height, and the path and label point of each city and county by code."""
    outlines = {"cities": load_outlines("city"), "counties": load_outlines("county")}
    points = [point for areas in outlines.values() for rings in areas.values() for r in rings for point in r]
    west, east = min(x for x, _ in points), max(x for x, _ in points)
    south, north = min(y for _, y in points), max(y for _, y in points)
    scale = WIDTH / (east - west)
    stretch = scale / math.cos(math.radians(_MIDDLE))

    def drawn(point: tuple[float, float]) -> tuple[int, int]:
        return round((point[0] - west) * scale), round((north - point[1]) * stretch)

    document: dict[str, Any] = {"width": WIDTH, "height": math.ceil((north - south) * stretch)}
    for level, areas in outlines.items():
        document[level] = {
            code: _shape([[drawn(point) for point in ring] for ring in rings])
            for code, rings in areas.items()
        }
    return document


def _shape(rings: Iterable[list[tuple[int, int]]]) -> dict[str, Any]:
    """Return the path `d` and where to write the name: the middle of the largest ring."""
    rings = list(rings)
    largest = max(rings, key=lambda ring: abs(_area(ring)))
    across, down = [x for x, _ in largest], [y for _, y in largest]
    return {
        "d": "".join(_path(ring) for ring in rings),
        "at": [(min(across) + max(across)) // 2, (min(down) + max(down)) // 2],
    }


def _area(ring: list[tuple[int, int]]) -> float:
    """Twice the area, signed."""
    return sum(x * v - u * y for (x, y), (u, v) in pairwise(ring))


def _path(ring: list[tuple[int, int]]) -> str:
    """Return the ring as a closed path of steps; an islet smaller than a pixel is nothing."""
    kept = [ring[0]] + [b for a, b in pairwise(ring) if a != b]
    if len(kept) < 3:
        return ""
    steps = "".join(f"l{u - x} {v - y}" for (x, y), (u, v) in pairwise(kept))
    return f"M{kept[0][0]} {kept[0][1]}{steps}z"
