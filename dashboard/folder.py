"""A folder that appears whole or not at all, and is replaced by its like only.

Here: the new one beside the old, then two renames; files of 0640, folders of 0750, a stricter umask stays.
Not here: what is written (export.py, prints.py).
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from reference.errors import EnvironmentProblem, InputProblem


def put_folder(out: Path, mark: str, what: str, write: Callable[[Path], None]) -> None:
    """Let `write` fill a new folder and put it where `out` says; `mark` names a file that only `what` has.

    InputProblem if anything else lies there already, EnvironmentProblem where no folder can be made.
    """
    if out.exists() and not (out / mark).exists():
        raise InputProblem(f"{out} exists and is no {what}; choose another folder")
    part, old = out.with_name(f".{out.name}.part"), out.with_name(f".{out.name}.old")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(mode=0o750, parents=True)
    except OSError as error:
        raise EnvironmentProblem(f"cannot write {out}: {error.strerror}; choose another folder") from error
    try:
        write(part)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    part.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def put_file(path: Path, contents: bytes) -> None:
    """Write a new file, its folder too where there is none."""
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o640), "wb") as file:
        file.write(contents)
