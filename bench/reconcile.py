"""The published series against what the warehouse says of a simulated campaign: `python -m bench.reconcile`.

Simulates a province, publishes its list with `zoufang run`, plays the campaign date by date
(simulator/campaign.py), takes it in with `zoufang feedback`, and compares the marts with the published totals
times the scale: the list's size over 3.29 million. Dates whose totals exceed a list of enterprises need
households.
Here: the order of it, and the comparison.  Not here: the series (simulator/series.csv, renewals.csv).
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from simulator.campaign import play_renewals, play_row
from simulator.events import read_list
from simulator.series import LIST_SIZE, RenewalRow, Row, load_renewals, load_series
from simulator.simulate import simulate
from warehouse.publish import published_file
from warehouse.read import opened

TOLERANCE = 0.01
TOTALS = """
SELECT sum(h.visited), sum(h.recommended), sum(h.credited), sum(h.credit_amount), sum(h.loan_amount),
    sum(h.average_rate * h.loan_amount) / sum(h.loan_amount),
    sum(t.visited), sum(t.loan_amount), sum(t.insured_usd)
FROM mart_headlines AS h
JOIN mart_foreign_trade AS t ON t.batch_id = h.batch_id AND t.level = h.region
WHERE h.region = 'province'
"""
NAMES = ("visited", "recommended", "credited", "credit_amount", "loan_amount", "average_rate",
         "foreign_trade_visited", "foreign_trade_loans", "insured")  # fmt: skip
RENEWALS = """
SELECT renewal_balance, balance_change, balance_growth FROM mart_renewals
WHERE level = 'city' AND city_code = $city
"""


@dataclass(frozen=True)
class Line:
    """One figure of one date: published, in proportion to our list, and ours; firms, 元, 美元, % or share."""

    as_of: date
    figure: str
    published: float
    expected: float
    ours: float

    @property
    def difference(self) -> float:
        """Return how far ours lies from the expected one, as a share of it."""
        return self.ours / self.expected - 1


def compare(file: Path, row: Row, scale: float) -> list[Line]:
    """Return the published figures of a date beside the marts' totals over all batches, at that date.

    A published total runs since October 2024, a row of a mart counts one list: the lists so far add up to it.
    """
    with opened(file) as con:
        (found,) = con.execute(TOTALS).fetchall()
    ours = dict(zip(NAMES, found, strict=True))
    figures = row.figures | {"average_rate": row.average_rate}
    return [
        Line(
            row.as_of, n, figures[n], figures[n] * (1 if n == "average_rate" else scale), float(ours[n] or 0)
        )
        for n in NAMES
        if n in row.printed
    ]


def compare_renewals(file: Path, row: RenewalRow, scale: float) -> list[Line]:
    """Return the published balance of renewals of a city, its change and its growth, beside ours."""
    with opened(file) as con:
        ((balance, change, growth),) = con.execute(RENEWALS, {"city": row.city_code}).fetchall()
    since = row.balance - row.balance_1_jan
    grown = row.balance / row.balance_year_ago - 1
    name = f"renewal {row.city_code}"
    return [
        Line(row.as_of, f"{name} balance", row.balance, row.balance * scale, float(balance)),
        Line(row.as_of, f"{name} change", since, since * scale, float(change)),
        Line(row.as_of, f"{name} growth", grown, grown, float(growth)),
    ]


def table(lines: Sequence[Line]) -> str:
    """Return the reconciliation table."""
    head = f"{'as of':12}{'figure':26}{'published':>24}{'in proportion':>24}{'ours':>24}{'difference':>12}"
    rows = [
        f"{line.as_of!s:12}{line.figure:26}"
        + "".join(
            f"{value:>24,.{2 if value > 100 else 4}f}" for value in (line.published, line.expected, line.ours)
        )
        + f"{line.difference:>+12.4%}"
        for line in lines
    ]
    return "\n".join([head, *rows])


def campaign(folder: Path, *, seed: int, with_households: bool) -> Iterator[list[Line]]:
    """Play every date of the series in order on the inbox of a folder, and yield each comparison.

    Without households it ends where the totals exceed the one list of enterprises.
    """
    home, lists, scale = folder / "home", dict[date, pl.DataFrame](), 0.0
    before: Row | None = None
    known: pl.DataFrame | None = None
    steps: list[Row | RenewalRow] = sorted([*load_series(), *load_renewals()], key=lambda row: row.as_of)
    for row in steps:
        back = folder / "back" / str(row.as_of)
        if isinstance(row, RenewalRow):
            play_renewals(row, next(iter(lists.values())), back, scale=scale, seed=seed)
            _zoufang("feedback", back, home, row.as_of)
            yield compare_renewals(published_file(home), row, scale)
            continue
        if row.list_as_of not in lists:
            if lists and not with_households:
                return
            scope = "all" if lists else "enterprise+coop"
            _zoufang("run", folder / "inbox", home, row.list_as_of, "--scope", scope)
            lists[row.list_as_of] = read_list(home, row.list_as_of)
        scale = scale or int(lists[row.list_as_of]["is_target"].sum()) / LIST_SIZE
        played = play_row(row, before, lists[row.list_as_of], known, back, scale=scale, seed=seed)
        known, before = played.known, row
        _zoufang("feedback", back, home, row.as_of)
        yield compare(published_file(home), row, scale)


def _zoufang(verb: str, inbox: Path, home: Path, as_of: date, *more: str) -> None:
    """Run a verb as a user would, tell its time and its memory, and end if it fails."""
    program = str(Path(sys.executable).with_name("zoufang"))
    command = [program, verb, "--inbox", str(inbox), "--home", str(home), "--as-of", str(as_of), *more]
    started = time.monotonic()
    with (home.parent / "reconcile.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"zoufang {verb} failed; its messages are in {home.parent / 'reconcile.log'}")
    print(
        f"zoufang {verb} {as_of}: {time.monotonic() - started:.0f} s, "
        f"{usage.ru_utime + usage.ru_stime:.0f} s of processor, peak {usage.ru_maxrss / 1024:,.0f} MB",
        flush=True,
    )


def main() -> None:
    """Simulate unless the folder holds an inbox, play, print the table; status 1 beyond the tolerance."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--enterprises", type=int, default=40_000)
    parser.add_argument(
        "--households", type=int, help="default: as many to an enterprise as registered, 1.68"
    )
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--dir", type=Path, default=Path("bench-data/reconcile"))
    given = parser.parse_args()
    households = round(given.enterprises * 1.68) if given.households is None else given.households
    if not (given.dir / "inbox" / "registry").is_dir():
        first = load_series()[0].list_as_of
        simulate(given.dir / "inbox", enterprises=given.enterprises, households=households, seed=given.seed,
                 as_of=first)  # fmt: skip
    lines = [
        line for part in campaign(given.dir, seed=given.seed, with_households=households > 0) for line in part
    ]
    targets = pl.Series([line.expected / line.published for line in lines if line.figure == "visited"])[0]
    print(f"list of {targets * LIST_SIZE:,.0f} firms, {targets:.4f} of the province's {LIST_SIZE:,}")
    print(table(lines))
    raise SystemExit(any(abs(line.difference) > TOLERANCE for line in lines))


if __name__ == "__main__":
    main()
