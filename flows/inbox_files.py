"""What lies in an inbox folder: which files are data, and which are none that may be read.

Here: names, links, pipes.  Not here: contents (readers.py), what a file is for (ingest.py, ledger.py).
"""

import os
from collections.abc import Iterator
from pathlib import Path

from reference.contracts import load_contracts
from reference.errors import InputProblem, shown_name

NOT_DATA = ("Thumbs.db", "desktop.ini")
SUFFIXES = (".csv", ".txt", ".tsv", ".xlsx", ".xlsm", ".xls", ".parquet")


def data_files(folder: Path) -> list[Path]:
    """Return all in and below a source folder in a stable order, without folders, locks and hidden ones.

    A folder named like a file is in the list if nothing is in it: somebody expects it to be read.
    InputProblem if a folder may not be looked into: what is in it would count as not handed in.
    """
    if not folder.is_dir():
        return []
    # As plain text: a province has thousands of files, and a start goes through them several times.
    above = len(str(folder))
    return sorted(
        Path(entry.path)
        for entry in _below(str(folder))
        if entry.name not in NOT_DATA
        and not any(part.startswith((".", "~$")) for part in entry.path[above:].split("/"))
        and (not _is_folder(entry) or _poses_as_file(Path(entry.path)))
    )


def inbox_files(inbox: Path) -> list[Path]:
    """Return the paths of every file that `check_inbox` would look into, in its order.

    InputProblem at the first that is no plain file: reading a pipe would never end.
    """
    paths = [path for source in load_contracts() for path in data_files(inbox / source)]
    for path in paths:
        require_plain(path, inbox)
    return paths


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


def _below(folder: str) -> Iterator[os.DirEntry[str]]:
    """Yield all in and below a folder; links to folders are not followed."""
    try:
        with os.scandir(folder) as entries:
            found = list(entries)
    except OSError as error:
        raise InputProblem(
            f"{error.filename}: the folder cannot be read ({error.strerror}); give whoever runs this "
            f"permission to read it, or take it out of the inbox"
        ) from error
    for entry in found:
        yield entry
        if entry.is_dir(follow_symlinks=False):
            yield from _below(entry.path)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Return whether this is a folder or a link to one."""
    return Path(entry.path).is_dir() if entry.is_symlink() else entry.is_dir()


def _poses_as_file(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.is_symlink() and not any(path.iterdir())
