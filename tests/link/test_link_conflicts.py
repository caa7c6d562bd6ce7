"""Conflicts K1 to K10: found, and decided by the stated order."""

from datetime import date
from pathlib import Path

import polars as pl

from reference.link import load_conflict_order
from transforms.link_conflicts import CONFLICTS, beside_links, link_conflicts, open_units, told_units

CENSUS_ON = date(2023, 12, 31)
GOLDEN = Path(__file__).parent.parent / "golden" / "link" / "conflicts.csv"
NO_UNITS = pl.Schema({"unit_key": pl.String, "subject_key": pl.String, "outcome": pl.String})


def decided(cases: pl.DataFrame, open_units: pl.DataFrame | None = None) -> pl.DataFrame:
    day = pl.col("approved_on", "live_on").str.to_date("%Y-%m-%d")
    rows = cases.with_columns(
        day,
        pl.col("^.*employees.*$").cast(pl.Int64),
        subject_key="case",
        unit_key=pl.lit("u-") + pl.col("case"),
    ).lazy()
    subjects = rows.select(
        "subject_key", "status", "name_key", "approved_on", register_county_code="county",
        industry_code="industry", entity_class=pl.lit("enterprise"), established_on=pl.lit(date(2015, 1, 1)),
    )  # fmt: skip
    units = rows.select(
        "subject_key", "unit_key", "op_status", name_key="unit_name_key", loc_county_code="loc_county",
        ind_code="unit_industry", link_strength="strength",
    )  # fmt: skip
    other = {
        f"{name}_{year}": pl.lit(None, pl.Int64)
        for name in ("revenue_yuan", "assets_yuan")
        for year in (2023, 2024)
    }
    gathered = rows.select(
        "subject_key", "^employees_.*$", "census_employees", live_report_on="live_on",
        live_trade_on=pl.lit(None, pl.Date), census_revenue_yuan=pl.lit(None, pl.Int64),
        census_assets_yuan=pl.lit(None, pl.Int64), **other,
    )  # fmt: skip
    rest = pl.LazyFrame(schema=NO_UNITS) if open_units is None else open_units.lazy()
    moved = rows.filter(pl.col("by_visit") == "yes").select("subject_key")
    return link_conflicts(subjects, units, gathered, rest, load_conflict_order(), CENSUS_ON, moved).collect()


def test_golden_conflicts() -> None:
    cases = pl.read_csv(GOLDEN, infer_schema=False)
    said = (
        decided(cases)
        .sort("conflict")
        .select(case="subject_key", said=pl.concat_str("conflict", "winner", "reason", separator=":"))
    )
    by_case = said.group_by("case", maintain_order=True).agg(pl.col("said").str.join(" "))
    found = cases.join(by_case, on="case", how="left", maintain_order="left")
    assert found["said"].to_list() == found["expected"].to_list()


def test_units_of_nobody_and_further_units() -> None:
    open_units = pl.DataFrame(
        {"unit_key": ["a", "b", "c", "d"], "subject_key": [None, "agreement", None, None],
         "outcome": ["unlinked", "secondary", "ambiguous", "secondary"]}, schema=NO_UNITS,
    )  # fmt: skip
    cases = pl.read_csv(GOLDEN, infer_schema=False).filter(pl.col("case") == "agreement")
    rows = decided(cases, open_units).select("conflict", "unit_key", "winner").rows()
    assert sorted(rows) == [("K10", "b", "census"), ("K7", "a", "none")]


def test_subjects_without_a_unit() -> None:
    subjects = pl.DataFrame(
        {
            "subject_key": ["old", "new", "farm", "shop"],
            "established_on": [CENSUS_ON, date(2024, 1, 1), CENSUS_ON, CENSUS_ON],
            "industry_code": ["C1811", None, "A0141", "F5211"],
            "entity_class": ["enterprise", "enterprise", "enterprise", "household"],
            "status": "A", "name_key": "甲", "approved_on": CENSUS_ON, "register_county_code": "330106",
        }
    ).lazy()  # fmt: skip
    units = pl.LazyFrame(
        schema=dict.fromkeys(
            (
                "subject_key",
                "unit_key",
                "op_status",
                "name_key",
                "loc_county_code",
                "ind_code",
                "link_strength",
            ),
            pl.String,
        )
    )
    gathered = subjects.select("subject_key", live_report_on="established_on", live_trade_on="established_on")
    rest = pl.LazyFrame(schema=NO_UNITS)
    order, moved = load_conflict_order(), pl.LazyFrame(schema={"subject_key": pl.String})
    found = link_conflicts(subjects, units, gathered, rest, order, CENSUS_ON, moved).collect()
    assert sorted(found.select("subject_key", "conflict").rows()) == [("new", "K9"), ("old", "K8")]


def test_every_conflict_has_a_last_line_that_always_holds_and_no_figure_is_told() -> None:
    order = load_conflict_order()
    last = order.sort(pl.col("order").cast(pl.Int64)).unique("conflict", keep="last", maintain_order=True)
    assert set(last["condition"]) == {"always"}
    assert set(order["conflict"]) == {f"K{number}" for number in range(1, 11)}
    assert list(CONFLICTS) == ["conflict", "subject_key", "unit_key", "winner", "loser", "reason"]


def links_of_one_firm_and_open_units() -> pl.LazyFrame:
    units = pl.DataFrame(
        [
            ("linked", "ORG", "330200", None),
            ("second", "ORG", "330200", None),
            ("registered", "ALONE", "330200", "330100"),
            ("at work", "OTHER", None, "330200"),
            ("outside", None, "310100", "330200"),
            ("nowhere", None, None, None),
        ],
        schema=["unit_key", "organisation", "reg_county_code", "loc_county_code"],
        orient="row",
    ).with_columns(source_file=pl.lit("a"), row_no=pl.lit(1), _bucket=pl.lit("3301"))
    links = units.select("unit_key", *beside_links()).with_columns(
        pl.Series("subject_key", ["FIRM", *[None] * 5], pl.String),
        pl.Series("register_city_code", ["3301", *[None] * 5], pl.String),
        pl.Series("outcome", ["linked", "secondary", *["unlinked"] * 4]),
        method=pl.lit("L1_uscc"),
        strength=pl.lit("exact"),
    )
    return links.lazy()


def places_of_open_units(links: pl.LazyFrame, refused: list[tuple[str, int]]) -> set[tuple[str | None, ...]]:
    doubts = pl.DataFrame(refused, schema={"unit_key": pl.String, "order": pl.Int32}, orient="row")
    found = open_units(told_units(links, doubts), pl.Series(["3302", "3301"])).collect()
    return set(found.select("unit_key", "subject_key", "register_city_code").rows())


def test_an_open_unit_goes_to_its_organisations_subject_else_where_it_says_else_to_the_first_city() -> None:
    assert places_of_open_units(links_of_one_firm_and_open_units(), refused=[("linked", 3)]) == {
        ("second", "FIRM", "3301"),
        ("registered", None, "3302"),
        ("at work", None, "3302"),
        ("outside", None, "3301"),
        ("nowhere", None, "3301"),
    }


def test_a_unit_whose_code_was_not_believed_is_no_second_unit_of_the_codes_organisation() -> None:
    found = places_of_open_units(links_of_one_firm_and_open_units(), refused=[("second", 1)])
    assert ("second", None, "3302") in found
