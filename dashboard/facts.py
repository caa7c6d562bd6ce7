"""The facts of the wall: JSON documents as one pure function of what the warehouse says.

Here: `wall` (regions, cities, counties, banks, quality) and `county/<code>` (townships, communities) out of
rows of `warehouse.read.read_wall`.  Not here: queries (warehouse/ask), colours and ranks (board.py), who may
see what (scope.py), bytes (documents.py).  Amounts in 元, shares 0 to 1, dates ISO.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from dashboard.board import Area, plan, set_ranks, status
from reference.wall import Board

Document = dict[str, Any]
Rows = Sequence[Mapping[str, Any]]
Place = tuple[str, str | None, str | None, str | None]

NINGBO = "330200"
_REGIONS = ("province", "province_excl_ningbo")
_SECTION = ("targets", "visited", "recommended", "credited", "disbursed", "loan_amount", "insured_usd")
_RENEWAL = (
    "due_30",
    "contacted_on_time",
    "uncontacted",
    "renewable",
    "renewed",
    "on_time_contact",
    "renew_rate",
    "renewal_balance",
    "balance_change",
)
_DUE = _RENEWAL[:3]
"""What is known of a township too: none due where its county has a book and it has no loan."""
_FIGURES = (
    "targets",
    "unresolved",
    "excluded",
    "visited",
    "effective",
    "declared",
    "recommended",
    "overdue",
    "credited",
    "disbursed",
    "credit_amount",
    "loan_amount",
    "coverage",
)


def wall_facts(found: Mapping[str, Rows], board: Board) -> dict[str, Document]:
    """Return every document of the wall by name; `found` is what `read_wall` returns.

    ValueError if the warehouse holds no batch.
    """
    if not found["batch"]:
        raise ValueError("the warehouse holds no batch")
    batch = found["batch"][0]
    schedule = plan(batch["as_of"], batch["facts_as_of"], board)
    levels = _areas(found, schedule["expected"], board)
    _rank(levels, board)
    wall = {
        "batch": _batch(batch),
        "plan": schedule,
        "board": {
            "red_below": board.red_below,
            "yellow_below": board.yellow_below,
            "min_ranked_targets": board.min_ranked_targets,
        },
        "quality": _quality(batch, found["failed"]),
        "regions": {level: levels[level][0] for level in _REGIONS},
        "cities": levels["city"],
        "counties": levels["county"],
        "banks": [plain(row) for row in found["banks"]],
        "account": [_without(row, "batch_id") for row in found["account"]],
    }
    return {"wall": wall} | _counties(levels["township"], found["communities"], schedule["expected"], board)


def _areas(found: Mapping[str, Rows], expected: float, board: Board) -> dict[str, list[Area]]:
    """Return the areas by level, each with its figures, colour, sections and renewals."""
    sections: dict[Place, Document] = defaultdict(dict)
    for row in found["sections"]:
        sections[_place(row)][row["section"]] = plain({name: row[name] for name in _SECTION})
    week = {_place(row): row["visited"] for row in found["week"]}
    renewals = {_place(row): plain({name: row[name] for name in _RENEWAL}) for row in found["renewals"]}
    levels: dict[str, list[Area]] = defaultdict(list)
    for row in found["areas"]:
        place = _place(row)
        area: Area = {
            "code": row["township_code"] or row["county_code"] or row["city_code"],
            "name": row["name"],
            "city_code": row["city_code"],
            "county_code": row["county_code"],
        }
        if place[0] in ("county", "township") and row[f"{place[0]}_code"] is None:
            area["code"] = None
        area |= plain({name: row[name] for name in _FIGURES})
        area["visited_week_ago"] = min(week.get(place, 0), row["visited"])
        area["status"] = status(row["targets"], row["visited"], expected, board)
        area |= {name: sections[place].get(name) for name in ("foreign_trade", "sci_tech")}
        area["renewals"] = renewals.get(place)
        if place[0] == "township" and area["renewals"] is None and ("county", *place[1:3], None) in renewals:
            area["renewals"] = dict.fromkeys(_RENEWAL) | dict.fromkeys(_DUE, 0)
        levels[place[0]].append(area)
    return levels


def _rank(levels: Mapping[str, list[Area]], board: Board) -> None:
    """Rank cities and counties in the province, with and without 宁波, and townships in their county."""
    for level in ("city", "county"):
        everyone = levels[level]
        others = [area for area in everyone if area["city_code"] != NINGBO]
        for area in everyone:
            area |= {"rank_excl_ningbo": None, "rank_excl_ningbo_week_ago": None}
        for areas, name in ((everyone, "rank"), (others, "rank_excl_ningbo")):
            set_ranks(areas, name, "visited", board)
            set_ranks(areas, f"{name}_week_ago", "visited_week_ago", board)
    for areas in _by_county(levels["township"]).values():
        set_ranks(areas, "rank", "visited", board)
        set_ranks(areas, "rank_week_ago", "visited_week_ago", board)


def _counties(
    townships: Sequence[Area], communities: Rows, expected: float, board: Board
) -> dict[str, Document]:
    """Return one document per county: its townships, and the communities of each by its code."""
    known: dict[str, dict[str, list[Area]]] = defaultdict(lambda: defaultdict(list))
    for row in communities:
        known[row["county_code"]][row["township_code"]].append(
            {
                "code": row["division_code"],
                "name": row["name"],
                "targets": row["targets"],
                "visited": row["visited"],
                "status": status(row["targets"], row["visited"], expected, board),
            }
        )
    return {
        f"county/{code}": {"county_code": code, "townships": areas, "communities": known[code]}
        for code, areas in _by_county(townships).items()
    }


def _by_county(townships: Sequence[Area]) -> dict[str, list[Area]]:
    found: dict[str, list[Area]] = defaultdict(list)
    for area in townships:
        if area["county_code"]:
            found[area["county_code"]].append(area)
    return found


def _batch(row: Mapping[str, Any]) -> Document:
    return _without(row, "expectations", "errors", "warnings")


def _quality(batch: Mapping[str, Any], failed: Rows) -> Document:
    """Return the gate's verdict and the expectations not met; observed values stay behind."""
    verdict = "blocked" if batch["errors"] else "warned" if batch["warnings"] else "passed"
    shown = ("suite", "expectation", "column_name", "unexpected_count", "severity")
    return {
        "verdict": verdict if batch["expectations"] else "unknown",
        "expectations": batch["expectations"] or 0,
        "failed": [{name: row[name] for name in shown} for row in failed],
    }


def _place(row: Mapping[str, Any]) -> Place:
    return row["level"], row["city_code"], row["county_code"], row.get("township_code")


def _without(row: Mapping[str, Any], *names: str) -> Document:
    return plain({name: value for name, value in row.items() if name not in names})


def plain(row: Mapping[str, Any]) -> Document:
    """Return the row as JSON holds it: amounts as numbers, dates as ISO text."""
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds") + "Z"
    return value.isoformat() if isinstance(value, date) else value
