"""Size, figures and tags against golden tables; the size table is checked against the official one."""

from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from screening_cases import AS_OF, facts_of, frames, read_cases

from reference.classes import SIZE_DIR, load_classes
from transforms.classify import CLASS_COLUMNS

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "standards"


def _classified(cases: list[dict[str, str]]) -> list[dict[str, object]]:
    facts = facts_of(frames(cases), AS_OF).sort("subject_key").select(CLASS_COLUMNS).collect()
    rows: list[dict[str, object]] = facts.to_dicts()
    return rows


def _yuan(text: str) -> Decimal | None:
    return Decimal(text) * 10_000 if text else None


def test_size_class_of_every_group_on_both_sides_of_every_limit() -> None:
    cases = read_cases("size_class")
    filed = [
        {
            "industry": case["industry"],
            "report_2023": "2024-05-01 -/{}/-/{}/{}".format(
                *(case[name] or "-" for name in ("revenue_wan", "employees", "assets_wan"))
            ),
        }
        for case in cases
    ]
    got = [(row["size_class"], row["size_confidence"]) for row in _classified(filed)]
    assert got == [(case["size_class"], case["size_confidence"]) for case in cases]


def test_figures_come_from_the_newest_year_that_states_them() -> None:
    cases = read_cases("figures")
    for case, row in zip(cases, _classified(cases), strict=True):
        expected = {
            "employees": int(case["employees"]) if case["employees"] else None,
            "revenue_yuan": _yuan(case["revenue_wan"]),
            "assets_yuan": _yuan(case["assets_wan"]),
            "size_class": case["size_class"],
            "size_confidence": case["size_confidence"],
        }
        assert {name: row[name] for name in expected} == expected, case["case"]


def test_tags_and_priority() -> None:
    cases = read_cases("tags")
    tags = [name for name in cases[0] if name.startswith("is_")]
    for case, row in zip(cases, _classified(cases), strict=True):
        expected = {name: case[name] == "yes" for name in tags} | {"priority": int(case["priority"])}
        assert {name: row[name] for name in expected} == expected, case["case"]


def test_money_stays_decimal() -> None:
    schema = facts_of(frames([{}]), AS_OF).collect_schema()
    assert schema["revenue_yuan"] == schema["assets_yuan"] == pl.Decimal(18, 2)


def test_every_industry_code_has_a_size_group_or_says_that_one_stands_in() -> None:
    industries = load_classes().industries
    assert industries["industry_as_written"].is_unique().all()
    assert industries.filter(
        pl.col("employees_large_from").is_null() & pl.col("revenue_yuan_large_from").is_null()
    ).is_empty()
    left_out = industries.filter("is_proxy_group")["industry_code"].drop_nulls().str.slice(0, 2).unique()
    assert {"53", "66", "83", "84", "97"} <= set(left_out)
    assert not {"01", "13", "47", "51", "65", "72", "85", "90"} & set(left_out)


def test_size_thresholds_equal_the_shared_table() -> None:
    source = SHARED / "enterprise_size_thresholds_2017.csv"
    if not source.exists():
        pytest.skip(f"{source.name} is not here")
    factor = pl.when(pl.col("unit") == "万元").then(10_000).otherwise(1)
    theirs = pl.read_csv(source).select(
        "industry", *((pl.col(c) * factor).cast(pl.Int64) for c in ("large_ge", "medium_ge", "small_ge"))
    )
    ours = pl.read_csv(SIZE_DIR / "size_thresholds.csv").select(
        "group_zh", "large_from", "medium_from", "small_from"
    )
    assert ours.rows() == theirs.rows()
