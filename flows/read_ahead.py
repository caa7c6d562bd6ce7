"""Files asked of the disk before they are read: steps that take up what earlier runs left wait for it less.

Here: the asking.  Not here: which files (hands.py).
"""

import os
import threading
from collections.abc import Sequence
from pathlib import Path

AT_A_TIME = 1 << 20
"""Bytes asked for at a time: of a longer stretch Linux reads the beginning alone."""


def read_ahead(paths: Sequence[Path]) -> threading.Thread:
    """Let the system read files into memory as it finds room and time; return the thread that asks.

    Nobody has to wait for it. A file that cannot be opened is left to whoever reads it, who says so.
    """
    thread = threading.Thread(target=_ask, args=(paths,), name="read-ahead", daemon=True)
    thread.start()
    return thread


def _ask(paths: Sequence[Path]) -> None:
    if not hasattr(os, "posix_fadvise"):
        return
    for path in paths:
        try:
            with path.open("rb", buffering=0) as handle:
                for at in range(0, os.fstat(handle.fileno()).st_size, AT_A_TIME):
                    os.posix_fadvise(handle.fileno(), at, AT_A_TIME, os.POSIX_FADV_WILLNEED)
        except OSError:
            continue
