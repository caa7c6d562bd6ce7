"""What `place` reads: any encoding and format, in flat memory; what is wrong is told with its line."""

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from flows import readers_book
from flows.place_input import read_table
from reference.errors import InputProblem

# 上 ends in a line feed's byte in UTF-16, 㐀 in none; the third row has a field of two lines.
TEXT = '序号,地址\n1,上城区㐀路1号\n2,\n3,"江上街道\n二楼, 上"\n4,"上""上"\n'
ROWS = {"序号": ["1", "2", "3", "4"], "地址": ["上城区㐀路1号", None, "江上街道\n二楼, 上", '上"上']}
ENCODINGS = ("utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-be-sig")


def read(path: Path, asked: tuple[str, ...] = ("地址",), spool: Path | None = None) -> pl.DataFrame:
    return pl.concat(read_table(path, asked, ("level",), spool or path.parent))


def encoded(text: str, encoding: str) -> bytes:
    return ("\ufeff" + text).encode("utf-16-be") if encoding == "utf-16-be-sig" else text.encode(encoding)


@pytest.mark.parametrize("separator", [",", "\t", ";"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_and_separator_reads_the_same(tmp_path: Path, encoding: str, separator: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(encoded(TEXT.replace(",", separator), encoding))
    rows = {**ROWS, "地址": [text and text.replace(",", separator) for text in ROWS["地址"]]}
    assert read(path).to_dict(as_series=False) == rows
    assert [file.name for file in tmp_path.iterdir()] == ["a.csv"]


def test_an_empty_line_of_one_column_is_a_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("地址\n上城区\n\n余杭区\n".encode("gb18030"))
    assert read(path)["地址"].to_list() == ["上城区", None, "余杭区"]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16"])
def test_text_of_many_blocks_is_transcoded_whole(tmp_path: Path, encoding: str) -> None:
    from flows.readers_text import inspect_plain, write_utf8

    path, text = tmp_path / "a.csv", TEXT + "".join(f"{n},上城区{'上' * (n % 7)}{n}号\n" for n in range(500))
    path.write_bytes(text.encode(encoding))
    shape, headers = inspect_plain(path, "a.csv", ["地址"])
    assert headers == ("序号", "地址")
    for chunk in (7, 64, 1001):
        copy = write_utf8(path, "a.csv", shape, tmp_path / "utf8.csv", chunk)
        assert copy.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (
            "地址\n上\n".encode("gb18030") + b"\xff\xff\n" + "上\n".encode("gb18030"),
            "line 3: not GB18030 as the",
        ),
        ("地址\n上\n".encode() + b"\xff\xff\n" + "上\n".encode(), "line 3: not UTF-8 as the"),
        ("地址\n上\n".encode("utf-16") + b"\x00\xd8\n\x00", "line 3: not UTF-16-LE as the"),
        ("地址\n上".encode("gb18030")[:-1], "cut short"),
        ("地址\n上".encode("utf-16")[:-1], "cut short"),
        ("地址,号\n上,1\n上,2,3\n".encode("gb18030"), "line 3: 3 fields, 2 expected"),
        ("地址,号\n上,1\n上,2,3\n".encode(), "line 3: 3 fields, 2 expected"),
        ('地址,号\n上,1\n"上,2\n上,3\n'.encode("gb18030"), "line 3: open quote"),
        ("序号,level\n".encode("gb18030"), "no column '地址'; the file has: 序号, level"),
        ("地址,level\n".encode("gb18030"), "already has column level"),
        (b"\0\1\2", "binary"),
    ],
)
def test_what_is_wrong_with_a_csv_is_told_with_its_line(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(InputProblem, match=says) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert "上" not in str(caught.value)


def workbook(path: Path) -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet("封面")
        sheet = book.add_worksheet("数据")
        sheet.write_row(2, 0, ["序号", "地址"])
        sheet.write_row(3, 0, [1, "上城区"])
        sheet.write_row(5, 0, [3, "余杭区"])
    return path


def test_a_sheet_keeps_its_empty_rows_and_exact_numbers(tmp_path: Path) -> None:
    rows = read(workbook(tmp_path / "a.xlsx"))
    assert rows.to_dict(as_series=False) == {"序号": ["1", None, "3"], "地址": ["上城区", None, "余杭区"]}


def test_names_of_a_sheet_are_each_their_own(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(str(tmp_path / "a.xlsx")) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["地址", "地址", "地址_1", "", "", "末"])
        sheet.write_row(1, 0, ["a", "b", "c", "", "d", "e"])
    row = read(tmp_path / "a.xlsx").row(0, named=True)
    assert list(row.values()) == ["a", "b", "c", "d", "e"]
    assert {name: row[name] for name in ("地址", "末")} == {"地址": "a", "末": "e"}


def test_a_workbook_without_a_cell_is_told(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(str(tmp_path / "a.xlsx")) as book:
        book.add_worksheet()
    with pytest.raises(InputProblem, match="every sheet is empty"):
        read(tmp_path / "a.xlsx")


def test_a_workbook_too_large_is_refused_with_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = workbook(tmp_path / "a.xlsx")
    monkeypatch.setattr(readers_book, "LARGEST_BOOK", 1 << 10)
    with pytest.raises(InputProblem, match=r"MB of XML.*are the most.*save its sheet as “CSV UTF-8”"):
        read(path)


PEAK = """
import resource, sys
from pathlib import Path
from flows.place_input import read_table
path = Path(sys.argv[1])
rows = sum(batch.height for batch in read_table(path, ["地址"], [], path.parent))
print(rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak_mb(path: Path, rows: int) -> float:
    text = "7,浙江省杭州市余杭区五常街道文一西路969号绛雪苑小区,某某贸易有限公司,二〇二五年三月\n"
    row = text.encode("gb18030")
    with path.open("wb") as out:
        out.write("序号,地址,名称,日期\n".encode("gb18030"))
        for _ in range(rows // 10_000):
            out.write(row * 10_000)
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(path)], check=True, capture_output=True, text=True, timeout=120
    )
    path.unlink()
    found, kilobytes = done.stdout.split()
    assert int(found) == rows
    return int(kilobytes) / 1024


def test_memory_does_not_grow_with_a_gb18030_file(tmp_path: Path) -> None:
    """Buffers of the parser grow to some 450 MB, no further; a file held whole costs 400 MB a million rows.

    So the file is compared with one that mostly fills the buffers.
    """
    small, large = (peak_mb(tmp_path / f"{rows}.csv", rows) for rows in (1_000_000, 3_000_000))
    assert large < small + 350, (small, large)
