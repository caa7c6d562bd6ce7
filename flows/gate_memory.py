"""What the gate found of staged files, remembered: files that did not change are not measured again.

Here: `lake/gates/<suite>.json`, the last answers of the library and the files they are about.
Not here: measuring (expectations/).
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from expectations.report import GateReport
from flows.home import Home
from flows.manifest import combine, read_sealed, write_sealed
from flows.settings import code_version

BESIDE = {"staged.census": ("staged.annual_reports",)}
"""Tables that a suite looks at besides its own and its quarantine."""
Tables = Mapping[str, Sequence[Path]]


def recall(home: Home, tables: Tables) -> dict[str, dict[str, Any]]:
    """Return the remembered answers by suite, as far as they are about these files and made by this code."""
    found = {}
    for suite in _suites(tables):
        remembered = read_sealed(_path(home, suite)) or {}
        if remembered.get("about") == _about(suite, tables):
            found[suite] = remembered["answers"]
    return found


def remember(home: Home, tables: Tables, report: GateReport, folder: Path) -> None:
    """Keep the answers of the run in `folder`, unless something in them could not be measured."""
    broken = {result.suite for result in report.results if result.outcome == "errored"}
    for suite in _suites(tables) - broken:
        answers = json.loads((folder / "gate" / f"{suite}.json").read_text(encoding="utf-8"))
        write_sealed(_path(home, suite), {"about": _about(suite, tables), "answers": answers})


def _suites(tables: Tables) -> set[str]:
    return {table for table, files in tables.items() if table.startswith("staged.") and files}


def _about(suite: str, tables: Tables) -> str:
    """Name the files: staged and quarantined ones are content-addressed, so their paths say it all."""
    names = (suite, suite.replace("staged.", "quarantine."), *BESIDE.get(suite, ()))
    return combine([code_version(), *(str(path) for name in names for path in sorted(tables.get(name, ())))])


def _path(home: Home, suite: str) -> Path:
    return home.root / "lake" / "gates" / f"{suite}.json"
