"""Real register rows, read where they lie beside the repository; skipped where they are absent."""

from pathlib import Path

import polars as pl
import pytest
from register_makers import AS_OF, staged

from reference.register import load_register_codes
from transforms.conform import conform_registry

REAL = Path(__file__).parents[3] / "shared" / "data" / "real" / "zhejiang_registrations_real.parquet"


@pytest.mark.skipif(not REAL.exists(), reason="the real register rows are not on this machine")
def test_real_rows_conform() -> None:
    real = pl.read_parquet(REAL).gather_every(10)
    known = real.with_columns(pl.when(pl.all() != "N/A").then(pl.all()))
    rows = known.select(
        uscc="统一社会信用代码",
        ent_name="企业名称",
        ent_type="企业类型",
        city_name="地区",
        dom_addr="注册地址",
    )
    subjects = conform_registry(staged("registry", rows), load_register_codes(), AS_OF).subjects.collect()
    assert subjects.filter(pl.col("uscc_check") == "valid").height > 0.999 * subjects.height
    assert subjects.filter(pl.col("entity_class") == "other").height < 0.001 * subjects.height
    typed = subjects.join(
        rows.with_row_index("row_no", 2).with_columns(pl.col("row_no").cast(pl.Int64)), on="row_no"
    )
    unmapped = pl.col("ent_type").is_not_null() & pl.col("subject_type_code").is_null()
    assert typed.filter(unmapped).height < 0.005 * typed["ent_type"].count()
    city = subjects["city_name"].is_not_null() & (subjects["register_city_code"] == "3300")
    assert not city.any()
    assert subjects["name_key"].null_count() == 0
