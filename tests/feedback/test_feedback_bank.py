"""Bank feeds: what they refer to, in whatever order it comes."""

from datetime import date
from typing import Any

import pytest
from feedback_makers import AS_OF, feed, firms, no_faults

from transforms.feedback import Settled
from transforms.feedback_bank import (
    bank_facts,
    check_credits,
    check_insurance,
    check_loans,
    check_recommendations,
    check_renewals,
)

PUSH = {"rec_id": "R1", "uscc": "A", "push_date": date(2025, 4, 10), "bank_code": "B1"}
GRANT = {"rec_id": "R1", "decide_date": date(2025, 4, 20), "result": "granted", "credit_amt": 100}
LOAN = {"loan_id": "L1", "rec_id": "R1", "uscc": "A", "pay_date": date(2025, 4, 25), "amt": 100}
Row = dict[str, Any]


def settled(pushes: list[Row], grants: list[Row], loans: list[Row]) -> dict[str, Settled]:
    known = firms("A", "B")
    pushed = check_recommendations(feed("recommendations", *pushes), no_faults(), known, AS_OF)
    decided = check_credits(feed("credits", *grants), no_faults(), pushed.used, AS_OF)
    return {
        "recommendations": pushed,
        "credits": decided,
        "loans": check_loans(feed("loans", *loans), no_faults(), pushed.used, decided.used, AS_OF),
        "renewals": check_renewals(feed("renewals"), no_faults(), known, AS_OF),
        "export_insurance": check_insurance(feed("export_insurance"), no_faults(), known, AS_OF),
    }


def ends(found: Settled) -> list[str]:
    return found.rows["status"].to_list()


def test_a_decision_before_its_recommendation_and_a_loan_before_its_decision_wait() -> None:
    early = settled([], [GRANT], [LOAN])
    assert (ends(early["credits"]), ends(early["loans"])) == (["waiting"], ["waiting"])
    undecided = settled([PUSH], [], [LOAN])
    assert ends(undecided["loans"]) == ["waiting"]
    whole = settled([PUSH], [GRANT], [LOAN])
    assert (ends(whole["credits"]), ends(whole["loans"])) == (["used"], ["used"])


def test_a_refused_firm_has_no_loan() -> None:
    refused = settled([PUSH], [GRANT | {"result": "refused"}], [LOAN])
    assert ends(refused["loans"]) == ["waiting"]


@pytest.mark.parametrize(
    ("change", "issue"),
    [
        ({"decide_date": date(2025, 4, 9)}, "before_push"),
        ({"decide_date": date(2025, 6, 21)}, "after_as_of"),
        ({"result": None}, "decision_without_result"),
        ({"decide_date": None}, "missing_value"),
        ({"credit_amt": None}, "granted_without_amount"),
    ],
)
def test_a_wrong_decision_is_returned(change: Row, issue: str) -> None:
    found = settled([PUSH], [GRANT | change], [])["credits"]
    assert ends(found) == ["rejected"]
    assert found.issues["issue"].to_list() == [issue]


@pytest.mark.parametrize(
    ("change", "issue"),
    [
        ({"uscc": "B"}, "uscc_of_other_firm"),
        ({"amt": 0}, "not_positive"),
        ({"pay_date": date(2025, 4, 9)}, "before_push"),
    ],
)
def test_a_wrong_loan_is_returned(change: Row, issue: str) -> None:
    found = settled([PUSH], [GRANT], [LOAN | change])["loans"]
    assert (ends(found), found.issues["issue"].to_list()) == (["rejected"], [issue])


def test_a_recommendation_of_a_firm_nobody_knows_is_returned() -> None:
    found = settled([PUSH | {"uscc": "Q"}], [], [])["recommendations"]
    assert (ends(found), found.issues["issue"].to_list()) == (["rejected"], ["unknown_firm"])


def test_a_loan_told_twice_counts_once_as_the_newest_file_has_it() -> None:
    later = LOAN | {"amt": 90, "extract_date": date(2025, 5, 1)}
    found = settled([PUSH], [GRANT], [later, LOAN])
    assert ends(found["loans"]) == ["used", "superseded"]
    assert bank_facts(found)["fact_loan"].select("uscc", "amount").rows() == [("A", 90)]
