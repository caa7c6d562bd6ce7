"""The case of the wall's tests: counts chosen so that every colour, a tie and a small county occur.

As of 2025-03-31, facts to 2025-05-30: 60 of 90 days, two thirds are expected.
"""

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
from feedback_case import feedback_files
from warehouse_makers import DIVISIONS, firm, make_batch

from warehouse.build import BatchFiles, build_warehouse
from warehouse.feedback import FeedbackFiles
from warehouse.publish import publish

MAR, NOW = date(2025, 3, 31), date(2025, 5, 30)
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&"
PERSON = "张三丰个人"
PLACES = {
    # township: targets, visited, of these within the last week
    "330106001": (300, 240, 30),
    "330106002": (300, 160, 0),
    "330203009": (400, 200, 100),
    "330105001": (300, 180, 0),
    "330108001": (100, 100, 0),
}
"""西湖 400 of 600 green, 海曙 200 of 400 red, 拱墅 180 of 300 yellow, 滨江 all of 100 but not ranked."""
MORE = """330105000000,拱墅区,county,330100000000
330105001000,米市巷街道,township,330105000000
330108000000,滨江区,county,330100000000
330108001000,西兴街道,township,330108000000
"""


def _key(town: str, number: int) -> str:
    return f"91{town}{number:07d}"


def case_batch(folder: Path, run: str = "aaaaaaaaaaaa", as_of: date = MAR) -> BatchFiles:
    """Write the curated files: firms with hostile names, one of each township in its community."""
    firms = [
        firm(
            _key(town, number),
            name=f"{HOSTILE}{PERSON}{number}",
            division_code=f"{town}001" if town == "330106001" and number < 50 else f"{town}000",
            is_foreign_trade=number % 3 == 0,
            is_sci_tech=number % 5 == 0,
        )
        for town, (targets, _, _) in PLACES.items()
        for number in range(targets)
    ]
    firms.append(firm("91330106NOTOWN0000", division_code="330106000000"))
    return make_batch(folder, as_of, firms, run=run)


def case_feedback(folder: Path) -> FeedbackFiles:
    """Write visits by the counts of PLACES and recommendations of a bank with a hostile name."""
    visits: list[dict[str, Any]] = []
    pushed: list[dict[str, Any]] = []
    for town, (_, visited, recent) in PLACES.items():
        for number in range(visited):
            facts = _facts(_key(town, number), town, number)
            on = date(2025, 5, 26) if number < recent else date(2025, 4, 10)
            visits.append(facts | {"visited_on": on, "outcome": "11", "is_effective": True, "has_need": True,
                                   "is_declared": True, "event_id": f"v{town}{number}"})  # fmt: skip
            if number % 10 == 0:
                pushed.append(facts | {"rec_id": f"R{town}{number}", "pushed_on": date(2025, 4, 15),
                                       "bank_code": "B1", "bank_name": HOSTILE,
                                       "event_id": f"r{town}{number}"})  # fmt: skip
    tables = {"fact_visit": visits, "fact_recommendation": pushed, "fact_renewal": _book()}
    return FeedbackFiles("wall", NOW, feedback_files(folder, tables).files)


def _book() -> list[dict[str, Any]]:
    """Return loans that mature within thirty days, one later, one of a firm without a township."""
    soon, later = date(2025, 6, 25), date(2025, 7, 20)
    first, early = "330106001", date(2025, 5, 10)
    told = [(first, soon, early), (first, soon, date(2025, 5, 28)), (first, soon, None), (first, soon, None),
            (first, later, None), ("330203009", soon, None), ("330106", soon, None)]  # fmt: skip
    return [
        _facts(_key(town, number) if len(town) == 9 else "91330106NOTOWN0000", town, number)
        | {"township_code": town if len(town) == 9 else None, "loan_id": f"L{number}", "bank_code": "B1",
           "bank_name": HOSTILE, "reported_on": NOW, "balance": 100_000, "matures_on": matures,
           "is_no_repay_renewal": True, "contacted_on": contact, "has_wish": True, "is_eligible": True,
           "event_id": f"l{number}"}
        for number, (town, matures, contact) in enumerate(told)
    ]  # fmt: skip


def _facts(key: str, town: str, number: int) -> dict[str, Any]:
    return {
        "batch_id": f"ZJ-{MAR:%Y%m-%d}", "subject_key": key, "uscc": key, "is_on_list": True,
        "city_code": f"{town[:4]}00", "county_code": town[:6], "township_code": town,
        "is_foreign_trade": number % 3 == 0, "is_sci_tech": number % 5 == 0, "is_private": False,
        "is_consumption": False,
    }  # fmt: skip


def quality_file(folder: Path, run_id: str) -> Path:
    """Write what a gate said: one expectation met, one warned of with a person in what it saw."""
    rows = [
        {"run_id": run_id, "suite": "candidate", "expectation": "columns_present", "column_name": None,
         "success": True, "observed": "ok", "unexpected_count": 0, "severity": "error"},
        {"run_id": run_id, "suite": "staged.registry", "expectation": "dates_in_order", "column_name": "x",
         "success": False, "observed": f"{PERSON} 13800138000", "unexpected_count": 3, "severity": "warn"},
    ]  # fmt: skip
    path = folder / "quality.parquet"
    pl.DataFrame(rows, schema_overrides={"column_name": pl.String}).write_parquet(path)
    return path


def publish_case(
    folder: Path, home: Path | None = None, run: str = "aaaaaaaaaaaa", as_of: date = MAR
) -> Path:
    """Build and publish the case into a home and return it."""
    home = home or folder / "home"
    divisions = folder / "divisions.csv"
    divisions.parent.mkdir(parents=True, exist_ok=True)
    divisions.write_text(DIVISIONS + MORE, encoding="utf-8")
    batch = case_batch(folder / "lake", run, as_of)
    batch = replace(batch, quality=(quality_file(folder, batch.record.run_id),))
    candidate = folder / "runs" / f"{run}.duckdb"
    build_warehouse(candidate, [batch], divisions, case_feedback(folder / "feedback"))
    publish(candidate, home, batch.record)
    shutil.rmtree(folder / "lake")
    return home
