"""What came back on the golden list (tests/golden/warehouse/firms.csv) as facts, at the end of May."""

from datetime import date
from pathlib import Path
from typing import Any

from warehouse_makers import Rows, write_table

from warehouse.feedback import FeedbackFiles

AS_OF = date(2025, 5, 31)
BATCH = "ZJ-202503-31"
HOME: dict[str, dict[str, Any]] = {
    "甲": {"place": "330106001", "is_foreign_trade": True, "is_private": True},
    "乙": {"place": "330106001", "is_sci_tech": True, "is_private": True},
    "丙": {"place": "330106001", "is_private": True, "is_consumption": True},
    "丁": {"place": "330106"},
    "己": {"place": "330203009", "is_foreign_trade": True, "is_sci_tech": True, "is_private": True},
    "辛": {"place": "330106001", "is_private": True, "is_on_list": False},
}


def firm_of(key: str) -> dict[str, Any]:
    """Return what every fact says of a firm."""
    own = dict(HOME[key])
    place = own.pop("place")
    slices = dict.fromkeys(("is_foreign_trade", "is_sci_tech", "is_private", "is_consumption"), False)
    return slices | {
        "batch_id": BATCH, "subject_key": key, "uscc": key, "is_on_list": True,
        "city_code": f"{place[:4]}00", "county_code": place[:6],
        "township_code": place if len(place) == 9 else None,
    } | own  # fmt: skip


def day(text: str) -> date:
    return date.fromisoformat(f"2025-{text}")


def visit(key: str, on: str, outcome: str, *, ready: bool | None = None, **more: object) -> dict[str, Any]:
    wants = outcome == "11"
    return firm_of(key) | {
        "visited_on": day(on), "outcome": outcome, "is_effective": outcome in {"11", "12", "13", "14", "15"},
        "has_need": wants, "is_declared": wants, "is_ready": ready, "event_id": f"v{key}{on}",
        "need_amount": 1_000_000 if wants else None, "purpose_code": "1" if wants else None,
    } | more  # fmt: skip


def push(rec: str, key: str, on: str, bank: str) -> dict[str, Any]:
    return firm_of(key) | {
        "rec_id": rec, "pushed_on": day(on), "bank_code": bank, "bank_name": f"{bank}银行", "event_id": rec,
    }  # fmt: skip


def loan(number: str, on: str, amount: int, rate: float, *, credit: bool, first: bool) -> dict[str, Any]:
    return firm_of("甲") | {
        "loan_id": number, "rec_id": "R1", "bank_code": "B1", "paid_on": day(on), "amount": amount,
        "rate": rate,
        "is_credit_loan": credit, "is_first_loan": first, "is_renewal": False, "event_id": number,
    }  # fmt: skip


def held(number: str, key: str, on: date, balance: int, matures: str, no_repay: bool, **more: object) -> Any:  # noqa: ANN401
    return firm_of(key) | {
        "loan_id": number, "bank_code": "B1", "bank_name": "B1银行", "reported_on": on, "balance": balance,
        "matures_on": day(matures), "is_no_repay_renewal": no_repay, "event_id": f"{number}{on}",
    } | more  # fmt: skip


def facts() -> dict[str, Rows]:
    """Return the facts by table."""
    may = day("05-30")
    answer = firm_of("甲") | {
        "rec_id": "R1", "bank_code": "B1", "accepted_on": day("04-11"), "decided_on": day("04-20"),
        "result": "granted", "credit_amount": 800_000, "rate": 4.0, "event_id": "c1",
    }  # fmt: skip
    yes = {"has_wish": True, "is_eligible": True}
    return {
        "fact_visit": [
            visit("甲", "04-02", "11", ready=True), visit("乙", "04-05", "13"), visit("丙", "04-10", "31"),
            visit("己", "04-03", "11"), visit("丁", "05-02", "11", ready=False, v1=True, v2=False),
            visit("辛", "04-06", "33", excluded_by="C01"),
        ],
        "fact_recommendation": [
            push("R1", "甲", "04-10", "B1"), push("R2", "己", "04-12", "B2"), push("R3", "甲", "05-20", "B2"),
        ],
        "fact_credit": [answer],
        "fact_loan": [
            loan("L1", "04-25", 500_000, 4.0, credit=True, first=False),
            loan("L2", "05-05", 300_000, 5.0, credit=False, first=True),
        ],
        "fact_export_insurance": [
            firm_of("己")
            | {"policy_id": "P1", "month": day("05-01"), "insured_usd": 100_000, "event_id": "p1"}
        ],
        "fact_renewal": [
            held("K1", "甲", may, 200_000, "06-20", True, contacted_on=day("05-10"), result="renewed", **yes),
            held("K2", "己", may, 100_000, "06-25", False),
            held("K3", "乙", may, 50_000, "08-15", True),
            held("K4", "丙", may, 10_000, "03-01", False, **yes),
            held("K1", "甲", date(2024, 12, 31), 150_000, "06-20", True),
            held("K1", "甲", date(2024, 5, 20), 100_000, "06-20", True),
        ],
    }  # fmt: skip


def feedback_files(folder: Path, tables: dict[str, Rows] | None = None) -> FeedbackFiles:
    """Write the facts and return what a build takes."""
    written = facts() if tables is None else tables
    files = {name: write_table(folder / f"{name}.parquet", name, rows) for name, rows in written.items()}
    return FeedbackFiles("golden", AS_OF, files)
