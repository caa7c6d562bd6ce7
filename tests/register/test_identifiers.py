"""Check digits against python-stdnum, and the repair of damaged codes."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from register_makers import ALPHABET, org_code, read_golden, reg_no_of, uscc_of
from stdnum.cn import uscc as stdnum_uscc

from reference.register import load_register_codes
from transforms.identifiers import (
    check_uscc,
    is_valid_org_code,
    is_valid_reg_no,
    is_valid_uscc,
    repair_uscc,
)

CONFUSIONS = load_register_codes().confusions
bodies = st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=5, max_size=5).map(lambda rest: f"00T{rest}")
codes = st.builds(uscc_of, bodies, st.sampled_from(["330106", "330212", "330783", "331181"]))


def checked(written: list[str | None]) -> list[tuple[str | None, str]]:
    frame = pl.LazyFrame({"no": range(len(written)), "uscc": written}, schema_overrides={"uscc": pl.String})
    result = check_uscc(frame, "uscc", repair_uscc(frame.select("uscc"), CONFUSIONS)).collect().sort("no")
    return list(result.select("uscc", "uscc_check").iter_rows())


def holds(check: pl.Expr, values: list[str]) -> list[bool]:
    return pl.DataFrame({"code": values}).select(check).to_series().to_list()


def test_golden_codes() -> None:
    golden = read_golden("uscc")
    expected = list(golden.select("uscc", "check").iter_rows())
    assert checked(golden["written"].to_list()) == expected


@settings(deadline=None)
@given(st.lists(st.text(ALPHABET, min_size=10, max_size=10), min_size=1, max_size=50), st.data())
def test_uscc_check_agrees_with_stdnum(tails: list[str], data: st.DataObject) -> None:
    heads = data.draw(
        st.lists(st.text("0123456789", min_size=8, max_size=8), min_size=len(tails), max_size=len(tails))
    )
    texts = [head + tail for head, tail in zip(heads, tails, strict=True)]
    sound = [text[:17] + stdnum_uscc.calc_check_digit(text[:17]) for text in texts]
    for values in (texts, sound):
        assert holds(is_valid_uscc(pl.col("code")), values) == [stdnum_uscc.is_valid(v) for v in values]


@pytest.mark.parametrize(
    "text", ["", "9133", "91330100799655058I", "9133010O799655058B", "９1330100799655058B"]
)
def test_what_is_not_a_uscc(text: str) -> None:
    assert holds(is_valid_uscc(pl.col("code")), [text]) == [False]


@settings(deadline=None)
@given(
    st.lists(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=8, max_size=8), min_size=1, max_size=50)
)
def test_org_code_check(many: list[str]) -> None:
    sound = [org_code(body) for body in many]
    wrong = [code[:8] + ("0" if code[8] != "0" else "1") for code in sound]
    assert all(holds(is_valid_org_code(pl.col("code")), sound))
    assert not any(holds(is_valid_org_code(pl.col("code")), wrong))


def test_org_code_of_known_firms() -> None:
    assert all(holds(is_valid_org_code(pl.col("code")), ["799655058", "711192037", "71430580X"]))


@settings(deadline=None)
@given(st.lists(st.text("0123456789", min_size=14, max_size=14), min_size=1, max_size=50))
def test_reg_no_check(many: list[str]) -> None:
    sound = [reg_no_of(first) for first in many]
    wrong = [number[:14] + str((int(number[14]) + 1) % 10) for number in sound]
    assert all(holds(is_valid_reg_no(pl.col("code")), sound))
    assert not any(holds(is_valid_reg_no(pl.col("code")), wrong))


def test_reg_no_vectors() -> None:
    known = ["440301103097413", "330100000012342", "330383600000015", "110108000000016"]
    assert all(holds(is_valid_reg_no(pl.col("code")), known))
    assert not any(holds(is_valid_reg_no(pl.col("code")), ["3303021012389", "", "44030110309741X"]))


@settings(deadline=None)
@given(codes, st.sets(st.sampled_from(["0O", "1I", "2Z", "5S"]), min_size=1))
def test_forced_confusions_are_undone(code: str, pairs: set[str]) -> None:
    written = code
    for right, wrong in pairs:
        written = written.replace(right, wrong)
    assert checked([written]) == [(code, "valid" if written == code else "repaired")]


@settings(deadline=None)
@given(st.lists(codes, min_size=1, max_size=20), st.data())
def test_a_repair_is_sound_and_never_a_second_choice(sound: list[str], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, 17))
    char = data.draw(st.sampled_from(ALPHABET))
    damaged = [code[:place] + char + code[place + 1 :] for code in sound]
    for written, (code, check) in zip(damaged, checked(list(damaged)), strict=True):
        assert code is not None
        # The other library knows digits only in the first place; GB 32100 has A, N and Y there as well.
        by_digit = "9" + code[1:17] if code[0] in "ANY" else code[:17]
        is_shaped = stdnum_uscc.is_valid(by_digit + stdnum_uscc.calc_check_digit(by_digit))
        is_sound = is_shaped and code[17:] == stdnum_uscc.calc_check_digit(code[:17])
        assert is_sound == (check in {"valid", "repaired"})
        assert check != "repaired" or org_code(code[8:16]) == code[8:17]
        assert check == "repaired" or code == written


@settings(deadline=None, max_examples=20)
@given(st.lists(codes, min_size=2, max_size=10))
def test_order_and_company_do_not_matter(sound: list[str]) -> None:
    written = [code.replace("0", "O") if i % 2 else code for i, code in enumerate(sound)]
    alone = [checked([code])[0] for code in written]
    assert checked(list(written)) == alone
    assert checked(list(reversed(written))) == alone[::-1]
