"""Codes that are not believed, and former names of either side: small frames through every round."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from register_makers import AS_OF, reg_no_of, staged, uscc_of

from reference.link import load_link_tables
from reference.register import load_register_codes
from transforms.conform import conform_registry
from transforms.link import Exact, link_census, prepare_units
from transforms.link_doubt import REFUSED
from transforms.link_probable import Probable, link_left_over

CODES, TABLES = load_register_codes(), load_link_tables()
ONE, TWO, THREE = (uscc_of(f"00T7100{number}") for number in range(3))
HENGDA, HONGYUAN = "杭州恒达机械有限公司", "杭州宏远贸易有限公司"
REGISTER = [
    {"uscc": ONE, "ent_name": HENGDA, "dom_div_code": "330106", "est_date": "2015-03-01"},
    {"uscc": TWO, "ent_name": HONGYUAN, "dom_div_code": "330106", "est_date": "2019-08-01"},
]
Row = dict[str, str | None]


def linked(subjects: list[Row], units: list[Row]) -> tuple[Exact, pl.DataFrame, Probable]:
    """The exact rounds, all links by row number of the unit, and the probabilistic round."""
    rows = [{"est_date": None} | row for row in subjects]
    dated = pl.DataFrame(rows, infer_schema_length=None).with_columns(
        pl.col("est_date").cast(pl.String).str.to_date("%Y-%m-%d")
    )
    register = conform_registry(staged("registry", dated), CODES, AS_OF).subjects.collect()
    named = [{"former_name": None, "unit_type": "1"} | row for row in units]
    prepared = prepare_units(staged("census", named), CODES).collect()
    exact = link_census(prepared.lazy(), register.lazy(), CODES, TABLES)
    links, probable = link_left_over(exact, prepared.lazy(), register.lazy(), CODES, TABLES)
    rows_of = prepared.select("unit_key", "row_no")
    return exact, links.join(rows_of, on="unit_key", validate="1:1").sort("row_no"), probable


def unit(code: str | None, name: str, county: str = "330106", **more: str | None) -> Row:
    return {"unit_code": code, "unit_name": name, "loc_div12": f"{county}001001"} | more


def told(links: pl.DataFrame) -> list[tuple[str | None, str | None, str]]:
    return links.select("subject_key", "method", "outcome").rows()


def test_a_copied_code_is_refused_and_the_unit_finds_its_own_firm_by_name() -> None:
    exact, links, _ = linked(REGISTER, [unit(ONE, HENGDA), unit(ONE, HONGYUAN)])
    assert told(links) == [(ONE, "L1_uscc", "linked"), (TWO, "L4_name_county", "linked")]
    assert exact.refused.schema == REFUSED
    assert exact.refused.select("subject_key", "order", "why").rows() == [(ONE, 1, "code_shared")]


def test_the_owner_of_a_shared_code_is_found_whatever_the_order_of_rows() -> None:
    _, links, _ = linked(REGISTER, [unit(ONE, HONGYUAN), unit(ONE, HENGDA)])
    assert told(links) == [(TWO, "L4_name_county", "linked"), (ONE, "L1_uscc", "linked")]


def test_the_name_of_another_firm_in_the_county_outweighs_the_code() -> None:
    exact, links, _ = linked(REGISTER, [unit(ONE, HONGYUAN)])
    assert told(links) == [(TWO, "L4_name_county", "linked")]
    assert exact.refused["why"].to_list() == ["name_elsewhere"]


def test_two_names_in_two_counties_go_to_people_and_leave_the_subject_free() -> None:
    rows = [unit(ONE, "温州鸿图鞋业有限公司", "330302"), unit(None, "杭州恒达机械有限责任公司")]
    exact, links, probable = linked(REGISTER[:1], rows)
    assert told(links) == [(None, "L1_uscc", "ambiguous"), (ONE, "L4_name_county", "linked")]
    assert exact.refused["why"].to_list() == ["code_against_facts"]
    [shown] = probable.review.select("rank", "subject_key", "probability", "why").rows()
    assert shown == (1, ONE, None, "code_against_facts")
    assert "county=other" in probable.review["agreement"].item()


@pytest.mark.parametrize("column", ["org_code", "reg_no"])
def test_organisation_codes_and_numbers_are_doubted_alike(column: str) -> None:
    value = {"org_code": ONE[8:17], "reg_no": reg_no_of("33010600012345")}[column]
    firm = REGISTER[0] | ({"reg_no": value} if column == "reg_no" else {})
    copied = unit(None, "温州鸿图鞋业有限公司", "330302", **{column: value})
    exact, links, _ = linked([firm], [copied])
    assert links["outcome"].to_list() == ["ambiguous"]
    assert exact.refused["order"].to_list() == [2 if column == "org_code" else 3]


def test_a_firm_renamed_since_stays_linked_by_its_code() -> None:
    _, links, _ = linked(REGISTER[:1], [unit(ONE, "杭州鸿图科技有限公司", open_ym="201503")])
    assert told(links) == [(ONE, "L1_uscc", "linked")]


def test_a_sound_code_of_nobody_still_keeps_its_unit_from_another_firm_of_that_name() -> None:
    _, links, _ = linked(REGISTER, [unit(THREE, HENGDA)])
    assert links["outcome"].to_list() == ["unlinked"]


def test_two_spellings_under_one_code_are_one_firm_and_the_better_one_speaks() -> None:
    _, links, _ = linked(REGISTER, [unit(ONE, "杭州恒达机戒有限公司"), unit(ONE, HENGDA)])
    assert links["outcome"].to_list() == ["secondary", "linked"]


@pytest.mark.parametrize(
    ("subject", "named"),
    [
        ({"former_name": "杭州鸿图机械有限公司"}, unit(None, "鸿图机械有限责任公司")),
        ({}, unit(None, "杭州鸿图机械有限公司", former_name="A公司、杭州恒达机械有限公司")),
        ({"former_name": "鸿图机械厂;杭州旧机械厂"}, unit(None, "新名商行", former_name="杭州旧机械厂")),
    ],
)
def test_former_names_of_either_side_are_asked_in_the_county(subject: Row, named: Row) -> None:
    _, links, _ = linked([REGISTER[0] | subject], [named])
    assert told(links) == [(ONE, "L4_former_name", "linked")]
    _, elsewhere, _ = linked([REGISTER[0] | subject], [named | {"loc_div12": "330302001001"}])
    assert elsewhere["method"].to_list() != ["L4_former_name"]


def test_a_present_name_comes_before_a_former_one() -> None:
    register = [REGISTER[0], REGISTER[1] | {"former_name": HENGDA}]
    _, links, _ = linked(register, [unit(None, HENGDA)])
    assert told(links) == [(ONE, "L4_name_county", "linked")]


def test_a_subject_found_by_present_and_former_names_is_one_candidate() -> None:
    register = [REGISTER[0] | {"former_name": HONGYUAN}]
    _, links, _ = linked(register, [unit(None, "恒达机械商行", former_name=f"{HONGYUAN};{HENGDA}")])
    assert links.select("method", "candidates").rows() == [("L4_former_name", 1)]


names = st.sampled_from([HENGDA, HONGYUAN, "温州鸿图鞋业有限公司", "鸿图鞋业"])
coded = st.builds(
    unit, st.sampled_from([ONE, TWO, THREE, ONE[8:17], None]), names, st.sampled_from(["330106", "330302"])
)


@settings(deadline=None, max_examples=10)
@given(st.lists(coded, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_every_unit_has_one_outcome_and_every_refused_one_a_subject_or_a_review(
    units: list[Row], random: object
) -> None:
    register = [row | {"former_name": "杭州鸿图鞋业有限公司"} for row in REGISTER]
    exact, links, probable = linked(register, units)
    assert links["row_no"].to_list() == list(range(2, len(units) + 2))
    assert links["subject_key"].drop_nulls().is_unique().all()
    open_units = links.filter(pl.col("outcome") != "linked")["unit_key"]
    refused = set(exact.refused["unit_key"])
    assert refused & set(open_units) <= set(probable.review["unit_key"])
    pairs = links.select("unit_key", "subject_key").rows()
    assert not set(exact.refused.filter(pl.col("order") == 1).select("unit_key", "subject_key").rows()) & set(
        pairs
    )
