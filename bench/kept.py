"""Figures kept beside what was measured, so that benches of hours take up where they were left.

A file is of one program, the benches, libraries and number of processors it was measured with, and one list
of arguments: of another it counts as absent and is measured again.
"""

import hashlib
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[1]


@cache
def program() -> str:
    """Return the version of the code that decides results.

    Asked of another process: whoever imports `flows` has its allocator and threads in its environment, and a
    command measured from there would take them for its user's wish.
    """
    asked = "from flows.settings import code_version; print(code_version())"
    told = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)
    return told.stdout.strip()


@cache
def measured_with() -> str:
    """Return a text that changes with whatever else figures depend on."""
    sources = [p for folder in ("bench", "simulator") for p in (PROJECT / folder).rglob("*.py")]
    digest = hashlib.sha256(str(os.cpu_count()).encode())
    for path in sorted([*sources, PROJECT / "requirements.lock"]):
        digest.update(path.read_bytes())
    return f"{program()} {digest.hexdigest()[:12]}"


def kept(file: Path, arguments: list[str]) -> dict[str, Any] | None:
    """Return the figures that today's program left there for these arguments; None if it left none."""
    today = measured_with()  # as it is before whoever finds nothing here measures
    if not file.exists():
        return None
    told = json.loads(file.read_text(encoding="utf-8"))
    is_same = told.get("measured_with") == today and told.get("arguments") == arguments
    return dict(told["figures"]) if is_same else None


def keep(file: Path, arguments: list[str], figures: dict[str, Any]) -> None:
    """Write the figures of these arguments, in one step."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".draft")
    told = {"measured_with": measured_with(), "arguments": arguments, "figures": figures}
    draft.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    draft.replace(file)
