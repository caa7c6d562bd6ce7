"""Malformed files: each message names the file, what is wrong, and what to do; nothing is written."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
from ingest_makers import REGISTRY_HEADER, ingest_all, put, put_registry

from flows.inbox_files import inbox_files
from flows.ingest import check_inbox
from reference.errors import InputProblem

ROW = "9133010000T0000011,某某公司,存续,2020-01-01,杭州市"
GOOD = f"{REGISTRY_HEADER}\n{ROW}\n"


def _zip(folder: Path, member: str) -> bytes:
    with zipfile.ZipFile(folder / "made.zip", "w") as archive:
        archive.writestr(member, "x")
    return (folder / "made.zip").read_bytes()


def _problem(folder: Path) -> str:
    with pytest.raises(InputProblem) as caught:
        check_inbox(folder / "inbox")
    assert not (folder / "staged").exists()
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", b"", "empty"),
        ("a.csv", REGISTRY_HEADER.encode() + b"\n\n", "not one row"),
        ("a.csv", GOOD.encode("utf-32"), "binary"),
        ("a.csv", GOOD.encode("utf-16")[:-1], "cut short"),
        ("a.csv", GOOD.encode("gb18030").rstrip()[:-1], "cut short"),
        ("a.csv", GOOD.encode().rstrip()[:-1], "cut short"),
        ("a.csv", b"\0\1\2binary", "binary"),
        ("a.csv", GOOD.replace("\n", "\r").encode(), "CR only"),
        ("a.csv", b"<html><table>", "HTML"),
        ("a.xls", b"\xef\xbb\xbf <table><tr>", "HTML"),
        ("a.xls", b"\xd0\xcf\x11\xe0" + bytes(600), "password"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0" + bytes(600), "password"),
        ("a.xlsx", GOOD.encode(), "plain text"),
        ("a.xlsx", b"PK\x03\x04" + bytes(600), "damaged"),
        ("a.csv", b"\x1f\x8b" + bytes(600), "unpack"),
        ("a.parquet", b"PAR1" + bytes(600), "damaged"),
        ("a.docx", b"PK\x03\x04" + bytes(600), ".docx"),
        ("a.csv", GOOD.replace("住所", "风水").encode(), "风水"),
        ("a.csv", GOOD.replace("成立日期", "核准日期").encode(), "设立日期"),
        ("a.csv", GOOD.replace("成立日期", "住所,成立日期").encode(), "重复表头"),
        ("a.csv", GOOD.replace("成立日期", ",成立日期").encode(), "no header"),
    ],
)
def test_a_malformed_file_is_named_with_its_remedy(
    tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    put(tmp_path, "registry", name, content)
    message = _problem(tmp_path)
    assert message.startswith(f"registry/{name}: ")
    assert told in message


@pytest.mark.parametrize(("member", "told"), [("notes.txt", "ZIP archive"), ("xl/workbook.xml", "damaged")])
def test_a_zip_that_is_no_workbook_is_told_apart(tmp_path: Path, member: str, told: str) -> None:
    put(tmp_path, "registry", "a.xlsx", _zip(tmp_path, member))
    assert told in _problem(tmp_path)


def test_a_workbook_named_csv_is_told_to_be_renamed(tmp_path: Path) -> None:
    put(tmp_path, "registry", "a.csv", _zip(tmp_path, "xl/workbook.xml"))
    assert "Excel workbook" in _problem(tmp_path)


def test_unknown_header_remedy_names_the_contract_file(tmp_path: Path) -> None:
    put_registry(tmp_path, [ROW + ",1"], REGISTRY_HEADER + ",风水评分")
    message = _problem(tmp_path)
    assert "'风水评分'" in message
    assert "ignored_headers in reference/contracts/registry.yml" in message


def test_all_problems_are_reported_together(tmp_path: Path) -> None:
    put(tmp_path, "registry", "a.csv", b"")
    put(tmp_path, "census", "b.xls", b"\xd0\xcf\x11\xe0")
    put(tmp_path, "customs", "c.csv", "统一社会信用代码,海关编码,备案日期\n".encode())
    assert [line.split(":")[0] for line in _problem(tmp_path).splitlines()] == [
        "census/b.xls",
        "customs/c.csv",
        "registry/a.csv",
    ]


@pytest.mark.parametrize("folder", ["", "registry"])
def test_a_missing_or_empty_register_folder_is_an_error(tmp_path: Path, folder: str) -> None:
    (tmp_path / "inbox" / folder).mkdir(parents=True)
    assert "市场监管在册数据" in _problem(tmp_path)


def test_a_file_in_two_encodings_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    mixed = GOOD.encode() + (ROW + "\n").encode("gb18030") * 50 + (ROW + "\n").encode() * 50
    put(tmp_path, "registry", "a.csv", mixed)
    with pytest.raises(InputProblem, match="50 of 101 lines"):
        ingest_all(tmp_path)
    assert not list(tmp_path.glob("staged/registry/file=*"))


def test_workbooks_and_parquet_without_rows_are_refused(tmp_path: Path) -> None:
    (tmp_path / "inbox" / "registry").mkdir(parents=True)
    empty = pl.DataFrame(schema=dict.fromkeys(REGISTRY_HEADER.split(","), pl.String))
    empty.write_parquet(tmp_path / "inbox" / "registry" / "a.parquet")
    with xlsxwriter.Workbook(str(tmp_path / "inbox" / "registry" / "b.xlsx")) as book:
        book.add_worksheet().write_row(0, 0, REGISTRY_HEADER.split(","))
    told = [line.split(": ")[1][:25] for line in _problem(tmp_path).splitlines()]
    assert told == ["there is a header but not"] * 2


def test_a_header_may_span_lines_and_stand_below_a_title(tmp_path: Path) -> None:
    text = f'某市在册数据,,,,,\n"注册资本\n（万元）",{REGISTRY_HEADER}\n5,{ROW}\n'
    put(tmp_path, "registry", "a.csv", text.encode("gb18030"))
    _, staged, _ = ingest_all(tmp_path)
    assert staged.select("row_no", pl.col("reg_capital").cast(pl.String)).rows() == [(4, "50000.00")]


def test_nested_parquet_columns_are_refused(tmp_path: Path) -> None:
    path = put(tmp_path, "registry", "a.parquet", b"")
    pl.DataFrame({"统一社会信用代码": [["x"]]}).write_parquet(path)
    assert "lists or structs" in _problem(tmp_path)


def test_a_pipe_is_refused_before_anybody_waits_for_it(tmp_path: Path) -> None:
    put(tmp_path, "registry", "good.csv", GOOD.encode())
    os.mkfifo(tmp_path / "inbox" / "registry" / "b.csv")
    assert "registry/b.csv: not an ordinary file" in _problem(tmp_path)
    with pytest.raises(InputProblem, match=r"registry/b\.csv: not an ordinary file"):
        inbox_files(tmp_path / "inbox")


def test_a_name_that_would_play_with_the_terminal_is_shown_written_out(tmp_path: Path) -> None:
    put(tmp_path, "registry", "a\x1b[2J\nb.csv", GOOD.encode())
    assert _problem(tmp_path).startswith(
        "registry/a\\u001b[2J\\u000ab.csv: the name holds control characters"
    )


BARE = [
    "setpriv",
    "--bounding-set=-dac_override,-dac_read_search",
    "--inh-caps=-dac_override,-dac_read_search",
]
"""Root without what lets it look into everything."""


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root looks into everything")
@pytest.mark.parametrize("folder", ["customs", "customs/2025"])
def test_a_folder_that_may_not_be_looked_into_is_refused_and_not_taken_for_absent(
    tmp_path: Path, folder: str
) -> None:
    put_registry(tmp_path, [ROW])
    put(tmp_path, "customs/2025", "a.csv", b"x")
    shut = tmp_path / "inbox" / folder
    script = "import sys; from pathlib import Path; from flows.ingest import check_inbox; "
    script += "check_inbox(Path(sys.argv[1]))"
    shut.chmod(0)
    try:
        command = [
            *(BARE if os.geteuid() == 0 else []),
            sys.executable,
            "-c",
            script,
            str(tmp_path / "inbox"),
        ]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    finally:
        shut.chmod(0o755)
    assert f"InputProblem: {shut}: the folder cannot be read (Permission denied); give" in ended.stderr
