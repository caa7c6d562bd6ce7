"""Delimited text files: encoding, delimiter, header, and blocks of whole lines in flat memory.

Here: bytes → UTF-8 blocks, a bad byte costing its own line only.
Not here: which encoding it is (text_encoding.py), which lines make a row (transforms/ingest_lines.py).
"""

import codecs
import csv
import io
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, TypeVar

from flows.text_encoding import HEAD_BYTES, last_line_end, text_encoding
from reference.contracts import Contract
from reference.errors import InputProblem
from transforms.ingest_headers import header_row
from transforms.ingest_lines import UNDECODABLE, LineSplit, split_lines

SEPARATORS = (",", "\t", ";", "|")
CHUNK_BYTES = 16 << 20
MOST_COLUMNS = 16_384
MOST_LINES = 1 << 20
"""Lines in a block: what reading takes grows with its lines too, and a block of blank ones has millions."""
_LONGEST_LINE = 64 << 20
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
    text, whole = _head_text(path, name, encoding, bom)
    separator, headers, line = _header(text, contract)
    if whole and not any(rest.strip(f'{separator}" \t\r\u3000') for rest in text.split("\n")[line:]):
        raise no_rows(name)
    return TextShape(encoding, bom, separator, line, _width(headers, name)), headers


def inspect_plain(path: Path, name: str, asked: Collection[str]) -> tuple[TextShape, tuple[str, ...]]:
    """Return how to read a file whose first row is the header, and its headers as written.

    The separator is the one that finds most of the `asked` columns; where none finds any, the comma.
    """
    encoding, bom = text_encoding(path, name)
    text, _ = _head_text(path, name, encoding, bom)
    found = []
    for separator in SEPARATORS:
        rows, ends = _first_rows(text, separator)
        headers, line = (tuple(rows[0]), ends[0]) if rows else ((), 0)
        found.append((len(set(asked).intersection(headers)), separator, headers, line))
    _, separator, headers, line = max(found, key=lambda entry: entry[0])
    return TextShape(encoding, bom, separator, line, _width(headers, name)), headers


def _width(headers: tuple[str, ...], name: str) -> int:
    if len(headers) > MOST_COLUMNS:
        raise InputProblem(
            f"{name}: {len(headers):,} columns, and {MOST_COLUMNS:,} are the most that is read, as in "
            f"Excel; export the columns that are needed"
        )
    return len(headers)


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
            try:
                split = split_lines(block, shape.separator, shape.width, first_row, final=is_last)
            except InputProblem as problem:
                raise InputProblem(f"{name}, from line {first_row:,}: {problem}") from None
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
    head = handle.read(HEAD_BYTES) if shape.header_row else b""
    handle.seek(shape.bom + _lines_end(head, shape.header_row, shape.encoding))
    rest, is_last = b"", False
    while not is_last:
        data = rest + handle.read(chunk_bytes)
        is_last = handle.tell() >= size
        cut = len(data) if is_last else last_line_end(data, shape.encoding)
        rest = data[cut:]
        if len(rest) > max(_LONGEST_LINE, chunk_bytes):
            raise InputProblem(
                f"{name}: a line longer than 64 MB; this is not a table of text, export it again"
            )
        if cut:
            *first, last = _pieces(_as_utf8(data[:cut], shape.encoding))
            yield from ((piece, False) for piece in first)
            yield last, is_last


def _pieces(block: bytes) -> list[bytes]:
    """Return the block in pieces of whole lines, none of much more than MOST_LINES where lines are short."""
    count, at, pieces = block.count(b"\n") // MOST_LINES + 1, 0, []
    for number in range(1, count):
        end = block.find(b"\n", max(len(block) * number // count, at)) + 1
        if end:
            pieces.append(block[at:end])
            at = end
    return [*pieces, block[at:]]


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


def _as_utf8(block: bytes, encoding: str) -> bytes:
    """Return the block in UTF-8; bytes that cannot be decoded become the marker their line is rejected by."""
    if block.isascii() and not encoding.startswith("utf-16"):
        return block
    try:
        text = block.decode(encoding)
    except UnicodeDecodeError:
        return block.decode(encoding, _MARK).encode()
    return block if encoding == "utf-8" else text.encode()


def _head_text(path: Path, name: str, encoding: str, bom: int) -> tuple[str, bool]:
    """Return the first lines as text, and whether they are the whole file."""
    with path.open("rb") as handle:
        head = handle.read(HEAD_BYTES)
    whole = len(head) < HEAD_BYTES
    end = len(head) if whole else last_line_end(head, encoding)
    if not end:
        raise InputProblem(
            f"{name}: the first line is longer than {HEAD_BYTES >> 10} KB; this is no table with a header "
            f"row, export it again"
        )
    return head[bom:end].decode(encoding, "replace"), whole


def _header(text: str, contract: Contract) -> tuple[str, tuple[str, ...], int]:
    """Return the separator, the header row it finds best, and the physical line that row ends on."""
    found: list[tuple[int, int, str, tuple[str, ...], int]] = []
    for separator in SEPARATORS:
        # Where it does not occur every row is one cell, and names one column at most.
        if separator not in text and any(known > 1 for known, *_ in found):
            continue
        rows, ends = _first_rows(text, separator)
        index, known = header_row(rows, contract)
        headers = tuple(rows[index]) if rows else ()
        found.append((known, len(headers), separator, headers, ends[index] if rows else 0))
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
