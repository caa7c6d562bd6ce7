"""Options that several verbs share, and how they print.  Not here: the verbs (app.py, batches.py)."""

import json
from pathlib import Path
from typing import Annotated

import typer

HomeDir = Annotated[Path, typer.Option(help="folder that holds lake/, runs/, warehouse/ and dispatch/")]
Runner = Annotated[str, typer.Option(help="threads, or dask: worker processes")]
Lake = Annotated[
    str | None,
    typer.Option(help="s3://BUCKET/FOLDER where workers find files; default ZOUFANG_LAKE, else the home"),
]
Workers = Annotated[int | None, typer.Option(help="worker processes here; default one a processor")]
DaskAddress = Annotated[
    str | None, typer.Option(help="a Dask scheduler whose workers do the steps, e.g. tcp://10.0.0.5:8786")
]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object for programs")]


def as_json_text(value: object) -> str:
    """Return any plain value as JSON a person can read too."""
    return json.dumps(value, ensure_ascii=False, indent=1, default=str)
