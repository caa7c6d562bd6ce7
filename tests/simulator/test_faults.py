"""Planted faults: what each does to a code or a date, told without the code under test."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from stdnum.cn import uscc

from simulator.codes import make_usccs
from simulator.faults import CODE_FAULTS, known_rows, spoiled_code, with_code_faults, with_list_cases

AS_OF = date(2025, 3, 31)
CODES = make_usccs(np.full(200, 91), np.full(200, 330_382), np.arange(1_000, 1_200))


def as_a_clerk_reads(code: str) -> str:
    return code.replace(" ", "").upper().replace("O", "0").replace("I", "1")


@pytest.mark.parametrize("fault", CODE_FAULTS)
def test_a_spoiled_code_can_be_read_back_exactly_if_so_told(fault: str) -> None:
    spoiled = pl.select(spoiled_code(pl.lit(CODES), pl.lit(fault))).to_series()
    assert all(a != b for a, b in zip(CODES, spoiled, strict=True))
    read = [as_a_clerk_reads(code) for code in spoiled]
    if CODE_FAULTS[fault] == "matched":
        assert read == CODES.to_list()
    else:
        assert not any(uscc.is_valid(code) for code in read)


def test_faulty_rows_keep_their_true_code_and_lost_ones_tell_nothing() -> None:
    rows = pl.DataFrame({"uscc": CODES, "case": pl.Series([None] * len(CODES), dtype=pl.String)})
    faulty = with_code_faults(rows, CODES.head(50), 1.0, np.random.default_rng(1))
    assert faulty["true_uscc"].to_list() == CODES.to_list()
    assert faulty["code_fault"].head(50).null_count() == 50
    lost = faulty["code_fault"].replace_strict(CODE_FAULTS, default="plain") == "out_of_scope"
    assert known_rows(faulty)["uscc"].to_list() == CODES.filter(~lost).to_list()


def test_listings_lie_on_both_sides_of_each_limit() -> None:
    listed = pl.DataFrame({"serial": range(600)}).with_columns(
        start=pl.lit(date(2024, 1, 1)), end=pl.lit(None, dtype=pl.Date)
    )
    cased = with_list_cases(listed, AS_OF)
    day, next_day = AS_OF, AS_OF + timedelta(days=1)
    limits = {"ends_on_day": ("end", day), "ends_next_day": ("end", next_day),
              "starts_on_day": ("start", day), "dated_later": ("start", next_day)}  # fmt: skip
    for case, (column, limit) in limits.items():
        assert set(cased.filter(case=case)[column]) == {limit}
    extracted = cased.filter(pl.col("extract_date") > AS_OF)["case"]
    assert set(extracted) == {"dated_later", "extracted_later"}
    assert (cased.filter(case="dated_later")["extract_date"] == AS_OF).any()
