"""What lies in an inbox folder: which files are data, and which are none that may be read.

Here: names, links, pipes.  Not here: contents (readers.py), what a file is for (ingest.py, ledger.py).
"""

import os
from pathlib import Path

from reference.errors import InputProblem, shown_name

NOT_DATA = ("Thumbs.db", "desktop.ini")
SUFFIXES = (".csv", ".txt", ".tsv", ".xlsx", ".xlsm", ".xls", ".parquet")


def data_files(folder: Path) -> list[Path]:
    """Return all in and below a source folder in a stable order, without folders, locks and hidden ones.

    A folder named like a file is in the list if nothing is in it: somebody expects it to be read.
    InputProblem if a folder may not be looked into: what is in it would count as not handed in.
    """
    if folder.is_dir():
        for _ in os.walk(folder, onerror=_refuse):
            pass
    paths = sorted(folder.rglob("*")) if folder.is_dir() else []
    return [
        path
        for path in paths
        if (not path.is_dir() or _poses_as_file(path))
        and path.name not in NOT_DATA
        and not any(part.startswith((".", "~$")) for part in path.relative_to(folder).parts)
    ]


def require_plain(path: Path, inbox: Path) -> str:
    """Return the file's name in the inbox; InputProblem unless file and name are ordinary ones."""
    name = path.relative_to(inbox).as_posix()
    shown = shown_name(name)
    if shown != name:
        raise InputProblem(f"{shown}: the name holds control characters or is not UTF-8; rename the file")
    if not path.is_file():
        raise InputProblem(
            f"{name}: not an ordinary file (a folder, a pipe, a device, or a link to nothing); put the file "
            f"itself there, or take it out of the inbox"
        )
    if path.is_symlink() and not path.resolve().is_relative_to(inbox.resolve()):
        raise InputProblem(f"{name}: a link out of the inbox; copy the file itself there")
    return name


def _refuse(error: OSError) -> None:
    raise InputProblem(
        f"{error.filename}: the folder cannot be read ({error.strerror}); give whoever runs this permission "
        f"to read it, or take it out of the inbox"
    )


def _poses_as_file(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.is_symlink() and not any(path.iterdir())
