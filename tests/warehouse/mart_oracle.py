"""The funnel of the golden list worked out a second time, firm by firm: no SQL, no table of the file.

What a firm went through is read off the facts as docs/kpis.md defines it; then regions and sections are
counted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from feedback_case import AS_OF, facts
from golden_case import golden

SECTIONS = ("all", "foreign_trade", "sci_tech", "private", "consumption")
GONE = {"21", "31", "32", "33"}
ANSWERS = {"granted", "refused", "withdrawn"}
Region = tuple[str, str | None, str | None, str | None]
Row = dict[str, Any]


@dataclass(frozen=True)
class Firm:
    """One firm of the list or of the events: where it is, what it is, what happened to it."""

    is_listed: bool
    is_first_priority: bool
    place: tuple[str | None, str | None, str | None]
    sections: frozenset[str]
    visits: Sequence[Row]
    pushes: Sequence[Row]
    answers: Sequence[Row]
    loans: Sequence[Row]
    insured: float


def firms() -> list[Firm]:
    """Return the firms that are on the list or that an event names."""
    told = facts()
    listed = {row["subject_key"]: row for row in golden("firms") if row["disposition"] == "target"}
    keys = listed.keys() | {row["subject_key"] for rows in told.values() for row in rows}
    return [_firm(key, listed.get(key), told) for key in sorted(keys)]


def _firm(key: str, listed: dict[str, str] | None, told: dict[str, list[Row]]) -> Firm:
    own = {table: [row for row in rows if row["subject_key"] == key] for table, rows in told.items()}
    known: Row = listed or next(row for rows in own.values() for row in rows)
    code = known["division_code"] if listed else (known["township_code"] or "") + "000"
    place = (
        f"{code[:4]}00" if code else None,
        code[:6] if code[4:6] not in {"", "00"} else None,
        code[:9] if code[6:9] not in {"", "000"} else None,
    )
    slices = {name for name in SECTIONS[1:] if known[f"is_{name}"] in {True, "true"}}
    insured = sum(row["insured_usd"] for row in own["fact_export_insurance"])
    events = (own[f"fact_{kind}"] for kind in ("visit", "recommendation", "credit", "loan"))
    first = listed is not None and listed["priority"] == "1"
    return Firm(listed is not None, first, place, frozenset(slices | {"all"}), *events, insured)


def counted(firm: Firm) -> Row:
    """Return what one firm adds to each figure of its regions."""
    newest = max(firm.visits, key=lambda v: v["visited_on"], default=None)
    met = [visit for visit in firm.visits if visit["is_effective"]]
    cases = [_case(push, firm.answers) for push in firm.pushes]
    over = [case for case in cases if case["due_on"] < AS_OF]
    declared = any(visit["is_declared"] for visit in firm.visits) or bool(cases)
    flags = {
        "targets": firm.is_listed,
        "visited": bool(firm.visits) and firm.is_listed,
        "visited_off_list": bool(firm.visits) and not firm.is_listed,
        "effective": bool(met),
        "not_found": newest is not None and newest["outcome"] in GONE,
        "needing": any(visit["has_need"] for visit in met),
        "declared": declared,
        "ready": any(visit["is_ready"] for visit in firm.visits),
        "recommended": bool(cases),
        "recommended_due": bool(over),
        "answered_on_time": any(case["answered_on"] <= case["due_on"] for case in over),
        "overdue": any(case["answered_on"] > AS_OF for case in over),
        "credited": any(case["amount"] for case in cases),
        "credited_due": any(case["amount"] for case in over),
        "disbursed": bool(firm.loans),
    }
    paid = {
        name: sum(loan["amount"] for loan in firm.loans if mark is None or loan[mark])
        for name, mark in LOANS.items()
    }
    weight = sum(loan["amount"] * loan["rate"] for loan in firm.loans)
    credit = sum(case["amount"] for case in cases)
    own = {"credit_amount": credit, "loans": len(firm.loans), "insured_usd": firm.insured, "weight": weight}
    targets = {f"{name}_targets": firm.is_listed and name in firm.sections for name in SECTIONS[1:]}
    targets["first_priority_targets"] = firm.is_first_priority
    return {name: int(flag) for name, flag in (flags | targets).items()} | paid | own


LOANS = {
    "loan_amount": None,
    "credit_loan_amount": "is_credit_loan",
    "first_loan_amount": "is_first_loan",
    "renewal_amount": "is_renewal",
}


def _case(push: Row, answers: Sequence[Row]) -> Row:
    own = [answer for answer in answers if answer["rec_id"] == push["rec_id"]]
    clock = min((a["accepted_on"] for a in own if a["accepted_on"]), default=push["pushed_on"])
    answered = [answer["decided_on"] for answer in own if answer["result"] in ANSWERS]
    return {
        "due_on": clock + timedelta(days=30),
        "answered_on": min(answered, default=date.max),
        "amount": sum(answer["credit_amount"] for answer in own if answer["result"] == "granted"),
    }


def funnel() -> dict[tuple[Region, str], Row]:
    """Return every region and section of the golden list that has a firm, with its counts and rates."""
    sums: dict[tuple[Region, str], Row] = {}
    for firm in firms():
        adds = counted(firm)
        for region in _regions(*firm.place):
            for section in firm.sections:
                row = sums.setdefault((region, section), dict.fromkeys(adds, 0))
                for name, value in adds.items():
                    row[name] += value
    return {key: row | rates(row) for key, row in sums.items()}


def _regions(city: str | None, county: str | None, township: str | None) -> Iterator[Region]:
    yield ("province", None, None, None)
    if city != "330200":
        yield ("province_excl_ningbo", None, None, None)
    yield ("city", city, None, None)
    yield ("county", city, county, None)
    yield ("township", city, county, township)


def rates(n: Row) -> Row:
    """Return the rates of one row of counts, null where nothing can be divided by."""
    seen = n["visited"] + n["visited_off_list"]
    parts = {
        "coverage": (n["visited"], n["targets"]),
        "effective_rate": (n["effective"], seen),
        "need_rate": (n["needing"], n["effective"]),
        "declare_rate": (n["declared"], n["effective"]),
        "audit_pass_rate": (n["recommended"], n["declared"]),
        "recommendation_rate": (n["recommended"], seen),
        "credit_rate": (n["credited"], n["recommended"]),
        "credit_rate_due": (n["credited_due"], n["recommended_due"]),
        "on_time_rate": (n["answered_on_time"], n["recommended_due"]),
        "disbursement_rate": (n["disbursed"], n["credited"]),
        "average_rate": (n["weight"], n["loan_amount"]),
        "credit_loan_share": (n["credit_loan_amount"], n["loan_amount"]),
        "first_loan_share": (n["first_loan_amount"], n["loan_amount"]),
        "list_accuracy": (seen - n["not_found"], seen),
    }
    return {name: above / below if below else None for name, (above, below) in parts.items()}
