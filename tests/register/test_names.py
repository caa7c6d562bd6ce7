"""Normal forms of names."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from register_makers import read_golden

from reference.register import load_register_codes
from transforms.names import name_key, name_text

CODES = load_register_codes()
PLACES = ["浙江省", "浙江", "杭州市", "杭州", "萧山区", "萧山", "临安市", "临安", "义乌", "西湖"]
FORMS = [
    "有限责任公司",
    "有限公司",
    "股份公司",
    "股份",
    "有限责任",
    "公司",
    "分公司",
    "普通合伙",
    "特殊",
    "有限合伙",
]
PARTS = [*PLACES, *FORMS, "个体工商户", "恒达", "机械", "厂", "A", "ａ", "（", "）", " ", "*"]


def keys(names: list[str | None]) -> list[tuple[str | None, str | None]]:
    text = name_text(pl.col("name"), CODES)
    frame = pl.DataFrame({"name": names}, schema={"name": pl.String}).with_columns(text.alias("text"))
    return list(frame.select("text", name_key(pl.col("text"), CODES.name_prefixes).alias("key")).iter_rows())


def test_golden_names() -> None:
    golden = read_golden("names")
    expected = list(golden.select("name_text", "name_key").iter_rows())
    assert keys(golden["written"].to_list()) == expected


def test_no_character_is_left_as_it_is_that_needs_rewriting() -> None:
    """Each of the plane of common characters, rewritten here one by one."""
    meant = dict(CODES.variants.select("written", "meant").iter_rows())
    written = [chr(code) for code in range(1, 0x10000) if not 0xD800 <= code < 0xE000]
    folded = pl.Series(written).str.normalize("NFKC")
    kept = pl.Series(["".join(meant.get(c, c) for c in one) for one in folded]).str.replace_all(
        r"[^\p{Han}A-Za-z0-9]", ""
    )
    expected = [f"甲{one.upper()}乙" for one in kept]
    assert [text for text, _ in keys([f"甲{one}乙" for one in written])] == expected


@settings(deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=8).map("".join))
def test_twice_is_once(name: str) -> None:
    [(text, key)] = keys([name])
    assert keys([text])[0] == (text, key)
    assert keys([key])[0] == (key, key)


@settings(deadline=None)
@given(st.text(max_size=20))
def test_any_text_twice_is_once(name: str) -> None:
    [(text, key)] = keys([name])
    assert keys([key])[0] == (key, key)
    assert text is None or key is not None
