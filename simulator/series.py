"""The published series of the mechanism, and the share of it that a smaller province has to show.

Here: series.csv and renewals.csv read into rows; cumulative figures in firms, 元 and 美元; increments.
Not here: which firms they fall on (campaign.py).
"""

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path

HERE = Path(__file__).parent
LIST_SIZE = 3_290_000
"""Firms on the province's list («300余万»); domain notes §8.2: 3.27 to 3.35 million targets."""
UNITS = {
    "visited": 1e4, "recommended": 1e4, "credited": 1e4, "foreign_trade_visited": 1e4,
    "credit_amount": 1e8, "loan_amount": 1e8, "foreign_trade_loans": 1e8, "insured": 1e8,
}  # fmt: skip
"""Figures that add up over the rounds, and what one printed unit is in firms, 元 or 美元."""
BASES = {
    "credit_amount": "loan_amount",
    "foreign_trade_visited": "visited",
    "foreign_trade_loans": "loan_amount",
    "insured": "foreign_trade_visited",
}
"""A figure not published for a date grows with this one, in the ratio of the date it was published for."""
Figures = dict[str, float]


@dataclass(frozen=True)
class Row:
    """One date of the series: what was printed, and every figure in firms, 元 or 美元, cumulative."""

    as_of: date
    list_as_of: date
    printed: Figures
    figures: Figures
    average_rate: float
    source: str


@dataclass(frozen=True)
class RenewalRow:
    """Balances of loans renewed without repayment (无还本续贷) of one city, in 元."""

    as_of: date
    city_code: str
    balance: float
    balance_1_jan: float
    balance_year_ago: float
    source: str


def load_series(path: Path = HERE / "series.csv") -> list[Row]:
    """Return the published dates, oldest first, with the figures not published filled in."""
    lines = _lines(path)
    printed = [{n: float(line[n]) for n in (*UNITS, "average_rate") if line[n]} for line in lines]
    known = [{n: row[n] * unit for n, unit in UNITS.items() if n in row} for row in printed]
    ratios = {
        name: next(row[name] / row[base] for row in known if name in row and base in row)
        for name, base in BASES.items()
    }
    rates = [row["average_rate"] for row in printed if "average_rate" in row]
    rows = []
    for line, own, figures in zip(lines, printed, known, strict=True):
        for name, base in BASES.items():
            figures.setdefault(name, figures[base] * ratios[name])
        days = (date.fromisoformat(line["as_of"]), date.fromisoformat(line["list_as_of"]))
        rows.append(Row(*days, own, figures, own.get("average_rate", rates[0]), line["source"]))
    return rows


def load_renewals(path: Path = HERE / "renewals.csv") -> list[RenewalRow]:
    """Return the published balances of renewals."""
    return [
        RenewalRow(
            date.fromisoformat(line["as_of"]),
            line["city_code"],
            balance=float(line["balance"]) * 1e8,
            balance_1_jan=float(line["balance_1_jan"]) * 1e8,
            balance_year_ago=float(line["balance_year_ago"]) * 1e8,
            source=line["source"],
        )
        for line in _lines(path)
    ]


def increment(row: Row, before: Row | None, scale: float) -> Figures:
    """Return what a province of `scale` times the list adds between two dates; counts are whole firms.

    Rounded from the totals, so that the increments add up to the rounded totals.
    """
    added = {}
    for name, unit in UNITS.items():
        now, then = row.figures[name] * scale, (before.figures[name] * scale if before else 0.0)
        added[name] = float(round(now) - round(then)) if unit == 1e4 else now - then
    return added


def _lines(path: Path) -> list[dict[str, str]]:
    text = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("# ")]
    return list(csv.DictReader(text))
