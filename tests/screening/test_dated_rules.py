"""Rules on dated records: removal counts at once, old batches keep their answer, holding back, secrecy."""

import re
from datetime import date, timedelta

import polars as pl
import pytest
from screening_cases import AS_OF, facts_of, frames, rules_if

from flows.steps_evidence import EVENT_DATES
from reference.contracts import load_contracts
from reference.register import load_register_codes
from transforms.evidence import route_evidence
from transforms.loan_evidence import loans
from transforms.screen import explain_subject, screen_subjects
from transforms.target import decide

RULES = rules_if(census_excludes=False)
LIVE = {"report_2023": "2024-05-01 3/120/4"}
LISTS = {
    "C03": ("liquidations", "accept_date", "end_date"),
    "C05": ("forced_deregistrations", "ann_start", "end_date"),
    "C06": ("suspensions", "from_date", "resume_date"),
    "D05": ("tax_black", "in_date", "out_date"),
    "D07f": ("tax_abnormal", "in_date", "out_date"),
    "D08": ("penalties", "decided_on", "publish_end"),
}
TYPED = {"D08": {"penalties.penalty_type": "责令停产停业"}}
CODE = "9133010000T000011E"


def fired(city: dict[str, pl.LazyFrame], as_of: date) -> list[str]:
    facts = facts_of(city, as_of, [2022, 2023])
    return screen_subjects(facts, RULES, as_of).select("rule_id").collect()["rule_id"].to_list()


@pytest.mark.parametrize("rule_id", LISTS)
def test_a_removal_counts_from_its_day(rule_id: str) -> None:
    source, start, end = LISTS[rule_id]
    listed = {f"{source}.{start}": "2025-03-01", f"{source}.{end}": "2025-03-31"}
    city = frames([LIVE | TYPED.get(rule_id, {}) | listed])
    days = [AS_OF + timedelta(days=back) for back in (-1, 0, 1)]
    assert [rule_id in fired(city, day) for day in days] == [True, False, False]


@pytest.mark.parametrize("rule_id", LISTS)
def test_a_batch_made_again_knows_no_removal_told_later(rule_id: str) -> None:
    """The bureau told of the removal on 10 April that it was made on 20 March: the March batch can't know."""
    source, start, end = LISTS[rule_id]
    told = {f"{source}.{start}": "2025-03-01", **TYPED.get(rule_id, {})}
    first = told | {f"{source}.extract_date": "2025-03-15"}
    then = told | {f"{source}.{end}": "2025-03-20", f"{source}.extract_date": "2025-04-10"}
    subjects = frames([LIVE])["subjects"]
    rows = pl.concat([frames([case])[source] for case in (first, then)]).with_columns(
        uscc=pl.lit("S0000"), source_file=pl.lit("a.csv"), row_no=pl.int_range(2, pl.len() + 2)
    )
    for as_of, fires in ((AS_OF, True), (date(2025, 4, 9), True), (date(2025, 4, 10), False)):
        routed = route_evidence(
            rows.drop("subject_key"), subjects, key=load_contracts()[source].key, as_of=as_of,
            confusions=load_register_codes().confusions, dated_by=EVENT_DATES[source],
        )  # fmt: skip
        city = frames([LIVE]) | {source: routed.matched}
        assert (rule_id in fired(city, as_of)) is fires, as_of


def test_every_dated_source_has_its_date() -> None:
    for source, column in EVENT_DATES.items():
        assert load_contracts()[source].column(column).not_null, source


def test_a_firm_held_back_is_excluded_and_comes_back_by_itself() -> None:
    city = frames([LIVE | {"suspensions.from_date": "2025-01-01", "suspensions.to_date": "2025-06-30"}])
    ends = {}
    for as_of in (date(2025, 6, 29), date(2025, 6, 30)):
        facts = facts_of(city, as_of, [2022, 2023])
        hits = screen_subjects(facts, RULES, as_of)
        [decided] = decide(facts, hits, RULES.scope("enterprise")).collect().to_dicts()
        told = hits.filter(pl.col("rule_id") == "C06").select("category", "severity").collect().rows()
        ends[as_of.day] = (decided["disposition"], decided["primary_rule"], told)
    assert ends == {29: ("excluded", "C06", [("closed", "hold")]), 30: ("target", None, [])}


@pytest.mark.parametrize("census_excludes", [False, True])
def test_no_census_figure_is_told_by_hit_or_explanation(*, census_excludes: bool) -> None:
    figures = {"census_staff": "77123", "census_revenue_wan": "88234", "census_assets_wan": "99345"}
    census = {"census_op": "2", "census_check": "5", "census_inst": "20", "census_industry": "6621"}
    marked = {"abnormal_reason": "R4", "abnormal_in": "2022-01-01", "report_2023": "2024-05-01 0/1/0"}
    city = frames(
        [{**figures, **census, **marked, "entity_class": kind} for kind in ("enterprise", "household")]
    )
    rules = rules_if(census_excludes=census_excludes)
    facts = facts_of(city, AS_OF)
    frames_told = [screen_subjects(facts, rules, AS_OF), explain_subject(facts, rules, AS_OF)]
    texts = [str(cell) for frame in frames_told for row in frame.collect().rows() for cell in row]
    assert len(texts) > 500
    assert not [text for text in texts if re.search("77123|88234|99345", text)]
    excluding = frames_told[0].filter(pl.col("severity") == "exclude").collect()["rule_id"].to_list()
    assert {"Z04", "Z06", "P01", "P02", "P03"} & set(excluding) == (
        {"Z04", "Z06", "P01", "P02", "P03"} if census_excludes else set()
    )


def test_loans_are_those_paid_out_and_those_a_book_holds_in_order() -> None:
    paid = pl.LazyFrame(
        {"uscc": [CODE, CODE, None], "paid_on": [date(2024, 1, 31), date(2025, 4, 1), date(2024, 1, 1)],
         "term_months": [13, 12, 12]}, schema_overrides={"uscc": pl.String}
    )  # fmt: skip
    book = pl.LazyFrame(
        {"uscc": ["A", "B", "C"], "reported_on": [date(2025, 3, 1)] * 3, "balance": [1.0, 0.0, 5.0],
         "matures_on": [date(2025, 3, 1), date(2026, 1, 1), date(2025, 2, 28)]}
    )  # fmt: skip
    assert loans(paid, book, AS_OF).collect().rows() == [
        (CODE, date(2024, 1, 31), date(2025, 2, 28)),
        ("A", date(2025, 3, 1), date(2025, 3, 1)),
    ]
