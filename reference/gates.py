"""Quality gates: thresholds, severities, sources and remedies.

Here: reading `gates/gates.yml`.  Not here: how a gate is measured (expectations/).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from reference.yaml_file import read_yaml

Severity = Literal["error", "warn"]

SECOND_TIER = ".warn"
"""Suffix that tells the warn tier of a gate from its error tier in stored results."""

GATES_FILE = Path(__file__).parent / "gates" / "gates.yml"


@dataclass(frozen=True)
class Tier:
    """One severity of a gate and the bounds, both inclusive, its value must keep."""

    severity: Severity
    min: float | None
    max: float | None


@dataclass(frozen=True)
class Gate:
    """One quality gate; `tiers` has the error tier before the warn tier."""

    id: str
    zh: str
    means: str
    tiers: tuple[Tier, ...]
    min_rows: int
    source: str
    remedy: str


@cache
def load_gates(path: Path = GATES_FILE) -> Mapping[str, Gate]:
    """Return every gate by id, in the file's order; ValueError if one is incomplete or doubled."""
    raw = read_yaml(path)["gates"]
    gates = [_gate(entry) for entry in raw]
    by_id = {gate.id: gate for gate in gates}
    if len(by_id) < len(gates):
        raise ValueError(f"{path.name}: a gate id occurs twice")
    return by_id


def _gate(raw: dict[str, Any]) -> Gate:
    severities: tuple[Severity, ...] = ("error", "warn")
    tiers = tuple(Tier(s, raw[s].get("min"), raw[s].get("max")) for s in severities if s in raw)
    unknown = raw.keys() - {"id", "zh", "means", "error", "warn", "min_rows", "source", "remedy"}
    if unknown or not tiers:
        raise ValueError(f"gate {raw['id']}: unknown keys {sorted(unknown)} or no error/warn tier")
    return Gate(
        raw["id"], raw["zh"], raw["means"], tiers, raw.get("min_rows", 0), raw["source"], raw["remedy"]
    )
