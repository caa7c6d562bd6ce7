"""Cleaning: equals a slow, obvious version; twice is once; the quick test for clean text is right."""

import re
import unicodedata

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.text_tables import load_text_tables
from transforms.text import INVISIBLE, STABLE, WIDE, clean_columns, fold

TABLES = load_text_tables()
text = st.text(
    st.one_of(
        st.sampled_from("中文ＡＢ１２（），　 \t\u200b\ufeff⻄⻓⽅①㎡é無-/N"),
        st.characters(exclude_categories=["Cs"]),
    )
)


def _clean(cells: list[str | None]) -> list[str | None]:
    frame = pl.DataFrame({"x": cells}, schema={"x": pl.String})
    return clean_columns(frame, ["x"], TABLES.nulls, TABLES.lookalikes)["x"].to_list()


def _slowly(cell: str) -> str | None:
    invisible = INVISIBLE.replace("\\x{", "\\u{")
    plain = re.sub("[\x00-\x1f\x7f\x85\u2028\u2029]+", " ", cell)
    plain = re.sub(re.sub(r"\\u\{(\w+)\}", lambda m: chr(int(m[1], 16)), invisible), "", plain)
    meant = "".join(TABLES.lookalikes.get(char, char) for char in plain)
    done = unicodedata.normalize("NFKC", meant).strip()
    return None if done in ("", *TABLES.nulls) else done


@settings(deadline=None)
@given(st.lists(text, max_size=5))
def test_cleaning_twice_is_cleaning_once(cells: list[str]) -> None:
    once = _clean(cells)
    assert _clean(once) == once


@settings(deadline=None)
@given(st.lists(st.text(st.sampled_from("中文ＡＢ１（），　 \t\n\u200b\ufeff⻄⻓⽅①㎡-/N")), max_size=8))
def test_cleaning_equals_the_slow_version(cells: list[str]) -> None:
    assert _clean(cells) == [_slowly(cell) for cell in cells]


def test_stable_characters_are_those_that_folding_leaves_alone() -> None:
    every = [chr(point) for point in range(0x20, 0xFFFF) if not 0xD800 <= point < 0xE000]
    stable = pl.DataFrame({"c": every}).filter(pl.col("c").str.contains(f"^[{STABLE}]$"))["c"].to_list()
    assert [char for char in stable if unicodedata.normalize("NFKC", char) != char] == []
    assert not set(stable) & set(TABLES.lookalikes)
    assert {wide: unicodedata.normalize("NFKC", wide) for wide in WIDE} == WIDE


@pytest.mark.parametrize("spelling", ["", " ", "－", "　无　", "N/A", "null", "\\N", "#N/A", "——"])
def test_null_spellings_become_null(spelling: str) -> None:
    assert _clean([spelling]) == [None]


def test_headers_fold_width_blanks_and_case() -> None:
    assert fold("\ufeff 注册资本 （万元）\n") == fold("注册资本(万元)")
    assert fold("ＵＳＣＣ") == "uscc"
