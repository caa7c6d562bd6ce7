"""How the batch of a run differs from the one before it, as plain values for the run report.

Here: reading both out of one warehouse file, the words of an alert.
Not here: the comparison (transforms/drift.py), the limits (reference/gates/drift.yml).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from reference.contracts import load_contracts
from reference.divisions import name_of
from reference.drift import DriftLimit, load_drift
from reference.tables import load_tables
from transforms.drift import ALL, batch_counts, drift
from warehouse.read import Row, read_account, read_batch_before, read_county_counts, read_county_exclusions

POOL = "待认领"
CATEGORIES = {
    ALL: "全部 all",
    "closed": "已退出 closed",
    "dishonest": "失信 dishonest",
    "zombie": "僵尸 zombie",
    "shell": "空壳 shell",
    "out_of_scope": "非走访对象 out of scope",
}
_COUNTY = {"city_code": pl.String, "county_code": pl.String}
_COUNTS = {**_COUNTY, "targets": pl.Int64, "placed_targets": pl.Int64, "excluded": pl.Int64}
_EXCLUSIONS = {**_COUNTY, "category": pl.String, "excluded": pl.Int64}
_ACCOUNT = {"source": pl.String, "rows_in": pl.Int64, "used": pl.Int64, "quarantined": pl.Int64}


def batch_drift(warehouse: Path, batch_id: str) -> dict[str, Any]:
    """Return before (the batch compared with, or null), alerts, limits and changes.

    `changes` has one object per figure with the names of its county and city; `alerts` are those of them that
    pass their limit, with `text` for a person and the limit's `remedy`. Nothing but counts is read.
    """
    before, limits = read_batch_before(warehouse, batch_id), load_drift()
    told = [{k: v for k, v in vars(one).items() if k != "max_change_by_source"} for one in limits.values()]
    if before is None:
        return {"before": None, "alerts": [], "limits": told, "changes": []}
    sides = [_counts(warehouse, one) for one in (before["batch_id"], batch_id)]
    changes = [_named(row) for row in drift(sides[0], sides[1], limits).to_dicts()]
    alerts = [_alert(row, limits) for row in changes if row["is_alert"]]
    return {
        "before": {**before, "as_of": str(before["as_of"])},
        "alerts": alerts,
        "limits": told,
        "changes": changes,
    }


def figure_text(value: float | None, kind: str) -> str:
    """Return a count or a share as a person reads it."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if kind == "count" else f"{value:.2%}"


def change_text(row: Mapping[str, Any], kind: str) -> str:
    """Return a change: of a count in per cent of what it was, of a share in percentage points."""
    if row["change"] is None:
        return "–"
    if kind == "share":
        return f"{100 * row['change']:+.2f} points"
    return f"{row['change']:+,.0f}" + (f" ({row['relative']:+.1%})" if row["relative"] is not None else "")


def about(row: Mapping[str, Any]) -> str:
    """Return what a figure is about: a source, the province, or a county with its city; its category."""
    if row["level"] == "source":
        where = f"{row['source']} {load_contracts()[row['source']].zh}"
    elif row["level"] == "province":
        where = "全省 province"
    else:
        where = f"{row['city'] or POOL} {row['county'] or POOL}"
    return f"{where}, {CATEGORIES.get(row['category'], row['category'])}" if row["category"] else where


def _counts(warehouse: Path, batch_id: str) -> pl.DataFrame:
    column = next(c for c in load_tables()["agg_exclusion"].columns if c.name == "category")
    return batch_counts(
        _frame(read_county_counts(warehouse, batch_id), _COUNTS),
        _frame(read_county_exclusions(warehouse, batch_id), _EXCLUSIONS),
        _frame(read_account(warehouse, batch_id), _ACCOUNT),
        column.values,
    )


def _frame(rows: list[Row], schema: Mapping[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([{name: row[name] for name in schema} for row in rows], schema=dict(schema))


def _named(row: dict[str, Any]) -> dict[str, Any]:
    """The figure with names of its county and city, fractions to six digits."""
    names = {name: row[f"{name}_code"] and name_of(row[f"{name}_code"]) for name in ("city", "county")}
    rounded = {k: round(v, 6) if isinstance(v, float) else v for k, v in row.items()}
    return {**rounded, **names}


def _alert(row: dict[str, Any], limits: Mapping[str, DriftLimit]) -> dict[str, Any]:
    limit = limits[row["measure"]]
    most = f"{row['limit']:.0%}" if limit.kind == "count" else f"{100 * row['limit']:g} points"
    text = (
        f"{about(row)}: {limit.zh} {limit.en} {figure_text(row['before'], limit.kind)} → "
        f"{figure_text(row['after'], limit.kind)}, {change_text(row, limit.kind)}, limit {most}"
    )
    return {"text": text, "remedy": limit.remedy, **row}
