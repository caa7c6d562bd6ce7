"""What ships about places: endings of names, methods of placement, learned names, their trust, limits.

Here: reading `places/*` into small frames.  Not here: applying them (transforms/place*.py).
"""

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from reference.yaml_file import read_yaml

PLACES_DIR = Path(__file__).parent / "places"
BAND = pl.Int8()


@dataclass(frozen=True)
class PlaceLimits:
    """Bounds of the ladder; `limits.yml` says what each means and what set it."""

    least_confidence: float
    registrar_confidence: float
    surest_trust: float
    number_reach: int
    distance_bands: tuple[int, ...]  # upper bounds, the last band is open
    support_bands: tuple[int, ...]
    common_bands: tuple[int, ...]


@dataclass(frozen=True)
class PlaceKnowledge:
    """All frames are small but `names` and `roads`, which hold some ten thousand facts."""

    kinds: pl.DataFrame  # suffix, kind: endings that close a name inside an address
    methods: pl.DataFrame  # method, confidence (null where it is measured per row), zh, en
    names: pl.DataFrame  # county_code, name, township_code, begins, inside: addresses that taught it
    roads: pl.DataFrame  # county_code, road, from_number, to_number, township_code, support
    villages: pl.DataFrame  # township_code, village: spellings the division table does not have
    former_villages: pl.DataFrame  # township_code (of today), village: merged into others since 2016
    other_provinces: tuple[str, ...]  # short names (江苏)
    trust: pl.DataFrame  # slot, level, support_band, purity_band, common_band, trust
    near_trust: pl.DataFrame  # distance_band, trust
    confidence: pl.DataFrame  # level, margin, confidence; sorted by margin
    limits: PlaceLimits


@cache
def load_places() -> PlaceKnowledge:
    """Return the place knowledge of Zhejiang, read once per process."""
    counts = _types(begins=pl.Int64(), inside=pl.Int64())
    ranges = _types(from_number=pl.Int32(), to_number=pl.Int32(), support=pl.Int64())
    bands = _types(support_band=BAND, purity_band=BAND, common_band=BAND, trust=pl.Float64())
    return PlaceKnowledge(
        kinds=_read("name_kinds"),
        methods=_read("methods").with_columns(pl.col("confidence").cast(pl.Float64)),
        names=_read("names").cast(counts),
        roads=_read("roads").cast(ranges),
        villages=_read("villages"),
        former_villages=_read("former_villages"),
        other_provinces=tuple(_read("other_provinces")["name"]),
        trust=_read("trust").cast(bands),
        near_trust=_read("near_trust").cast(_types(distance_band=BAND, trust=pl.Float64())),
        confidence=_read("confidence")
        .cast(_types(margin=pl.Float64(), confidence=pl.Float64()))
        .sort("margin"),
        limits=read_limits(),
    )


def read_limits(path: Path = PLACES_DIR / "limits.yml") -> PlaceLimits:
    """Return the limits of a file; ValueError if one is missing, unknown, doubled or unexplained."""
    entries = read_yaml(path)["limits"]
    names = sorted(entry["name"] for entry in entries)
    if names != sorted(field.name for field in fields(PlaceLimits)):
        raise ValueError(f"{path.name}: names {names} are not those of PlaceLimits, each once")
    unexplained = [entry["name"] for entry in entries if not (entry.get("means") and entry.get("set_by"))]
    if unexplained:
        raise ValueError(f"{path.name}: {unexplained} lack means or set_by")
    values: dict[str, Any] = {
        entry["name"]: tuple(entry["value"]) if isinstance(entry["value"], list) else entry["value"]
        for entry in entries
    }
    return PlaceLimits(**values)


def _types(**types: pl.DataType) -> pl.Schema:
    return pl.Schema(types)


def _read(name: str) -> pl.DataFrame:
    return pl.read_csv(PLACES_DIR / f"{name}.csv", infer_schema=False)
