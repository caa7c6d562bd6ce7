"""Which encoding a text file is in, and whether it is a text file and a whole one.

Here: the first and the last bytes.  Not here: reading it (readers_text.py).
"""

import codecs
from pathlib import Path
from typing import BinaryIO

from reference.errors import InputProblem

BOMS = {
    codecs.BOM_UTF8: "utf-8",
    b"\x84\x31\x95\x33": "gb18030",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
HEAD_BYTES = 64 << 10
_CUT_SHORT = ("incomplete", "end of data", "truncated")


def text_encoding(path: Path, name: str) -> tuple[str, int]:
    """Return the encoding and the length of its mark; InputProblem if the file is no text or cut short."""
    with path.open("rb") as handle:
        head = handle.read(HEAD_BYTES)
        encoding, bom = _encoding(handle, head)
    _require_text(_decoded_head(head, encoding), name)
    _require_whole(path, encoding, name)
    return encoding, bom


def last_line_end(data: bytes, encoding: str) -> int:
    """Return the position behind the last line end, 0 if there is none."""
    newline = "\n".encode(encoding)
    found = data.rfind(newline)
    while found > 0 and found % len(newline):
        found = data.rfind(newline, 0, found + len(newline) - 1)
    return found + len(newline) if found >= 0 else 0


def _require_text(head: bytes, name: str) -> None:
    if b"\0" in head:
        raise InputProblem(
            f"{name}: the file is binary, not a table of text; export it again as CSV or .xlsx"
        )
    if b"\r" in head and b"\n" not in head:
        raise InputProblem(
            f"{name}: lines end in CR only (old Mac); save it again as CSV with ordinary line ends"
        )


def _encoding(handle: BinaryIO, head: bytes) -> tuple[str, int]:
    """Return the encoding and the length of its mark: the first lines beyond ASCII decide, however late.

    The file stands behind its head.
    """
    for bom, encoding in BOMS.items():
        if head.startswith(bom):
            return encoding, len(bom)
    block = head
    while block:
        block += handle.readline()
        if not block.isascii():
            return ("utf-8" if _is_mostly_utf8(block) else "gb18030"), 0
        block = handle.read(HEAD_BYTES)
    return "utf-8", 0


def _is_mostly_utf8(block: bytes) -> bool:
    """Return whether at least half of the lines beyond ASCII are UTF-8."""
    if _decode_error(block, "utf-8") is None:
        return True
    lines = [line for line in block.splitlines() if not line.isascii()]
    foreign = 0
    for line in lines:
        foreign += _decode_error(line, "utf-8") is not None
        if 2 * foreign > len(lines):
            return False
    return True


def _decoded_head(head: bytes, encoding: str) -> bytes:
    """Return the head with one byte a plain character, whatever the encoding."""
    return head.decode(encoding, "replace").encode() if encoding.startswith("utf-16") else head


def _decode_error(line: bytes, encoding: str) -> UnicodeDecodeError | None:
    try:
        line.decode(encoding)
    except UnicodeDecodeError as error:
        return error
    return None


def _require_whole(path: Path, encoding: str, name: str) -> None:
    """Raise InputProblem if the file ends in the middle of a character: the copy was cut short."""
    with path.open("rb") as handle:
        start = max(handle.seek(0, 2) - HEAD_BYTES, 0)
        handle.seek(start - start % 2)
        tail = handle.read()
    last = tail[last_line_end(tail, encoding) :]
    error = _decode_error(last, encoding)
    if error and error.end == len(last) and any(told in error.reason for told in _CUT_SHORT):
        raise InputProblem(
            f"{name}: the file ends in the middle of a character: it was cut short (文件不全); copy it again"
        )
