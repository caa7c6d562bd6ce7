"""Malformed workbooks and Parquet files: bombs, cut short, spoiled parts, sheets that are none.

Here: which cases there are.  Not here: text (fuzz_text.py), names and kinds of files (fuzz_files.py).
"""

import datetime as dt
import io
import random
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from bench.fuzz_case import HEADERS, Case, contents, good_rows

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(12))
SHEET, STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
READERS = (("ingest", "registry"), ("feedback", "visits"), ("place", "registry"), ("link", "registry"))


def book_cases(rng: random.Random) -> Iterator[Case]:
    """Yield every case of workbooks and Parquet, the same for the same seed."""
    yield from _spoiled(rng, "xlsx", good_book, 60)
    yield from _parts(rng)
    yield from _bombs()
    yield from _sheets()
    yield from _spoiled(rng, "parquet", lambda _: _parquet(), 60)
    yield from _columns()


@cache
def good_book(source: str = "registry") -> bytes:
    """Return the good table as a workbook."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("数据")
        for number, row in enumerate([HEADERS[source], *good_rows(20, source)]):
            sheet.write_row(number, 0, row)
    return out.getvalue()


def _spoiled(rng: random.Random, suffix: str, good: Callable[[str], bytes], times: int) -> Iterator[Case]:
    for number in range(times):
        reader, source = READERS[0 if suffix == "parquet" else number % 4]
        if suffix == "parquet" and number % 2:
            reader = "place"
        data = bytearray(good(source))
        cut = bytes(data[: rng.randrange(1, len(data))])
        for _ in range(1 + number % 12):
            data[rng.randrange(len(data))] = rng.randrange(256)
        for label, spoiled in (("cut", cut), ("flipped", bytes(data))):
            yield Case(f"{suffix}-{label}-{number}", f"a.{suffix}", contents(spoiled), source, reader)


def _rezipped(change: Callable[[str, bytes], bytes | None], more: dict[str, bytes] | None = None) -> bytes:
    """Return the good workbook with every part changed; None leaves it out."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(good_book())) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.namelist():
            changed = change(part, old.read(part))
            if changed is not None:
                new.writestr(part, changed)
        for part, data in (more or {}).items():
            new.writestr(part, data)
    return out.getvalue()


def _parts(rng: random.Random) -> Iterator[Case]:
    with zipfile.ZipFile(io.BytesIO(good_book())) as archive:
        names = archive.namelist()
    for name in names:
        changes: dict[str, Callable[[bytes], bytes | None]] = {
            "absent": lambda _: None,
            "empty": lambda _: b"",
            "half": lambda data: data[: len(data) // 2],
            "noise": lambda data: bytes(len(data)),
            "laughs": _with_laughs,
        }
        for label, spoil in changes.items():
            data = _rezipped(lambda part, old, n=name, s=spoil: s(old) if part == n else old)  # type: ignore[misc]
            yield Case(f"part-{label}-{name}", "a.xlsx", contents(data))
    for number in range(80):
        hit = (SHEET, STRINGS, "xl/workbook.xml", "xl/styles.xml")[number % 4]

        def flip(part: str, old: bytes, hit: str = hit) -> bytes:
            data = bytearray(old)
            for _ in range(3 if part == hit else 0):
                data[rng.randrange(len(data))] = rng.choice(b'<>/&"=019AZ\0\xff')
            return bytes(data)

        yield Case(f"part-flipped-{number}", "a.xlsx", contents(_rezipped(flip)))
    traversal = {"../../../../tmp/zoufang-evil": b"x", "/etc/passwd": b"x", "xl\\..\\..\\evil": b"x"}
    yield Case("part-traversal", "a.xlsx", contents(_rezipped(lambda _, old: old, traversal)), outcome="read")
    many = {f"junk/{n}": b"" for n in range(30_000)}
    yield Case("parts-30000", "a.xlsx", contents(_rezipped(lambda _, old: old, many)), outcome="refused")
    far = lambda part, old: old.replace(b"worksheets/sheet1.xml", b"../../../../etc/passwd")  # noqa: E731
    yield Case("part-target-outside", "a.xlsx", contents(_rezipped(far)), outcome="refused")


def _with_laughs(data: bytes) -> bytes:
    head, _, rest = data.partition(b"?>")
    return head + b"?><!DOCTYPE x [" + LAUGHS.encode() + b"]>" + rest.replace(b"</", b"&l11;</", 1)


def _bombs() -> Iterator[Case]:
    one = '<c r="{}" t="inlineStr"><is><t>x</t></is></c>'
    first = f'<row r="1">{one.format("A1")}</row>'
    cell = {
        "far-corner": f'{first}<row r="1048576">{one.format("XFD1048576")}</row>',
        "far-row": f'{first}<row r="4294967295">{one.format("A4294967295")}</row>',
        "far-column": f'<row r="1">{one.format("A1")}{one.format("ZZZZZZZZ1")}</row>',
        "no-references": "<row><c><v>1</v></c></row>" * 3,
        "row-zero": f'<row r="0">{one.format("A0")}</row>',
        "negative": '<row r="-1"><c r="A-1"><v>1</v></c></row>',
        "index-beyond": '<row r="1"><c r="A1" t="s"><v>99999999</v></c></row>',
        "deep": "<x>" * 200_000,
    }
    for label, rows in cell.items():
        for reader in ("ingest", "place"):
            data, is_heavy = _with_sheet(rows), label == "far-corner"
            yield Case(f"bomb-{label}-{reader}", "a.xlsx", contents(data), reader=reader, heavy=is_heavy)
    yield Case("bomb-strings", "a.xlsx", _string_bomb, outcome="refused", heavy=True)
    yield Case("bomb-zeros", "a.xlsx", _zero_bomb, outcome="refused", heavy=True)
    yield Case("bomb-understated", "a.xlsx", _understated_bomb, outcome="refused", heavy=True)
    yield Case(
        "bomb-nested-zip", "a.xlsx", contents(_rezipped(lambda _, o: o, {"xl/media/a.zip": bytes(1 << 24)}))
    )


def _with_sheet(rows: str) -> bytes:
    sheet = f'<?xml version="1.0"?><worksheet {MAIN}><sheetData>{rows}</sheetData></worksheet>'.encode()
    return _rezipped(lambda part, old: sheet if part == SHEET else old)


def _string_bomb(path: Path) -> None:
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 60_000))
    sheet = f'<?xml version="1.0"?><worksheet {MAIN}><sheetData>{rows}</sheetData></worksheet>'.encode()
    text = f'<?xml version="1.0"?><sst {MAIN}><si><t>{"x" * 1_000_000}</t></si></sst>'.encode()
    spoiled = {SHEET: sheet, STRINGS: text}
    path.write_bytes(_rezipped(lambda part, old: spoiled.get(part) or old))


def _zero_bomb(path: Path) -> None:
    """1.1 GB of blanks in one part, 1 MB on disk."""
    path.write_bytes(_rezipped(lambda part, old: None if part == SHEET else old))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open(SHEET, "w") as part:
        part.write(f'<?xml version="1.0"?><worksheet {MAIN}><sheetData>'.encode())
        for _ in range(1_100):
            part.write(b" " * (1 << 20))


def _understated_bomb(path: Path) -> None:
    """300 MB of one cell whose size the directory gives as 100 bytes."""
    path.write_bytes(_rezipped(lambda part, old: None if part == SHEET else old))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        with archive.open(SHEET, "w") as part:
            part.write(f'<?xml version="1.0"?><worksheet {MAIN}><sheetData><row r="1"><c r="A1"><v>'.encode())
            for _ in range(300):
                part.write(b"1" * (1 << 20))
        archive.getinfo(SHEET).file_size = 100
        archive._didModify = True  # type: ignore[attr-defined]


def _sheets() -> Iterator[Case]:
    makers: dict[str, Callable[[xlsxwriter.Workbook], object]] = {
        "empty": lambda book: book.add_worksheet("空"),
        "wrong-name": lambda book: book.add_worksheet("不是").write_row(0, 0, ["甲", "乙"]),
        "hundred-empty": lambda book: [book.add_worksheet() for _ in range(100)],
        "chart-alone": lambda book: (
            book.add_chartsheet("图") and book.add_worksheet().write(0, 0, 1) and None
        ),
        "merged": lambda book: _filled(book).merge_range(1, 0, 9, 6, "合并"),
        "mixed": _mixed_types,
        "formulas": lambda book: _filled(book).write_formula(3, 3, "=1/0", value="#DIV/0!"),
        "external": lambda book: _filled(book).write_formula(
            3, 2, "='[http://127.0.0.1/x.xlsx]S'!A1", value="x"
        ),
        "link": lambda book: _filled(book).write_url(3, 4, "file:///etc/passwd"),
        "dates": lambda book: _filled(book).write_number(3, 3, 2_958_466 * 10.0),
        "long-cell": lambda book: _filled(book).write_string(3, 4, "长" * 32_767),
        "wide": lambda book: _filled(book).write_string(3, 16_383, "x"),
        "low": lambda book: _filled(book).write_string(1_048_575, 0, "x"),
        "hidden": lambda book: _filled(book).hide(),
    }
    for label, fill in makers.items():
        for reader, source in READERS:
            yield Case(f"sheet-{label}-{reader}", "a.xlsx", _book(fill), source, reader)


def _book(fill: Callable[[xlsxwriter.Workbook], object]) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with xlsxwriter.Workbook(str(path)) as book:
            fill(book)
            if all(sheet.hidden for sheet in book.worksheets()):
                book.add_worksheet("封面")

    return make


def _filled(book: xlsxwriter.Workbook) -> xlsxwriter.workbook.Worksheet:
    sheet = book.add_worksheet("数据")
    for number, row in enumerate([HEADERS["registry"], *good_rows(12)]):
        sheet.write_row(number, 0, row)
    return sheet


def _mixed_types(book: xlsxwriter.Workbook) -> None:
    sheet = _filled(book)
    for row in range(1, 12):
        for column in range(7):
            value = (True, 1e308, dt.datetime(1900, 1, 1), "x", -0.0, "", 2.5)[(row + column) % 7]
            sheet.write(row, column, value)


@cache
def _parquet() -> bytes:
    out = io.BytesIO()
    pl.DataFrame(good_rows(200), schema=list(HEADERS["registry"]), orient="row").write_parquet(out)
    return out.getvalue()


def _columns() -> Iterator[Case]:
    """Parquet whose columns are of every type but text."""
    rows = good_rows(6)
    text = {header: [row[place] for row in rows] for place, header in enumerate(HEADERS["registry"])}
    odd: dict[str, pl.Series] = {
        "binary": pl.Series([b"\xff\xfe\0"] * 6),
        "list": pl.Series([[1]] * 6),
        "struct": pl.Series([{"a": 1}] * 6),
        "null": pl.Series([None] * 6),
        "float": pl.Series([float("nan"), float("inf"), -0.0, 1e308, 5e-324, None]),
        "huge-int": pl.Series([2**63 - 1] * 6),
        "decimal": pl.Series(["1.10"] * 6).cast(pl.Decimal(38, 10)),
        "time": pl.Series([dt.time(1)] * 6),
        "duration": pl.Series([dt.timedelta(days=1)] * 6),
        "zoned": pl.Series([dt.datetime(2025, 1, 1, tzinfo=dt.UTC)] * 6),
        "bool": pl.Series([True] * 6),
        "categories": pl.Series(["甲"] * 6, dtype=pl.Categorical),
        "long": pl.Series(["长" * 1_000_000] * 6),
    }
    for label, series in odd.items():
        for reader in ("ingest", "place", "link"):
            for header in ("住所", "成立日期"):

                def make(path: Path, header: str = header, series: pl.Series = series) -> None:
                    pl.DataFrame(text | {header: series}).write_parquet(path)

                yield Case(f"column-{label}-{header}-{reader}", "a.parquet", make, reader=reader)
    yield Case("parquet-without-columns", "a.parquet", lambda path: pl.DataFrame().write_parquet(path))
    for reader in ("ingest", "place", "link"):
        name = f"parquet-one-long-value-{reader}"
        yield Case(name, "a.parquet", _parquet_bomb, reader=reader, outcome="refused", heavy=True)


def _parquet_bomb(path: Path) -> None:
    """A million rows of one value of a megabyte: a dictionary of one entry, 1 MB on disk."""
    row = pa.DictionaryArray.from_arrays(np.zeros(1_000_000, np.int32), ["x" * 1_000_000])
    short = pa.DictionaryArray.from_arrays(np.zeros(1_000_000, np.int32), ["x"])
    pq.write_table(pa.table({h: row if h == "住所" else short for h in HEADERS["registry"]}), path)
