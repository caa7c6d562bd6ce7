"""What the gate found, remembered: files that did not change are not measured again.

Here: `lake/gates/<suite>.json`, the last answers of the library about a staged table and the files they are
of; `lake/gates/counted.<table>.json`, what was counted in single files.
Not here: measuring, and what may be concluded from the counts (expectations/).
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from expectations.report import GateReport
from expectations.request import Tally
from flows.home import Home
from flows.manifest import combine, read_sealed, write_sealed
from flows.settings import code_version

BESIDE = {"staged.census": ("staged.annual_reports",)}
"""Tables that a suite looks at besides its own and its quarantine."""
Tables = Mapping[str, Sequence[Path]]
COUNTED = "counted."


def recall(home: Home, tables: Tables) -> dict[str, dict[str, Any]]:
    """Return the remembered answers by suite, as far as they are about these files and made by this code."""
    found = {}
    for suite in _suites(tables):
        remembered = read_sealed(_path(home, suite)) or {}
        if remembered.get("about") == _about(suite, tables):
            found[suite] = remembered["answers"]
    return found


def recall_counts(home: Home) -> dict[str, Tally]:
    """Return what this code counted in single files before, by table."""
    found = {}
    for path in _path(home, COUNTED).parent.glob(f"{COUNTED}*.json"):
        remembered = read_sealed(path) or {}
        if remembered.get("about") == code_version():
            found[path.stem.removeprefix(COUNTED)] = remembered["tally"]
    return found


def name_content(home: Home, path: Path) -> str:
    """Name what is in a file: a staged one's path is made of it, any other by its hash."""
    staged = path.is_relative_to(home.staged)
    return str(path.relative_to(home.staged)) if staged else home.known.hash(path)


def remember(home: Home, tables: Tables, report: GateReport, folder: Path) -> None:
    """Keep the answers of the run in `folder`, unless something in them could not be measured."""
    broken = {result.suite for result in report.results if result.outcome == "errored"}
    for suite in _suites(tables) - broken:
        answers = json.loads((folder / "gate" / f"{suite}.json").read_text(encoding="utf-8"))
        write_sealed(_path(home, suite), {"about": _about(suite, tables), "answers": answers})
    if not broken:
        for table, tally in report.tallies.items():
            write_sealed(_path(home, COUNTED + table), {"about": code_version(), "tally": tally})


def _suites(tables: Tables) -> set[str]:
    return {table for table, files in tables.items() if table.startswith("staged.") and files}


def _about(suite: str, tables: Tables) -> str:
    """Name the files: staged and quarantined ones are content-addressed, so their paths say it all."""
    names = (suite, suite.replace("staged.", "quarantine."), *BESIDE.get(suite, ()))
    return combine([code_version(), *(str(path) for name in names for path in sorted(tables.get(name, ())))])


def _path(home: Home, name: str) -> Path:
    return home.root / "lake" / "gates" / f"{name}.json"
