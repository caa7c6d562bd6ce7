"""CSV for Excel and WPS (docs/bi.md, docs/excel.sql): marks, encodings, names that would be formulas."""

import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from analyst_case import DOCS, SETTING, blocks, sections
from golden_case import MAR
from warehouse_makers import DIVISIONS, firm, make_batch, record_of

from warehouse.build import build_warehouse
from warehouse.publish import publish, published_file

HOSTILE = {
    "A": '=HYPERLINK("http://evil.example/","点我")',
    "B": "+8613800138000",
    "C": "-2+3+cmd|' /C calc'!A0",
    "D": "@SUM(1+1)*cmd|' /C calc'!A0",
    "E": "\t=1+1",
    "F": "\u3000＝1+1",
    "G": "\u200b=1+1",
    "H": '甲,乙“丙”"丁"\n戊',
}
CALM = {"J": "杭州=西湖", "K": "㙍𬭎贸易", "913301061234567890": "十八位"}
EXAMPLES = next(text for title, text in sections("bi.md").items() if title.startswith("Excel"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a published list of hostile names below home/ and the project's docs beside it."""
    place = tmp_path_factory.mktemp("sheets")
    divisions = place / "divisions.csv"
    divisions.write_text(DIVISIONS, encoding="utf-8")
    rows = [firm(key, name=name, address="-1号") for key, name in (HOSTILE | CALM).items()]
    batch = make_batch(place / "lake", MAR, rows)
    build_warehouse(place / "candidate.duckdb", [batch], divisions, None)
    publish(place / "candidate.duckdb", place / "home", record_of(MAR))
    (place / "docs").symlink_to(DOCS)
    return place


def run(language: str, folder: Path) -> None:
    (code,) = blocks(EXAMPLES, language)
    command = [sys.executable, "-c", code] if language == "python" else ["bash", "-euc", code]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    told = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=folder, env=os.environ | {"PATH": path}
    )
    assert (told.returncode, told.stdout + told.stderr) == (0, "")


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("language", ["python", "sh"])
def test_excel_gets_a_marked_file_in_which_nothing_is_a_formula(folder: Path, language: str) -> None:
    (folder / "firms.csv").unlink(missing_ok=True)
    run(language, folder)
    raw = (folder / "firms.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbfuscc,")
    rows = rows_of(raw.decode("utf-8-sig"))
    names = {row["uscc"].removeprefix("'"): row["name"] for row in rows}
    kept = {key: name if key in CALM or key == "H" else f"'{name}" for key, name in (HOSTILE | CALM).items()}
    assert names == kept
    assert {row["address"] for row in rows} == {"'-1号"}
    assert [row["uscc"] for row in rows if len(row["uscc"]) > 1] == ["'913301061234567890"]
    assert {(row["priority"], row["is_foreign_trade"], row["size_class"]) for row in rows} == {
        ("3", "false", "")
    }


def test_the_file_in_gb18030_says_the_same(folder: Path) -> None:
    run("sh", folder)
    marked, other = (folder / name for name in ("firms.csv", "firms.gb18030.csv"))
    assert rows_of(other.read_bytes().decode("gb18030")) == rows_of(marked.read_bytes().decode("utf-8-sig"))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("-2.5::DOUBLE", "-2.5"),
        ("-7", "-7"),
        ("DATE '2025-03-31'", "2025-03-31"),
        ("'-2.5'", "'-2.5"),
        ("'007'", "'007"),
        ("'0'", "0"),
        ("'330106'", "330106"),
        ("'330106001001'", "'330106001001"),
        ("'12E3'", "'12E3"),
        ("chr(13) || '=1'", "'\r=1"),
        ("'＠1'", "'＠1"),
        ("NULL", None),
    ],
)
def test_numbers_stay_numbers_and_texts_stay_texts(folder: Path, value: str, written: str | None) -> None:
    file = str(published_file(folder / "home"))
    with duckdb.connect(file, read_only=True, config=SETTING) as con:
        con.execute((DOCS / "excel.sql").read_text(encoding="utf-8"))
        assert con.execute(f"SELECT excel_cell({value})").fetchall() == [(written,)]
