"""The command line called in this process, where the slow libraries are loaded already."""

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from cli.app import main

MONTHS = ["2025-01-31", "2025-02-28", "2025-03-31"]
LISTED_ON = "2025-02-15"
"""The months of the backfill, and when some firms were listed as dishonest."""


class Ended(NamedTuple):
    """How a command ended: exit status, standard output and error."""

    status: int
    out: str
    err: str


def zoufang(*arguments: str | Path) -> Ended:
    """Run the command with these arguments."""
    out, err = io.StringIO(), io.StringIO()
    argv = ["zoufang", *map(str, arguments)]
    with redirect_stdout(out), redirect_stderr(err), patch.object(sys, "argv", argv):
        try:
            main()
            status: object = 0
        except SystemExit as end:
            status = end.code
    return Ended(int(str(status or 0)), out.getvalue(), err.getvalue())


def run(inbox: Path, home: Path, day: str, *more: str) -> Ended:
    """Run one batch."""
    return zoufang("run", "--inbox", inbox, "--home", home, "--as-of", day, *more)


def text_of(path: Path) -> str:
    """Return the text of a delimited file, whichever of the two encodings it has."""
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("gb18030")
