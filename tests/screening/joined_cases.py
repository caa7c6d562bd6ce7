"""Cases of facts that are joined to a subject's own: findings, sharing, overrides, visits, trade, loans.

Here: their columns and how a line of a golden table says them.  Not here: the rest (screening_cases.py).
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import polars as pl

from transforms.shared_counts import SHARED
from transforms.visit_evidence import VISITS

Case = Mapping[str, str]

SCHEMAS: dict[str, dict[str, type[pl.DataType] | pl.DataType]] = {
    "false_registrations": {
        "subject_key": pl.String, "in_date": pl.Date, "out_date": pl.Date, "doc_no": pl.String,
        "extract_date": pl.Date,
    },
    "overrides": {
        "subject_key": pl.String, "action": pl.String, "rule_id": pl.String, "doc_no": pl.String,
        "level": pl.String, "valid_from": pl.Date, "valid_to": pl.Date, "created_on": pl.Date,
        "extract_date": pl.Date,
    },
    "met": dict(VISITS),
    "shared": dict(SHARED),
}  # fmt: skip


def false_registrations(key: str, case: Case) -> list[dict[str, object]]:
    if not case.get("false_on"):
        return []
    dates = {"in_date": day_of(case["false_on"]), "out_date": day_of(case.get("false_out"))}
    extracted = day_of(case.get("false_extracted"))
    return [{"subject_key": key, **dates, "doc_no": f"撤字{key}号", "extract_date": extracted}]


def shared(key: str, case: Case) -> list[dict[str, object]]:
    """Counts and listings as the shared step hands them on, each in a column of its own name."""
    told = {name: case.get(name) for name in SHARED if case.get(name)}
    if not told:
        return []
    read = {pl.Int64: number_of, pl.Date: day_of, pl.String: str}
    return [
        {"subject_key": key, **{name: read[SHARED[name].base_type()](text) for name, text in told.items()}}
    ]


def overrides(key: str, case: Case) -> list[dict[str, object]]:
    """Cells such as `release_rule Z02 county 2025-01-01 2025-12-31`, several apart by `;`.

    A further word is the day it was made, else the first; `-` stands for no rule.
    """
    told = [cell.split() for cell in (case.get("overrides") or "").split(";") if cell]
    return [
        {
            "subject_key": key, "action": action, "rule_id": None if rule == "-" else rule, "level": level,
            "extract_date": day_of(case.get("overrides_extracted")), "doc_no": f"干预{number}号",
            "valid_from": day_of(start), "valid_to": day_of(end), "created_on": day_of((more or [start])[0]),
        }
        for number, (action, rule, level, start, end, *more) in enumerate(told, start=1)
    ]  # fmt: skip


def met(key: str, case: Case) -> list[dict[str, object]]:
    """Cells such as `2025-01-10 13 witnessed`."""
    if not case.get("met"):
        return []
    day, outcome, *witnessed = case["met"].split()
    told = {"is_alive": outcome in {"11", "12", "13", "14"}, "is_witnessed": bool(witnessed)}
    return [{"uscc": case.get("uscc") or key, "visited_on": day_of(day), "outcome": outcome, **told}]


def day_of(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def number_of(text: str | None) -> int | None:
    return int(text) if text and text != "-" else None


def loan(key: str, case: Case) -> list[dict[str, object]]:
    """A cell such as `2024-05-01 2025-05-01`: seen on, ends on."""
    seen, *ends = (case.get("loan") or "").split(" ")
    if not seen:
        return []
    return [
        {"uscc": case.get("uscc") or key, "seen_on": day_of(seen), "ends_on": day_of(ends[0] if ends else "")}
    ]


def trade(key: str, case: Case) -> list[dict[str, object]]:
    if not (case.get("customs_code") or case.get("trade_year")):
        return []
    return [
        {
            "subject_key": key,
            "customs_code": case.get("customs_code") or None,
            "reg_date": day_of(case.get("customs_from")),
            "cancel_date": day_of(case.get("customs_to")),
            "trade_year": number_of(case.get("trade_year")),
            "export_usd": wan(case.get("export_wan_usd")),
            "import_usd": None,
            "extract_date": day_of(case.get("customs_extracted")),
        }
    ]


def tech(key: str, case: Case) -> list[dict[str, object]]:
    if not case.get("tech_tag"):
        return []
    dates = {"valid_from": day_of(case.get("tech_from")), "valid_to": day_of(case.get("tech_to"))}
    return [{"subject_key": key, "tag": case["tech_tag"], **dates, "extract_date": None}]


def wan(text: str | None) -> Decimal | None:
    return Decimal(text) * 10_000 if text and text != "-" else None


def visits(key: str, case: Case) -> list[dict[str, object]]:
    """Cells such as `2025-01-10 13`, several apart by `;`."""
    grounds = {name: case.get(name) == "yes" for name in ("need_changed", "renewal_due")}
    told = [visit.split() for visit in (case.get("visits") or "").split(";") if visit]
    return [
        {
            "uscc": case.get("uscc") or key,
            "visited_on": day_of(day),
            "outcome": outcome,
            "is_alive": outcome in {"11", "12", "13", "14"},
            **grounds,
        }
        for day, outcome in told
    ]


def unit(key: str, case: Case) -> list[dict[str, object]]:
    if not any(value for name, value in case.items() if name.startswith("census_")):
        return []
    return [
        {
            "subject_key": key,
            "link_strength": case.get("census_link") or "exact",
            "ind_code": case.get("census_industry") or None,
            "control": case.get("census_control") or None,
            "op_status": case.get("census_op") or None,
            "inst_type": case.get("census_inst") or None,
            "check_result": case.get("census_check") or None,
            "emp_end": number_of(case.get("census_staff")),
            "revenue": wan(case.get("census_revenue_wan")),
            "assets": wan(case.get("census_assets_wan")),
            "fixed_premises": case.get("census_premises") or None,
            "extract_date": day_of(case.get("census_extracted")),
        }
    ]
