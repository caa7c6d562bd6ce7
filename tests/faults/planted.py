"""Recognisable persons put into every source, and the search for them in all that a home holds.

Here: who they are, where they are put, where they are looked for.  Not here: runs (conftest.py).
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
from verbs import text_of

PHONE, MOBILE, IDENTITY = "13987650123", "15876540987", "330106198703157238"
PERSON, OTHER = "麴蘅芜", "亓沅芷"
NOTE = f"联系人{PERSON}，手机139 8765 0123或{MOBILE}，身份证{IDENTITY}"
TOLD = re.compile(rf"{PERSON[1:]}|{OTHER[1:]}|139[ -]?8765[ -]?0123|158[ -]?7654[ -]?0987|{IDENTITY[6:14]}")
"""Raw and in simple variants; of the identity number the birthday is enough."""
_MORE = {"visits": ["走访人", "更正电话"]}
"""Columns that the simulator's files lack."""
ENOUGH = 200
"""Rows of a file in which four more wrong ones block no gate."""
_CELLS = {"负责人": PERSON, "联系方式": PHONE, "法定代表人证件号码": IDENTITY, "备注": NOTE, "经办人": PERSON,
          "批准人": OTHER, "理由": NOTE, "走访人": f"{PERSON}、{OTHER}", "更正电话": "139 8765 0123",
          "更正地址": f"台州市椒江区府前街1号（{PHONE}）"}  # fmt: skip
ALIASES = {"法定代表人": "负责人", "经营者": "负责人", "法人代表": "负责人", "联系电话": "联系方式",
           "电话": "联系方式", "手机": "联系方式", "身份证号码": "法定代表人证件号码"}  # fmt: skip


def plant(inbox: Path) -> int:
    """Put the persons into two rows of every text file; return into how many cells.

    A file large enough for the gate to bear it also gets rows that quarantine must take.
    """
    places = 0
    for path in sorted(inbox.glob("*/*.csv")):
        more = _MORE.get(path.parent.name, [])
        rows = list(csv.reader(io.StringIO(text_of(path))))
        rows = [[*row, *(more if number == 0 else [""] * len(more))] for number, row in enumerate(rows)]
        header = rows[0]
        for row in rows[1:3]:
            for place, name in enumerate(header):
                cell = _CELLS.get(ALIASES.get(name, name))
                if cell is not None:
                    row[place] = cell
                    places += 1
        dates = [place for place, name in enumerate(header) if name.endswith(("日期", "时间"))]
        for number, told in enumerate((PERSON, PHONE, IDENTITY, NOTE) if len(rows) > ENOUGH else ()):
            wrong = list(rows[1])
            for place in dates:
                wrong[place] = told
            rows.append(wrong if number % 2 else [*wrong, told])
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(rows)
        path.write_text(out.getvalue(), encoding="utf-8")
    return places


def found_in(folder: Path) -> list[str]:
    """Return the files, tables and parts below the folder that tell of a person, and what they tell."""
    return sorted({f"{place}: {match[0]}" for place, text in _texts(folder) for match in TOLD.finditer(text)})


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if path.suffix == ".parquet":
            frame = pl.read_parquet(path, hive_partitioning=False)
            yield str(path), frame.select(~pl.col(pl.Binary)).write_ndjson()
        elif path.suffix in (".xlsx", ".zip"):
            with zipfile.ZipFile(path) as archive:
                yield from ((f"{path}!{name}", _text(archive.read(name))) for name in archive.namelist())
        elif path.suffix == ".duckdb":
            yield from _tables(path)
        else:
            yield str(path), _text(path.read_bytes())


def _text(raw: bytes) -> str:
    """Return what the bytes say in any of the encodings a file may have."""
    return "".join(raw.decode(encoding, "ignore") for encoding in ("utf-8", "gb18030", "utf-16-le"))


def _tables(path: Path) -> Iterator[tuple[str, str]]:
    with duckdb.connect(str(path), read_only=True) as con:
        for (name,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            yield f"{path}!{name}", con.table(name).pl().write_ndjson()
