"""Two lists for comparing, from a few words on each firm."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl

from reference.batches import load_change_reasons
from reference.tables import load_tables
from transforms.batch_diff import FIELDS, ListSide, batch_changes

TABLES = load_tables()
ENTERPRISE = ("subject_key", "uscc", "register_city_code", "established_on", "disposition", "primary_rule")
JAN, FEB = date(2025, 1, 31), date(2025, 2, 28)
Firms = Mapping[str, dict[str, Any]]
"""Per subject key: disposition, and as wanted rule, severity, category, division_code and fields."""


def side(
    batch_id: str, as_of: date, firms: Firms, cities: tuple[str, ...] = (), version: int = 1
) -> ListSide:
    """Return one list; a firm on it stands in its division, 330106001000 unless told otherwise."""
    enterprises, hits, targets = [], [], []
    for key, told in firms.items():
        place = told.get("division_code", "330106001000")
        known = {"subject_key": key, "uscc": key, "register_city_code": "3301"}
        enterprises.append(
            {
                **known,
                "established_on": told.get("established_on", date(2019, 5, 1)),
                "disposition": told["disposition"],
                "primary_rule": told.get("rule"),
            }
        )
        if rule := told.get("rule"):
            text = {"reason_zh": f"{rule}的原因", "reason_en": f"reason of {rule}"}
            marks = {"severity": told.get("severity", "exclude"), "category": told.get("category", "zombie")}
            hits.append({"subject_key": key, "rule_id": rule, **marks, **text})
        if told["disposition"] == "target":
            codes = {"city_code": f"{place[:4]}00", "county_code": place[:6], "division_code": place}
            plain: dict[str, Any] = dict.fromkeys(FIELDS, False) | {
                "size_class": "micro",
                "priority": 3,
                "flags": "",
            }
            targets.append(known | codes | plain | {f: told[f] for f in FIELDS if f in told})
    return ListSide(
        batch_id,
        version,
        as_of,
        cities,
        enterprises=_frame("enterprises", enterprises).select(ENTERPRISE),
        rule_hits=_frame("rule_hits", hits),
        visit_targets=_frame("visit_targets", targets),
    )


def changes_between(before: ListSide, after: ListSide) -> pl.DataFrame:
    """Return the changes in the declared columns, as the flow asks for them."""
    names = pl.DataFrame(
        [{"field": c.name, "zh": c.zh, "en": c.name} for c in TABLES["visit_targets"].columns]
    )
    found = batch_changes(before, after, load_change_reasons(), names)
    return found.select(TABLES["batch_changes"].column_names).collect().sort("subject_key")


def _frame(table: str, rows: list[dict[str, Any]]) -> pl.LazyFrame:
    return pl.LazyFrame(rows, schema=TABLES[table].polars_schema)
