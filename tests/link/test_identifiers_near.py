"""Codes one slip away."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import uscc as stdnum_uscc

from simulator.codes import make_usccs
from transforms.identifiers_near import near_codes

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def sound(serial: int) -> str:
    import numpy as np

    return str(make_usccs(np.array([91]), np.array([330106]), np.array([serial]))[0])


def near(code: str) -> set[str]:
    return set(near_codes(pl.LazyFrame({"code": [code]})).collect()["near"])


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 20_000_000), st.integers(0, 17), st.sampled_from(ALPHABET + "IOSVZ"))
def test_one_wrong_character_is_found_again(serial: int, at: int, letter: str) -> None:
    code = sound(serial)
    damaged = code[:at] + letter + code[at + 1 :]
    if not stdnum_uscc.is_valid(damaged):
        assert code in near(damaged)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 20_000_000), st.integers(0, 16))
def test_two_neighbours_changed_round_are_found_again(serial: int, at: int) -> None:
    code = sound(serial)
    damaged = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
    if damaged != code and not stdnum_uscc.is_valid(damaged):
        assert code in near(damaged)


def test_few_candidates_and_all_of_them_sound() -> None:
    found = near(sound(77)[:12] + "7" + sound(77)[13:])
    assert len(found) < 12
    assert all(stdnum_uscc.is_valid(code) for code in found)
