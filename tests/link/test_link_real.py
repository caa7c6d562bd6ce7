"""Real names, damaged: read where they lie beside the repository; skipped where they are absent."""

from pathlib import Path

import polars as pl
import pytest

from reference.link import load_link_tables
from simulator.link_case import all_links, link_case, prepare_case, score_links
from simulator.link_damage import damaged_case
from simulator.link_real import firms_of

REAL = Path(__file__).parents[3] / "shared" / "data" / "real" / "zhejiang_registrations_real.parquet"


@pytest.mark.skipif(not REAL.exists(), reason="the real register rows are not on this machine")
def test_real_names_link_though_no_weight_was_fitted_on_them() -> None:
    rows = pl.read_parquet(REAL).gather_every(6).select(
        uscc="统一社会信用代码", name="企业名称", address="注册地址",
        est_date=pl.col("注册日期").str.to_date("%Y-%m-%d", strict=False),
    )  # fmt: skip
    prepared = prepare_case(damaged_case(firms_of(rows), 101))
    links = all_links(prepared, link_case(prepared, load_link_tables()))
    whole = score_links(links, prepared.truth).to_dicts()[0]
    assert whole["precision"] >= 0.995
    assert whole["recall"] >= 0.97
