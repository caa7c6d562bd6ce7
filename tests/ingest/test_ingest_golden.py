"""Golden files: what a clerk's file becomes, whatever the encoding, format and chunk size."""

from pathlib import Path

import polars as pl
import pytest
from ingest_makers import GOLDEN, KEY, assert_golden, ingest_all, put, put_registry, put_workbook

from flows.home import Home
from flows.ingest import check_inbox, inbox_notes, ingest_file
from flows.split import split_file
from reference.contracts import load_contracts
from transforms.ingest import staged_schema

RAW = (GOLDEN / "registry_raw.csv").read_text(encoding="utf-8")
WHOLE = "9133010000T0000011,某某公司,存续,2020-01-01,杭州市"


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-8-sig"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("chunk_bytes", [64, 700, 1 << 20])
def test_registry_reads_the_same_however_it_is_written(
    tmp_path: Path, encoding: str, line_end: str, chunk_bytes: int
) -> None:
    put(tmp_path, "registry", "杭州_20250331.csv", RAW.replace("\n", line_end).encode(encoding))
    [report], staged, quarantine = ingest_all(tmp_path, chunk_bytes=chunk_bytes)
    assert_golden(staged, GOLDEN / "registry_staged.csv")
    assert_golden(quarantine, GOLDEN / "registry_quarantine.csv")
    assert report.rows_in == report.staged + report.quarantined == 10
    assert staged.schema == staged_schema(load_contracts()["registry"])


@pytest.mark.parametrize("separator", ["\t", ";"])
def test_other_separators_are_found_by_the_header(tmp_path: Path, separator: str) -> None:
    golden = (GOLDEN / "annual_reports_raw.csv").read_text(encoding="utf-8")
    put_registry(tmp_path, [WHOLE])
    put(tmp_path, "annual_reports", "年报.txt", golden.replace(",", separator).encode("gb18030"))
    files = check_inbox(tmp_path / "inbox")
    ingest_file(files[0], tmp_path / "staged", tmp_path / "quarantine", hash_key=KEY)
    staged = pl.read_parquet(tmp_path / "staged/annual_reports/file=*/*.parquet", hive_partitioning=False)
    assert_golden(staged, GOLDEN / "annual_reports_staged.csv")


def test_excel_numbers_and_dates_stay_exact_and_rows_keep_their_sheet_number(tmp_path: Path) -> None:
    put_registry(tmp_path, [WHOLE])
    put_workbook(tmp_path, "annual_reports", "年报.xlsx", GOLDEN / "annual_reports_raw.csv", above=3)
    files = check_inbox(tmp_path / "inbox")
    ingest_file(files[0], tmp_path / "staged", tmp_path / "quarantine", hash_key=KEY)
    staged = pl.read_parquet(tmp_path / "staged/annual_reports/file=*/*.parquet", hive_partitioning=False)
    assert_golden(staged.with_columns(pl.col("row_no") - 3), GOLDEN / "annual_reports_staged.csv")


def test_parquet_columns_of_any_type_are_read(tmp_path: Path) -> None:
    put_registry(tmp_path, [WHOLE])
    golden = pl.read_csv(GOLDEN / "annual_reports_raw.csv", try_parse_dates=True)
    path = tmp_path / "inbox" / "annual_reports" / "年报.parquet"
    path.parent.mkdir()
    golden.write_parquet(path)
    files = check_inbox(tmp_path / "inbox")
    ingest_file(files[0], tmp_path / "staged", tmp_path / "quarantine", hash_key=KEY)
    staged = pl.read_parquet(tmp_path / "staged/annual_reports/file=*/*.parquet", hive_partitioning=False)
    assert_golden(staged.with_columns(pl.col("row_no") + 1), GOLDEN / "annual_reports_staged.csv")


def test_a_file_that_turns_gbk_late_is_read_as_gb18030(tmp_path: Path) -> None:
    plain = "9133010000T0000011,ACME,A,2020-01-01,1 Road"
    rows = [plain] * 5000 + [WHOLE]
    header = "uscc,ent_name,reg_status,est_date,dom_addr"
    put_registry(tmp_path, rows, header, "gb18030")
    _, staged, quarantine = ingest_all(tmp_path, chunk_bytes=1000)
    assert staged.height == 5001
    assert quarantine.is_empty()
    assert staged.sort("row_no")["ent_name"].last() == "某某公司"


def test_undecodable_bytes_cost_their_line_only(tmp_path: Path) -> None:
    path = put_registry(tmp_path, [WHOLE] * 500, encoding="gb18030")
    lines = path.read_bytes().split(b"\n")
    lines[250] = lines[250].replace("某某".encode("gb18030"), b"\xff\xff\xff")
    path.write_bytes(b"\n".join(lines))
    [report], _, quarantine = ingest_all(tmp_path, chunk_bytes=4096)
    assert (report.rows_in, report.staged) == (500, 499)
    assert quarantine.select("row_no", "reason_code").rows() == [(251, "bad_encoding")]


def test_a_second_ingest_reuses_the_folder_and_another_version_does_not(tmp_path: Path) -> None:
    put_registry(tmp_path, [WHOLE])
    [file] = check_inbox(tmp_path / "inbox")
    lakes = (tmp_path / "staged", tmp_path / "quarantine")
    first = ingest_file(file, *lakes, hash_key=KEY, code_version="1")
    written = next(lakes[0].glob("registry/file=*/part-00000.parquet")).stat().st_mtime_ns
    assert ingest_file(file, *lakes, hash_key=KEY, code_version="1") == first
    assert next(lakes[0].glob("registry/file=*/part-00000.parquet")).stat().st_mtime_ns == written
    assert ingest_file(file, *lakes, hash_key=KEY, code_version="2").key != first.key
    assert not list(tmp_path.glob("*/registry/.*"))


SPOILT = ["staged/*/*/part-*.parquet", "quarantine/*/*/part-*.parquet", "staged/*/*/report.json"]


@pytest.mark.parametrize("pattern", SPOILT)
def test_what_was_made_of_a_file_is_made_anew_when_a_byte_of_it_has_changed(
    tmp_path: Path, pattern: str
) -> None:
    put_registry(tmp_path, [WHOLE] * 3)
    first = ingest_all(tmp_path)
    [path] = tmp_path.glob(pattern)
    whole = path.read_bytes()
    change_a_byte(path)
    again = ingest_all(tmp_path)
    assert again[0] == first[0]
    assert [frame.rows() for frame in again[1:]] == [frame.rows() for frame in first[1:]]
    assert path.read_bytes() == whole


@pytest.mark.parametrize("name", ["*.parquet", "split.json"])
def test_what_a_file_was_split_into_is_made_anew_when_a_byte_of_it_has_changed(
    tmp_path: Path, name: str
) -> None:
    put_registry(tmp_path, [WHOLE] * 3)
    home = Home(tmp_path / "home")
    [file] = check_inbox(tmp_path / "inbox")
    report = ingest_file(file, home.staged, home.quarantine, hash_key=KEY)
    first = split_file(report, home)
    path = next((home.split / "registry" / f"file={report.key}").glob(name))
    whole = path.read_bytes()
    change_a_byte(path)
    assert split_file(report, home) == first
    assert path.read_bytes() == whole


def change_a_byte(path: Path) -> None:
    """Change one digit of a text, or the middle byte of a Parquet file."""
    content = bytearray(path.read_bytes())
    at = content.rindex(b"0") if path.suffix == ".json" else len(content) // 2
    content[at] ^= 1
    path.write_bytes(bytes(content))


def test_locks_hidden_files_and_truth_are_no_input(tmp_path: Path) -> None:
    put_registry(tmp_path, [WHOLE])
    for name in ("~$年报.xlsx", ".DS_Store", "Thumbs.db"):
        put(tmp_path, "registry", name, b"x")
    put(tmp_path, "truth", "links.parquet", b"x")
    put(tmp_path, "weather", "rain.csv", b"x")
    assert [file.file for file in check_inbox(tmp_path / "inbox")] == ["registry/register_20250331.csv"]
    notes = " ".join(inbox_notes(tmp_path / "inbox"))
    assert "weather" in notes
    assert "census" in notes
    assert "truth" not in notes
