"""The wall's rules and outlines: when an area is red, yellow or green, who is ranked, where borders run.

Here: reading `wall/board.yml` and `map/*.geojson`.  Not here: what is coloured by them (dashboard/).
"""

import json
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from reference.yaml_file import read_yaml

BOARD_FILE = Path(__file__).parent / "wall" / "board.yml"
MAP_DIR = Path(__file__).parent / "map"
FONT_FILE = Path(__file__).parent / "font" / "NotoSansSC-Regular.ttf"
"""What pages are printed in; font/PROVENANCE.md."""

Ring = list[tuple[float, float]]


@dataclass(frozen=True)
class Board:
    """Days a list's visits are planned for, shares of the plan where colours change, targets a rank needs."""

    planned_days: int
    red_below: float
    yellow_below: float
    min_ranked_targets: int


@cache
def load_board(path: Path = BOARD_FILE) -> Board:
    """Return the rules in force; ValueError if one is missing, unknown or out of order."""
    raw: dict[str, Any] = read_yaml(path)
    if raw.keys() != {one.name for one in fields(Board)}:
        raise ValueError(f"{path.name}: needs exactly {[one.name for one in fields(Board)]}")
    board = Board(**raw)
    if not (board.planned_days > 0 and 0 < board.red_below <= board.yellow_below):
        raise ValueError(f"{path.name}: planned_days above 0, red_below above 0 and not above yellow_below")
    return board


@cache
def load_outlines(level: str) -> dict[str, list[Ring]]:
    """Return the rings (longitude, latitude) of each `city` or `county`, by code of 6 digits."""
    raw = json.loads((MAP_DIR / f"zhejiang_{level}.geojson").read_text(encoding="utf-8"))
    return {
        feature["properties"]["code"]: [
            [(point[0], point[1]) for point in ring]
            for polygon in feature["geometry"]["coordinates"]
            for ring in polygon
        ]
        for feature in raw["features"]
    }
