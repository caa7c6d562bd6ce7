"""Files that are no plain files, and names that play tricks.

Here: which cases there are.  Not here: contents (fuzz_text.py, fuzz_books.py).
"""

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.fuzz_case import Case, contents, good_text

MAGIC = {
    "xls": b"\xd0\xcf\x11\xe0" + bytes(600),
    "gzip": b"\x1f\x8b" + bytes(600),
    "rar": b"Rar!" + bytes(600),
    "7z": b"7z\xbc\xaf" + bytes(600),
    "pdf": b"%PDF-1.7" + bytes(600),
    "html": b"<!DOCTYPE html><table>",
    "elf": b"\x7fELF" + bytes(600),
    "zip": b"PK\x03\x04" + bytes(600),
    "zip-end": b"PK\x05\x06" + bytes(18),
    "parquet": b"PAR1" + bytes(600) + b"PAR1",
    "empty": b"",
}
NAMES: dict[str, tuple[str | bytes, str]] = {
    "newline": ("a\nzoufang: published.csv", "refused"),
    "escape": ("a\x1b[2J\x1b[31m.csv", "refused"),
    "bell": ("\x07.csv", "refused"),
    "not-utf8": (b"\xff\xfe\xb9.csv", "refused"),
    "gbk-bytes": ("登记.csv".encode("gbk"), "refused"),
    "bidi": ("a\u202evsc.csv", "refused"),
    "line-separator": ("a\u2028b.csv", "refused"),
    "longest": ("长" * 83 + ".csv", "read"),
    "dots": ("a..csv", "read"),
    "many-dots": ("a........csv", "read"),
    "percent": ("%s%n%d{0}{}.csv", "read"),
    "quotes": ("a'\"`$(touch x);--.csv", "read"),
    "glob": ("*[a-z]?.csv", "read"),
    "equals": ("city=3301.csv", "read"),
    "backslash": ("a..\\..\\b.csv", "read"),
    "wide-blank": ("登\u3000记 表.csv", "read"),
    "emoji": ("🀄.csv", "read"),
    "impossible-date": ("a_20259931.csv", "read"),
    "upper": ("A.CSV", "read"),
    "no-suffix": ("a", "refused"),
    "suffix-alone": ("csv", "refused"),
}


def file_cases() -> Iterator[Case]:
    """Yield every case of names and kinds of files."""
    text = good_text().encode()
    for label, (name, outcome) in NAMES.items():
        yield Case(f"name-{label}", name, contents(text), outcome=outcome)
        back = "read" if outcome == "read" else "refused"
        visits = good_text(5, "visits").encode()
        yield Case(f"name-{label}-feedback", name, contents(visits), "visits", "feedback", back)
    for label, data in MAGIC.items():
        for suffix in ("csv", "xlsx", "xls", "parquet", "txt", "docx", "zip"):
            yield Case(f"magic-{label}-{suffix}", f"a.{suffix}", contents(data), outcome="refused")
    kinds: dict[str, Callable[[Path], None]] = {
        "fifo": os.mkfifo,
        "socket": _socket,
        "dangling-link": lambda path: path.symlink_to("nowhere"),
        "looping-link": lambda path: path.symlink_to(path.name),
        "link-outside": lambda path: path.symlink_to("/etc/passwd"),
        "link-to-device": lambda path: path.symlink_to("/dev/zero"),
        "link-to-proc": lambda path: path.symlink_to("/proc/self/environ"),
        "folder": Path.mkdir,
    }
    for label, make in kinds.items():
        for suffix in ("csv", "xlsx", "parquet"):
            yield Case(f"kind-{label}-{suffix}", f"a.{suffix}", make, outcome="refused")
            yield Case(
                f"kind-{label}-{suffix}-feedback", f"a.{suffix}", make, "visits", "feedback", "refused"
            )
            for reader in ("place", "link"):
                if label != "link-outside":
                    yield Case(f"kind-{label}-{suffix}-{reader}", f"a.{suffix}", make, reader=reader)


def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's path has at most 107 bytes
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)
