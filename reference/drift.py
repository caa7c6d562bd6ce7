"""Drift limits: by how much a figure may differ from the batch before until a person is told.

Here: reading `gates/drift.yml`.  Not here: comparing (transforms/drift.py), the gates that block (gates.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, Literal

from reference.yaml_file import read_yaml

DRIFT_FILE = Path(__file__).parent / "gates" / "drift.yml"


@dataclass(frozen=True)
class DriftLimit:
    """One figure that is watched: a count of rows or firms, or a share.

    `max_change` is relative for a count, a difference of shares for a share; `min_base` rows or firms must be
    there before anything is alerted.
    """

    id: str
    of: Literal["county", "source"]
    kind: Literal["count", "share"]
    zh: str
    en: str
    max_change: float
    min_base: int
    basis: str
    remedy: str
    max_change_by_source: Mapping[str, float] = field(default_factory=dict)


@cache
def load_drift(path: Path = DRIFT_FILE) -> Mapping[str, DriftLimit]:
    """Return every limit by id, in the file's order; ValueError if one is incomplete, unknown or doubled."""
    limits = [_limit(entry) for entry in read_yaml(path)["measures"]]
    by_id = {limit.id: limit for limit in limits}
    if len(by_id) < len(limits):
        raise ValueError(f"{path.name}: a measure occurs twice")
    return by_id


def _limit(raw: dict[str, Any]) -> DriftLimit:
    known = {one.name for one in fields(DriftLimit)}
    if wrong := (raw.keys() - known) | (known - raw.keys() - {"max_change_by_source"}):
        raise ValueError(f"drift measure {raw.get('id')}: unknown or missing keys {sorted(wrong)}")
    if raw["of"] not in ("county", "source") or raw["kind"] not in ("count", "share"):
        raise ValueError(f"drift measure {raw['id']}: of is county or source, kind is count or share")
    return DriftLimit(**raw)
