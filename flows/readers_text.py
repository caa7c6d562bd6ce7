"""Delimited text files: encoding, delimiter, header, and blocks of whole lines in flat memory.

Here: bytes → UTF-8 blocks, a bad byte costing its own line only.
Not here: which lines make a row (transforms/ingest_lines.py), other formats (readers.py).
"""

import codecs
import csv
import io
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, TypeVar

from reference.contracts import Contract
from reference.errors import InputProblem
from transforms.ingest_headers import header_row
from transforms.ingest_lines import UNDECODABLE, LineSplit, split_lines

SEPARATORS = (",", "\t", ";", "|")
BOMS = {
    codecs.BOM_UTF8: "utf-8",
    b"\x84\x31\x95\x33": "gb18030",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
CHUNK_BYTES = 16 << 20
_HEAD_BYTES = 64 << 10
_LONGEST_LINE = 64 << 20
_CUT_SHORT = ("incomplete", "end of data", "truncated")
_HEADER_SEARCH = 20
T = TypeVar("T")


@dataclass(frozen=True)
class TextShape:
    """How to read one delimited file; `header_row` is the physical line the header ends on."""

    encoding: str
    bom: int
    separator: str
    header_row: int
    width: int


def inspect_text(path: Path, name: str, contract: Contract) -> tuple[TextShape, tuple[str, ...]]:
    """Return how to read the file and its headers; InputProblem says what is wrong with it."""
    encoding, bom = text_encoding(path, name)
    text, whole = _head_text(path, encoding, bom)
    separator, headers, line = _header(text, contract)
    if whole and not any(rest.strip(f'{separator}" \t\r\u3000') for rest in text.split("\n")[line:]):
        raise no_rows(name)
    return TextShape(encoding, bom, separator, line, len(headers)), headers


def inspect_plain(path: Path, name: str, asked: Collection[str]) -> tuple[TextShape, tuple[str, ...]]:
    """Return how to read a file whose first row is the header, and its headers as written.

    The separator is the one that finds most of the `asked` columns; where none finds any, the comma.
    """
    encoding, bom = text_encoding(path, name)
    text, _ = _head_text(path, encoding, bom)
    found = []
    for separator in SEPARATORS:
        rows, ends = _first_rows(text, separator)
        headers, line = (tuple(rows[0]), ends[0]) if rows else ((), 0)
        found.append((len(set(asked).intersection(headers)), separator, headers, line))
    _, separator, headers, line = max(found, key=lambda entry: entry[0])
    return TextShape(encoding, bom, separator, line, len(headers)), headers


def text_encoding(path: Path, name: str) -> tuple[str, int]:
    """Return the encoding and the length of its mark; InputProblem if the file is no text or cut short."""
    with path.open("rb") as handle:
        head = handle.read(_HEAD_BYTES)
    encoding, bom = _encoding(path, head)
    _require_text(_decoded_head(head, encoding), name)
    _require_whole(path, encoding, name)
    return encoding, bom


def write_utf8(path: Path, name: str, shape: TextShape, target: Path, chunk_bytes: int = CHUNK_BYTES) -> Path:
    """Write the whole text as UTF-8 to `target`, block by block, and return `target`.

    InputProblem names the first line that is not of the file's encoding.
    """
    line, mark = 1, UNDECODABLE.encode()
    with path.open("rb") as source, target.open("wb") as out:
        for block, _ in ahead(_blocks(source, name, replace(shape, header_row=0), chunk_bytes)):
            if mark in block:
                bad = line + block.count(b"\n", 0, block.find(mark))
                raise mixed_encoding(name, bad, shape.encoding)
            out.write(block)
            line += block.count(b"\n")
    return target


def mixed_encoding(name: str, line: int, encoding: str) -> InputProblem:
    """Return the problem of a line in another encoding than the rest of its file."""
    return InputProblem(
        f"{name}, line {line}: not {encoding.upper()} as the other lines (编码混乱); "
        f"correct it, or export the file again in one encoding"
    )


def no_rows(name: str) -> InputProblem:
    """Return the problem of a file that holds a header and nothing else."""
    return InputProblem(f"{name}: there is a header but not one row; ask for the file again, or take it out")


def text_batches(path: Path, name: str, shape: TextShape, chunk_bytes: int) -> Iterator[LineSplit]:
    """Yield the rows of each block of lines; reading and decoding run one block ahead."""
    first_row, carry = shape.header_row + 1, b""
    with path.open("rb") as handle:
        for fresh, is_last in ahead(_blocks(handle, name, shape, chunk_bytes)):
            block = carry + fresh if carry else fresh
            split = split_lines(block, shape.separator, shape.width, first_row, final=is_last)
            carry = split.carry
            first_row += split.lines
            yield split


def ahead(items: Iterator[T]) -> Iterator[T]:
    """Yield the same items, each made in a thread while the one before is used."""
    with ThreadPoolExecutor(max_workers=1) as worker:
        pending = worker.submit(next, items, None)
        while (item := pending.result()) is not None:
            pending = worker.submit(next, items, None)
            yield item


def _blocks(handle: BinaryIO, name: str, shape: TextShape, chunk_bytes: int) -> Iterator[tuple[bytes, bool]]:
    """Yield blocks of whole lines below the header as UTF-8, and whether each is the last."""
    size = handle.seek(0, 2)
    handle.seek(shape.bom)
    head = handle.read(_HEAD_BYTES) if shape.header_row else b""
    handle.seek(shape.bom + _lines_end(head, shape.header_row, shape.encoding))
    rest, is_last = b"", False
    while not is_last:
        data = rest + handle.read(chunk_bytes)
        is_last = handle.tell() >= size
        cut = len(data) if is_last else _last_line_end(data, shape.encoding)
        rest = data[cut:]
        if len(rest) > max(_LONGEST_LINE, chunk_bytes):
            raise InputProblem(
                f"{name}: a line longer than 64 MB; this is not a table of text, export it again"
            )
        if cut:
            yield _as_utf8(data[:cut], shape.encoding), is_last


def _lines_end(head: bytes, lines: int, encoding: str) -> int:
    """Return the position behind so many lines."""
    newline, at = "\n".encode(encoding), 0
    for _ in range(lines):
        found = head.find(newline, at)
        while found > 0 and found % len(newline):  # in UTF-16 half of one character and half of the next
            found = head.find(newline, found + 1)
        if found < 0:
            return len(head)
        at = found + len(newline)
    return at


def _last_line_end(data: bytes, encoding: str) -> int:
    """Return the position behind the last line end, 0 if there is none."""
    newline = "\n".encode(encoding)
    found = data.rfind(newline)
    while found > 0 and found % len(newline):
        found = data.rfind(newline, 0, found + len(newline) - 1)
    return found + len(newline) if found >= 0 else 0


def _as_utf8(block: bytes, encoding: str) -> bytes:
    """Return the block in UTF-8; bytes that cannot be decoded become the marker their line is rejected by."""
    if block.isascii() and not encoding.startswith("utf-16"):
        return block
    try:
        text = block.decode(encoding)
    except UnicodeDecodeError:
        return block.decode(encoding, _MARK).encode()
    return block if encoding == "utf-8" else text.encode()


def _require_text(head: bytes, name: str) -> None:
    if b"\0" in head:
        raise InputProblem(
            f"{name}: the file is binary, not a table of text; export it again as CSV or .xlsx"
        )
    if b"\r" in head and b"\n" not in head:
        raise InputProblem(
            f"{name}: lines end in CR only (old Mac); save it again as CSV with ordinary line ends"
        )


def _encoding(path: Path, head: bytes) -> tuple[str, int]:
    """Return the encoding and the length of its mark: the first lines beyond ASCII decide, however late."""
    for bom, encoding in BOMS.items():
        if head.startswith(bom):
            return encoding, len(bom)
    with path.open("rb") as handle:
        while block := handle.read(_HEAD_BYTES):
            block += handle.readline()
            if not block.isascii():
                lines = [line for line in block.splitlines() if not line.isascii()]
                in_utf8 = sum(_decode_error(line, "utf-8") is None for line in lines)
                return ("utf-8" if 2 * in_utf8 >= len(lines) else "gb18030"), 0
    return "utf-8", 0


def _decoded_head(head: bytes, encoding: str) -> bytes:
    """Return the head with one byte a plain character, whatever the encoding."""
    return head.decode(encoding, "replace").encode() if encoding.startswith("utf-16") else head


def _head_text(path: Path, encoding: str, bom: int) -> tuple[str, bool]:
    """Return the first lines as text, and whether they are the whole file."""
    with path.open("rb") as handle:
        head = handle.read(_HEAD_BYTES)
    whole = len(head) < _HEAD_BYTES
    return head[bom : None if whole else _last_line_end(head, encoding)].decode(encoding, "replace"), whole


def _decode_error(line: bytes, encoding: str) -> UnicodeDecodeError | None:
    try:
        line.decode(encoding)
    except UnicodeDecodeError as error:
        return error
    return None


def _require_whole(path: Path, encoding: str, name: str) -> None:
    """Raise InputProblem if the file ends in the middle of a character: the copy was cut short."""
    with path.open("rb") as handle:
        start = max(handle.seek(0, 2) - _HEAD_BYTES, 0)
        handle.seek(start - start % 2)
        tail = handle.read()
    last = tail[_last_line_end(tail, encoding) :]
    error = _decode_error(last, encoding)
    if error and error.end == len(last) and any(told in error.reason for told in _CUT_SHORT):
        raise InputProblem(
            f"{name}: the file ends in the middle of a character: it was cut short (文件不全); copy it again"
        )


def _header(text: str, contract: Contract) -> tuple[str, tuple[str, ...], int]:
    """Return the separator, the header row it finds best, and the physical line that row ends on."""
    found = []
    for separator in SEPARATORS:
        rows, ends = _first_rows(text, separator)
        index, known = header_row(rows, contract)
        width = len(rows[index]) if rows else 0
        found.append(
            (known, width, separator, tuple(rows[index]) if rows else (), ends[index] if rows else 0)
        )
    _, _, separator, headers, line = max(found, key=lambda entry: entry[:2])
    return separator, headers, line


def _first_rows(text: str, separator: str) -> tuple[list[list[str]], list[int]]:
    """Return the first rows and the physical line each ends on; an absurd field ends the search."""
    reader = csv.reader(io.StringIO(text, newline="\n"), delimiter=separator)
    rows, ends = [], []
    try:
        for row in reader:
            rows.append(row)
            ends.append(reader.line_num)
            if len(rows) == _HEADER_SEARCH:
                break
    except csv.Error:
        pass
    return rows, ends


def _mark(error: UnicodeError) -> tuple[str, int]:
    """Put the marker in place of undecodable bytes (a codec error handler)."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return UNDECODABLE, error.end


_MARK = "zoufang-mark"
codecs.register_error(_MARK, _mark)
