"""Overrides: which may stand, what they lift and what they never do, on which day."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from screening_cases import AS_OF, facts_of, frames

from reference.contracts import load_contracts
from reference.rules import load_rules
from reference.text_tables import load_text_tables
from transforms.ingest import Split, type_rows
from transforms.ingest_headers import map_headers
from transforms.override_checks import override_faults
from transforms.screen import explain_subject, screen_subjects
from transforms.target import decide

RULES = load_rules()
HEADERS = [
    "统一社会信用代码", "干预类型", "规则编号", "理由", "文号", "经办人", "批准人", "批准层级", "有效期自",
    "有效期至", "登记日期",
]  # fmt: skip
SOUND = [
    "9133010000T0000011", "解除规则", "Z02", "确在经营", "杭专班〔2025〕1号", "张某某", "张某", "县级",
    "2025-01-01", "2026-01-01", "2025-01-01",
]  # fmt: skip


def _ingested(**changes: str) -> Split:
    places = {"action": 1, "rule_id": 2, "doc_no": 4, "creator": 5, "approver": 6, "level": 7, "to": 9}
    row = list(SOUND)
    for name, text in changes.items():
        row[places[name]] = text
    contract, tables = load_contracts()["overrides"], load_text_tables()
    fields = pl.DataFrame([[2, *row]], schema=["row_no", *(f"f{n}" for n in range(len(row)))], orient="row")
    header_map = map_headers(HEADERS, contract, "f.csv", tables)
    return type_rows(
        fields, header_map, contract, tables, b"k" * 32, lambda rows: override_faults(rows, RULES)
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"approver": "张某某"}, "same_person"), ({"approver": "张 某某"}, "same_person"),
        ({"to": "2026-01-02"}, "valid_too_long"), ({"to": "2024-12-31"}, "ends_before_start"),
        ({"rule_id": ""}, "rule_missing"), ({"rule_id": "Z99"}, "unknown_value"),
        ({"rule_id": "", "action": "强制列入"}, None),
        ({"rule_id": "C01"}, "never_overridden"), ({"rule_id": "C01", "level": "省级"}, "never_overridden"),
        ({"rule_id": "O01", "level": "省级"}, "never_overridden"),
        ({"rule_id": "D01"}, "level_too_low"), ({"rule_id": "D02", "level": "市级"}, "level_too_low"),
        ({"rule_id": "D01", "level": "省级"}, None), ({"doc_no": ""}, "missing_value"),
    ],
)  # fmt: skip
def test_a_decision_stands_or_is_returned_with_its_reason(
    changes: dict[str, str], reason: str | None
) -> None:
    split = _ingested(**changes)
    assert split.rejected["reason_code"].to_list() == ([reason] if reason else [])
    assert split.good.height + split.rejected.height == 1
    told = "".join(str(value) for value in [*split.good.rows(), *split.rejected.rows()])
    assert "张" not in told


def _outcome(case: dict[str, str], day: date = AS_OF) -> tuple[dict[str, str], tuple[object, ...]]:
    facts = facts_of(frames([case]), day, range(2021, day.year))
    hits = screen_subjects(facts, RULES, day).collect()
    decided = decide(facts, hits.lazy(), RULES.scope("enterprise+coop")).collect()
    return dict(hits.select("rule_id", "severity").iter_rows()), decided.row(0)[1:]


STOPPED = {"report_2021": "2022-05-01 3/120/4"}
YEAR = "2025-01-01 2025-12-31"


def test_a_released_hit_is_kept_and_decides_nothing() -> None:
    hits, decided = _outcome({**STOPPED, "overrides": f"release_rule Z02 county {YEAR}"})
    assert hits["Z02"] == "released"
    assert decided == ("target", None, "O03")
    assert _outcome(STOPPED)[1] == ("excluded", "Z02", "")


@pytest.mark.parametrize(
    ("day", "disposition"),
    [
        (date(2024, 12, 31), "excluded"), (date(2025, 1, 1), "target"), (date(2025, 12, 31), "target"),
        (date(2026, 1, 1), "excluded"),
    ],
)  # fmt: skip
def test_a_decision_acts_in_its_term_only(day: date, disposition: str) -> None:
    case = {**STOPPED, "overrides": f"release_rule Z02 county {YEAR}"}
    assert _outcome(case, day)[1][0] == disposition


@pytest.mark.parametrize(
    ("case", "override", "decided"),
    [
        ({"serious_in": "2024-01-01"}, "force_in - county", ("excluded", "D01")),
        ({"serious_in": "2024-01-01"}, "force_in - province", ("target", None)),
        ({"cancelled": "2024-01-01"}, "force_in - province", ("excluded", "C01")),
        (STOPPED, "force_in - county", ("target", None)),
        ({"visits": "2025-02-01 13"}, "force_in - county", ("target", None)),
        ({}, "force_out - county", ("excluded", "O01")),
        ({}, "release_rule O01 county 2025-01-01 2025-12-31;force_out - county", ("excluded", "O01")),
    ],
)
def test_forcing_in_lifts_what_its_level_may(
    case: dict[str, str], override: str, decided: tuple[str, str | None]
) -> None:
    full = {"report_2023": "2024-05-01 3/120/4", **case} if case is not STOPPED else case
    assert _outcome({**full, "overrides": f"{override} {YEAR}"})[1][:2] == decided


def test_a_witnessed_visit_lifts_the_rules_of_inactivity_and_no_other() -> None:
    # The case's own signs of life do not know of the visit: the release alone acts.
    hits, decided = _outcome({**STOPPED, "met": "2025-01-10 13 witnessed"})
    assert (hits["Z02"], decided[0]) == ("released", "target")
    hits, decided = _outcome({**STOPPED, "met": "2025-01-10 13 witnessed", "serious_in": "2024-01-01"})
    assert (hits["D01"], decided[:2]) == ("exclude", ("excluded", "D01"))


def test_the_explanation_names_the_document_and_nobody() -> None:
    case = {**STOPPED, "overrides": f"release_rule Z02 county {YEAR};force_in - county {YEAR}"}
    facts = facts_of(frames([case]), AS_OF, [2021, 2022, 2023])
    told = {row["rule_id"]: row for row in explain_subject(facts, RULES, AS_OF).collect().to_dicts()}
    assert (told["Z02"]["outcome"], told["Z02"]["released_by"]) == ("fired", "干预1号")
    assert "干预2号" in told["O02"]["why_zh"]
    assert told["C01"]["released_by"] is None


@settings(max_examples=8, deadline=None)
@given(st.permutations(range(4)))
def test_the_order_of_decisions_changes_nothing(order: list[int]) -> None:
    kinds = ("release_rule Z02 county", "release_rule Z05 county", "force_in - county", "force_out - county")
    city = frames([{**STOPPED, "overrides": ";".join(f"{kind} {YEAR}" for kind in kinds)}])
    shuffled = {**city, "overrides": city["overrides"].collect()[order].lazy()}
    one, other = (
        screen_subjects(facts_of(c, AS_OF, [2021, 2022, 2023]), RULES, AS_OF).sort("rule_id").collect()
        for c in (city, shuffled)
    )
    assert one.equals(other)
