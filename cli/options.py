"""Options that several verbs share, and how they print.  Not here: the verbs (app.py, batches.py)."""

import json
from pathlib import Path
from typing import Annotated

import typer

HomeDir = Annotated[Path, typer.Option(help="folder that holds lake/, runs/, warehouse/ and dispatch/")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object for programs")]


def as_json_text(value: object) -> str:
    """Return any plain value as JSON a person can read too."""
    return json.dumps(value, ensure_ascii=False, indent=1, default=str)
