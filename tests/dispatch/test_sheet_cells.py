"""Cells: whatever a bureau's file holds, a workbook stays whole and nothing in it becomes a formula."""

from datetime import date
from xml.etree import ElementTree as ET

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.sheet_cells import row_xml, safe_text

HOSTILE = {
    "=cmd|'/C calc'!A0": "'=cmd|'/C calc'!A0",
    "+86138": "'+86138",
    "-2+3": "'-2+3",
    "@SUM(A1)": "'@SUM(A1)",
    "\t=1+1": "'=1+1",
    "\n\r=1": "'=1",
    "＝1+1": "'＝1+1",
    " \u202e=1": "'=1",
    "甲\n乙\t丙": "甲 乙 丙",
    "甲\x00\x07乙": "甲 乙",
    "</t></is></c>": "</t></is></c>",
    "甲&乙<丙>": "甲&乙<丙>",
    "  ": None,
    "": None,
    "a=b": "a=b",
}


def safe(texts: list[str]) -> list[str | None]:
    return pl.DataFrame({"t": texts}).select(safe_text(pl.col("t")))["t"].to_list()


def cells(frame: pl.DataFrame, columns: dict[str, str]) -> list[list[ET.Element]]:
    styles = {"text": 1, "integer": 2, "date": 4}
    rows = frame.select(row_xml(columns, styles, "seq")).to_series()  # type: ignore[arg-type]
    return [list(ET.fromstring(row)) for row in rows]


def test_hostile_text_is_disarmed_and_stays_readable() -> None:
    assert safe(list(HOSTILE)) == list(HOSTILE.values())


@given(st.lists(st.text(max_size=30), min_size=1, max_size=5))
def test_any_text_makes_well_formed_rows_that_say_the_safe_text(texts: list[str]) -> None:
    frame = pl.DataFrame({"t": texts}).with_row_index("seq", offset=1).with_columns(t=safe_text(pl.col("t")))
    for row, text in zip(cells(frame, {"t": "text"}), frame["t"], strict=True):
        assert len(row) == (text is not None)
        if text is not None:
            assert row[0].get("t") == "inlineStr"
            assert "".join(row[0].itertext()).replace("_x005F_", "_") == text.replace("_x005F_", "_")
            assert text[0] not in "=+-@＝＋－＠"
            assert all(ord(char) >= 32 for char in text)


def test_a_cell_too_long_for_excel_is_cut() -> None:
    (text,) = safe(["𬒗" * 40_000])
    assert text is not None
    assert len(text.encode("utf-16-le")) / 2 <= 32_767


def test_an_escape_of_spreadsheets_is_kept_as_written() -> None:
    frame = pl.DataFrame({"seq": [1], "t": ["甲_x0041_乙"]})
    assert "".join(cells(frame, {"t": "text"})[0][0].itertext()) == "甲_x005F_x0041_乙"


@pytest.mark.parametrize(
    ("day", "kind", "value"),
    [
        (date(2025, 3, 31), None, "45747"),
        (date(1900, 3, 1), None, "61"),
        (date(1893, 5, 2), "inlineStr", "1893-05-02"),
    ],
)
def test_dates_are_serial_numbers_where_all_spreadsheets_agree(
    day: date, kind: str | None, value: str
) -> None:
    frame = pl.DataFrame({"seq": [1], "d": [day]})
    (cell,) = cells(frame, {"d": "date"})[0]
    assert (cell.get("r"), cell.get("t"), "".join(cell.itertext())) == ("A2", kind, value)
