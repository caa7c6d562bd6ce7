"""What must hold of any city: decisions partition it, row order is nothing, the future is nothing."""

from datetime import date, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from screening_cases import AS_OF, facts_of, frames

from reference.rules import load_rules
from transforms.screen import PREDICATES, explain_subject, screen_subjects
from transforms.target import decide

RULES = load_rules()
FEED = [2021, 2022, 2023]


def _days(around: date) -> st.SearchStrategy[str]:
    return st.integers(-900, 900).map(lambda days: (around + timedelta(days=days)).isoformat())


def _maybe(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(st.just(""), values)


def _report(year: int) -> st.SearchStrategy[str]:
    figures = st.sampled_from(["0/0/0", "-/0/0", "3/120/4/8/90", "400/90000/12/400/900", "-/-/-"])
    return st.builds("{} {}".format, _days(date(year + 1, 4, 1)), figures)


CASES = st.lists(
    st.fixed_dictionaries(
        {
            "entity_class": st.sampled_from(["enterprise", "branch", "household", "coop", "other"]),
            "status": st.sampled_from(["A", "A", "A", "M", "V", "D", "S", "L", "X", "9"]),
            "established": _maybe(_days(date(2023, 6, 1))),
            "revoked": _maybe(_days(AS_OF)),
            "level": st.sampled_from(["", "county", "township", "community"]),
            "report_2022": _maybe(_report(2022)),
            "report_2023": _maybe(_report(2023)),
            "serious_in": _maybe(_days(AS_OF)),
            "serious_out": _maybe(_days(AS_OF)),
            "published": _maybe(_days(AS_OF)),
            "removed": _maybe(_days(AS_OF)),
            "abnormal_in": _maybe(_days(AS_OF)),
            "abnormal_reason": st.sampled_from(["R1", "R3"]),
            "trade_year": st.sampled_from(["", "2022", "2024", "2025"]),
            "export_wan_usd": st.sampled_from(["", "0", "7"]),
            "census_op": st.sampled_from(["", "1", "2"]),
            "census_industry": st.sampled_from(["", "1311", "5211"]),
        }
    ),
    min_size=1,
    max_size=8,
)


def _outcome(city: dict[str, pl.LazyFrame], as_of: date = AS_OF) -> tuple[pl.DataFrame, pl.DataFrame]:
    facts = facts_of(city, as_of, FEED)
    hits = screen_subjects(facts, RULES, as_of).sort("subject_key", "rule_id")
    decided = decide(facts, hits, RULES.scope("enterprise+coop")).sort("subject_key")
    return hits.collect(), decided.collect()


@settings(max_examples=25, deadline=None)
@given(CASES)
def test_decisions_partition_the_subjects(cases: list[dict[str, str]]) -> None:
    hits, decided = _outcome(frames(cases))
    assert decided["subject_key"].to_list() == [f"S{index:04d}" for index in range(len(cases))]
    assert set(decided["disposition"]) <= {"target", "excluded", "out_of_scope", "superseded"}
    assert not hits.select("subject_key", "rule_id").is_duplicated().any()
    excluding = hits.filter(pl.col("severity") == "exclude")
    excluded = decided.filter(pl.col("disposition") == "excluded")
    assert set(excluded["subject_key"]) <= set(excluding["subject_key"])
    named = excluded.join(
        excluding, left_on=["subject_key", "primary_rule"], right_on=["subject_key", "rule_id"]
    )
    assert named.height == excluded.height
    targets = decided.filter(pl.col("disposition") == "target")
    assert not set(targets["subject_key"]) & set(excluding["subject_key"])


@settings(max_examples=15, deadline=None)
@given(CASES, st.integers(0, 1000))
def test_row_order_changes_nothing(cases: list[dict[str, str]], seed: int) -> None:
    city = frames(cases)
    shuffled = {
        name: frame.collect().sample(fraction=1, shuffle=True, seed=seed).lazy()
        for name, frame in city.items()
    }
    for one, other in zip(_outcome(city), _outcome(shuffled), strict=True):
        assert one.equals(other)


@settings(max_examples=15, deadline=None)
@given(CASES)
def test_evidence_after_the_date_changes_nothing(cases: list[dict[str, str]]) -> None:
    later = {
        "reports_extracted": "2025-04-01", "serious_in": "2020-01-01", "serious_extracted": "2025-04-01",
        "published": "2025-04-01", "abnormal_in": "2025-04-01", "abnormal_reason": "R3",
        "report_2021": "2022-05-01 9/9/9", "customs_code": "3301960000", "customs_extracted": "2025-04-01",
        "trade_year": "2024", "export_wan_usd": "7", "census_inst": "20", "census_extracted": "2025-04-01",
    }  # fmt: skip
    city, future = frames(cases), frames([later] * len(cases))
    same = {"subjects", "placed", "superseded", "parents"}
    both = {name: frame if name in same else pl.concat([frame, future[name]]) for name, frame in city.items()}
    for one, other in zip(_outcome(city), _outcome(both), strict=True):
        assert one.equals(other)


DATED = {
    "liquidations": ("accept_date", {}), "simple_deregistrations": ("ann_start", {"objection": "no"}),
    "forced_deregistrations": ("ann_start", {}), "suspensions": ("from_date", {}),
    "tax_black": ("in_date", {}), "tax_abnormal": ("in_date", {}),
    "penalties": ("decided_on", {"penalty_type": "停产停业"}),
    "onsite_checks": ("checked_on", {"result": "idle", "idle_since": "2020-01-01"}),
    "tax_filings": ("filed_on", {"tax_due": "9"}), "electricity": ("read_on", {"kwh": "9"}),
}  # fmt: skip
"""Of each dated list the date of a record, and what else makes it tell against a firm or for it."""


def _record(source: str, day: str, extracted: str, **more: str) -> dict[str, str]:
    dated_by, told = DATED[source]
    fields = {**told, **more, dated_by: day, "extract_date": extracted}
    return {f"{source}.{name}": cell for name, cell in fields.items()}


def _found_later(day: str, extracted: str) -> dict[str, str]:
    """A record in every list, a finding, decisions and a loan, all dated or handed over so."""
    records = [_record(source, day, extracted) for source in DATED if source != "onsite_checks"]
    checked = _record("onsite_checks", day, extracted, result="operating")
    acts = ("force_out - county", "force_in - province", "release_rule D01 province")
    return {
        **{name: cell for record in (*records, checked) for name, cell in record.items()},
        "false_on": day, "false_extracted": extracted, "loan": "2025-04-01 2026-04-01",
        "overrides": ";".join(f"{act} 2025-01-01 2025-12-31 {day}" for act in acts),
        "overrides_extracted": extracted,
    }  # fmt: skip


@settings(max_examples=10, deadline=None)
@given(CASES, st.sets(st.sampled_from(sorted(DATED))), st.booleans())
def test_records_dated_or_handed_over_after_the_date_change_nothing(
    cases: list[dict[str, str]], known: set[str], is_dated_later: bool
) -> None:
    past = [_record(source, "2025-02-01", "2025-03-31") for source in sorted(known)]
    city = frames([{**case, **{k: v for record in past for k, v in record.items()}} for case in cases])
    days = ("2025-04-01", "2025-03-31") if is_dated_later else ("2025-01-01", "2025-04-01")
    future = frames([_found_later(*days)] * len(cases))
    lists = {*DATED, "false_registrations", "overrides", "loans"}
    both = {name: pl.concat([rows, future[name]]) if name in lists else rows for name, rows in city.items()}
    for one, other in zip(_outcome(city), _outcome(both), strict=True):
        assert one.equals(other)


def test_the_same_records_of_the_date_itself_do_change_the_hits() -> None:
    silent = {"report_2020": "2021-05-01 3/120/4"}
    told = [{**silent, "county": f"3301{n:02}", **_record(source, "2025-03-31", "2025-03-31")}
            for n, source in enumerate(DATED, start=10)]  # fmt: skip
    hits, _ = _outcome(frames([{**silent, "county": "330106"}, *told]))
    rules = hits.group_by("subject_key", maintain_order=True).agg("rule_id").rows_by_key(
        "subject_key", named=False, unique=True
    )  # fmt: skip
    changed = [rules.get(f"S{n:04d}") != rules.get("S0000") for n in range(1, len(told) + 1)]
    assert dict(zip(DATED, changed, strict=True)) == dict.fromkeys(DATED, True)


@settings(max_examples=15, deadline=None)
@given(CASES)
def test_explanation_agrees_with_the_hits_and_covers_every_rule(cases: list[dict[str, str]]) -> None:
    facts = facts_of(frames(cases), AS_OF, FEED)
    told = explain_subject(facts, RULES, AS_OF).collect()
    hits = screen_subjects(facts, RULES, AS_OF).collect()
    assert told.height == len(cases) * len(PREDICATES)
    assert told.select("why_zh", "why_en", "inputs").null_count().sum_horizontal().item() == 0
    fired = told.filter(pl.col("outcome") == "fired").select("subject_key", "rule_id")
    assert fired.sort(pl.all()).equals(hits.select("subject_key", "rule_id").sort(pl.all()))


def test_credit_repair_counts_from_the_removal_day() -> None:
    city = frames(
        [{"serious_in": "2023-01-01", "serious_out": "2025-03-31", "report_2023": "2024-05-01 3/120/4"}]
    )
    before, _ = _outcome(city, date(2025, 3, 30))
    after, decided = _outcome(city, date(2025, 3, 31))
    assert "D01" in before["rule_id"].to_list()
    assert "D01" not in after["rule_id"].to_list()
    assert decided["disposition"].item() == "target"
