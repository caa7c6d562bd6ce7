"""What a name is made of."""

from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.register import load_register_codes
from transforms.name_parts import NAME_PARTS, with_name_parts
from transforms.names import name_text

CODES = load_register_codes()
GOLDEN = Path(__file__).parent.parent / "golden" / "link" / "name_parts.csv"
WORDS = [
    "浙江省", "杭州市", "杭州", "萧山", "(杭州)", "（浙江）", "恒达", "东方", "一", "机械", "贸易", "進出口",
    "有限公司", "有限责任公司", "厂", "店", "专业合作社", "西湖分公司", "门市部", " ", "A",
]  # fmt: skip


def parts(names: list[str | None]) -> list[tuple[str | None, ...]]:
    frame = pl.LazyFrame({"name": names}, schema={"name": pl.String})
    return with_name_parts(frame, "name", CODES).select(NAME_PARTS).collect().rows()


def test_golden_parts() -> None:
    golden = pl.read_csv(GOLDEN, infer_schema=False).fill_null("")
    assert parts(golden["written"].to_list()) == golden.select(NAME_PARTS).rows()


def test_no_name_has_no_parts() -> None:
    assert parts([None, "***"]) == [(None,) * 5] * 2


@settings(deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=7).map("".join))
def test_parts_joined_are_the_name_and_split_the_same(name: str) -> None:
    [first] = parts([name])
    if None in first:
        return
    joined = "".join(str(part) for part in first)
    text = pl.DataFrame({"name": [name]}).select(name_text(pl.col("name"), CODES)).item()
    assert sorted(joined) == sorted(text)
    [second] = parts([joined])
    assert "".join(str(part) for part in second) == joined


@settings(deadline=None)
@given(
    st.sampled_from(["恒达", "东方", "宏图伟业"]),
    st.sampled_from(["机械", "贸易", ""]),
    st.sampled_from(["", "杭州市", "浙江"]),
)
def test_a_place_in_front_changes_the_place_only(core: str, trade: str, place: str) -> None:
    assert parts([f"{place}{core}{trade}有限公司"]) == [(place, core, trade, "有限公司", "")]
