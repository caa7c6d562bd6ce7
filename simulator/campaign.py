"""The campaign as published: as many firms visited, recommended, credited, as much money lent, as reported.

Here: which firms they fall on, drawn at random, with totals that are met exactly, in proportion to the list.
Not here: the series (series.py), files (event_files.py), the draw of one list by shares alone (events.py).
"""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from simulator.event_banks import BANKS, section
from simulator.event_files import with_item, write_feeds, write_visits
from simulator.files import write_truth
from simulator.series import Figures, RenewalRow, Row, increment

Generator = np.random.Generator
Floats = np.ndarray[tuple[int], np.dtype[np.float64]]
Marks = np.ndarray[tuple[int], np.dtype[np.bool_]]
PENDING = pl.Schema(
    {
        "uscc": pl.String, "subject_key": pl.String, "is_foreign_trade": pl.Boolean, "rec_id": pl.String,
        "push_date": pl.Date, "bank_code": pl.String, "is_credited": pl.Boolean, "is_refused": pl.Boolean,
    }
)  # fmt: skip
"""What is known of every firm visited so far; rec_id is null where none was recommended."""
REFUSED_SHARE = 0.25
"""Of the recommended that get no credit, those refused at once; the others wait. More would leave too few to
be credited by June 2025, when more firms were credited than recommended since March."""
DISBURSED_SHARE = 0.9


@dataclass(frozen=True)
class Played:
    """One date played: everything known of the firms visited so far, and the true totals it added."""

    known: pl.DataFrame
    totals: Figures


def play_row(
    row: Row,
    before: Row | None,
    firms: pl.DataFrame,
    known: pl.DataFrame | None,
    out: Path,
    *,
    scale: float,
    seed: int,
) -> Played:
    """Write OUT/<source>/… of what happened between two dates of the series, and OUT/truth/campaign/.

    `firms`: the list of row.list_as_of (events.read_list).  `known`: Played.known of the date before.
    `scale`: size of the list over LIST_SIZE.  ValueError if the list has too few firms left to visit.
    """
    rng = np.random.default_rng([seed, row.as_of.toordinal()])
    told = pl.DataFrame(schema=PENDING) if known is None else known
    start = max(row.list_as_of, before.as_of if before else row.list_as_of)
    days = (row.as_of - start).days
    added = increment(row, before, scale)
    visits = _visited(firms, told, added, start, days, rng)
    pushed = _recommended(visits, added, row.as_of, rng)
    credits, loans = _answered(told, pushed, added, row, max(start, row.list_as_of), rng)
    banks = {
        "recommendations": pushed.select(*_PUSH_COLUMNS),
        "credits": credits.drop("uscc", "is_foreign_trade"),
        "loans": loans,
        "export_insurance": _insured(visits, added["insured"], row.as_of, rng),
    }
    untouched = firms.filter("is_target").join(visits, on="subject_key", how="anti")
    write_visits(out, visits, untouched.join(told, on="subject_key", how="anti"), row.as_of)
    write_feeds(out, {name: feed for name, feed in banks.items() if feed.height}, row.as_of)
    now = _known(told, visits, pushed, credits)
    write_truth(out / "truth" / "campaign" / f"{row.as_of}.parquet", now)
    return Played(now, added)


def _visited(
    firms: pl.DataFrame, told: pl.DataFrame, added: Figures, start: date, days: int, rng: Generator
) -> pl.DataFrame:
    """As many firms of the list as were visited, foreign trade apart, with what came of it."""
    left = firms.filter("is_target").join(told, on="uscc", how="anti")
    traders = _drawn(left.filter("is_foreign_trade"), int(added["foreign_trade_visited"]), rng)
    others = int(added["visited"] - added["foreign_trade_visited"])
    chosen = pl.concat([traders, _drawn(left.filter(~pl.col("is_foreign_trade")), others, rng)])
    n = chosen.height
    day = rng.integers(1, max(2, days - 12), n)
    # Those without a need, and those that are not where the register says; domain notes §7.4.
    outcome = rng.choice(
        ["12", "13", "14", "15", "21", "22", "23", "31", "32", "33"],
        n, p=[0.08, 0.62, 0.12, 0.04, 0.02, 0.02, 0.02, 0.04, 0.03, 0.01],
    )  # fmt: skip
    wants = _marked(chosen, "is_foreign_trade", _split(added, "recommended"), rng)
    outcome[wants] = "11"
    amount = np.where(np.isin(outcome, ["11", "12"]), rng.lognormal(4.5, 1.0, n).round(2) + 1, 0)
    return with_item(chosen).with_columns(
        outcome=pl.Series(outcome, dtype=pl.String),
        visit_date=pl.lit(start) + pl.duration(days=pl.lit(pl.Series(day))),
        need_amt=pl.Series(amount),
        purpose_code=pl.Series(rng.choice(["1", "2", "4", "5"], n), dtype=pl.String),
        is_recommended=pl.Series(wants),
    )


def _recommended(visits: pl.DataFrame, added: Figures, until: date, rng: Generator) -> pl.DataFrame:
    """The recommendations, in the order of a shuffle: what the late files hold is any tenth of them."""
    rows = visits.filter("is_recommended").sample(fraction=1.0, shuffle=True, seed=int(rng.integers(2**31)))
    bank = pl.Series(rng.integers(0, len(BANKS), rows.height))
    gap = pl.duration(days=pl.lit(pl.Series(rng.integers(0, 5, rows.height))))
    return rows.with_columns(
        rec_id=pl.lit("R") + pl.col("list_item_id"),
        # Before the date, so that the next list, of that very date, has no part in it.
        push_date=pl.min_horizontal(pl.col("visit_date") + gap, pl.lit(until - timedelta(days=1))),
        bank_code=bank.replace_strict(range(len(BANKS)), [code for code, _ in BANKS], return_dtype=pl.String),
        bank_name=bank.replace_strict(range(len(BANKS)), [name for _, name in BANKS], return_dtype=pl.String),
        section=section(),
    )


_PUSH_COLUMNS = (
    "uscc",
    "rec_id",
    "push_date",
    "bank_code",
    "bank_name",
    "need_amt",
    "purpose_code",
    "section",
)


def _answered(
    told: pl.DataFrame, pushed: pl.DataFrame, added: Figures, row: Row, start: date, rng: Generator
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Answers and loans of the date, of recommendations new and still open; totals are met to the 元."""
    fresh = pushed.select("uscc", "rec_id", "push_date", "is_foreign_trade", is_new=pl.lit(True))
    waiting = told.filter(pl.col("rec_id").is_not_null() & ~pl.col("is_credited") & ~pl.col("is_refused"))
    pool = pl.concat([fresh, waiting.select(*fresh.columns[:4], is_new=pl.lit(False))])
    n = pool.height
    granted = _marked(pool, "is_foreign_trade", _split(added, "credited"), rng)
    refused = ~granted & pool["is_new"].to_numpy() & (rng.random(n) < REFUSED_SHARE)
    after = pl.duration(days=pl.lit(pl.Series(rng.integers(2, 33, n))))
    asked = pl.max_horizontal("push_date", pl.lit(start))
    answers = pool.with_columns(
        accept_date=pl.min_horizontal(asked + timedelta(days=1), pl.lit(row.as_of)),
        decide_date=pl.min_horizontal(asked + after, pl.lit(row.as_of)),
        result=pl.Series(np.where(granted, "授信", "不予"), dtype=pl.String),
    ).filter(pl.Series(granted | refused))
    amount, loan, rate = _money(answers, added, row.average_rate, rng)
    rows = answers.with_columns(credit_amt=amount, rate=rate, amt=loan)
    credits = rows.select("uscc", "is_foreign_trade", "rec_id", "accept_date", "decide_date", "result",
                          "credit_amt", "rate")  # fmt: skip
    paid = rows.filter(pl.col("amt") > 0)
    loans = paid.select(
        "rec_id", "uscc", "rate", "amt",
        loan_id=pl.lit("L") + pl.col("rec_id"),
        pay_date=pl.min_horizontal(pl.col("decide_date") + timedelta(days=2), pl.lit(row.as_of)),
        term_m=pl.lit(12),
        is_credit_loan=_yes(rng, paid.height, 0.33),
        is_first_loan=_yes(rng, paid.height, 0.2),
        is_renewal=pl.lit("否"),
    )  # fmt: skip
    return credits, loans


def _money(
    answers: pl.DataFrame, added: Figures, rate: float, rng: Generator
) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Credit and loan in 万元 and rate of each answer; sums and the weighted rate are the published ones."""
    n, granted = answers.height, (answers["result"] == "授信").fill_null(False).to_numpy()
    is_trade = answers["is_foreign_trade"].to_numpy()
    size = rng.lognormal(0, np.sqrt(2 * np.log(3)), n)  # mean three times the median, domain notes §8.2
    paid = granted & (rng.random(n) < DISBURSED_SHARE)
    loan, credit = np.zeros(n), np.zeros(n)
    ratio = added["credit_amount"] / added["loan_amount"]
    for flag in (True, False):
        here = is_trade == flag
        total = added["foreign_trade_loans"] if flag else added["loan_amount"] - added["foreign_trade_loans"]
        if not (here & granted).any():
            continue
        paid[np.flatnonzero(here & granted)[0]] = True
        loan[here & paid] = _raked(size[here & paid], total / 1e4)
        credit[here & granted] = _raked(size[here & granted], total * ratio / 1e4)
    drawn = rng.normal(rate, 0.4, n)
    weight = loan.sum()
    rates = (drawn + rate - (drawn * loan).sum() / weight) if weight else drawn
    amounts = pl.Series(np.where(granted, np.maximum(credit, loan), np.nan)).fill_nan(None)
    return amounts, pl.Series(np.where(paid, loan, 0.0)), pl.Series(rates.round(4))


def _raked(size: Floats, total: float) -> Floats:
    """Amounts in proportion to `size`, whole hundredths, that sum to the total."""
    hundredths = np.floor(size / size.sum() * total * 100) + 1
    hundredths[size.argmax()] += round(total * 100) - hundredths.sum()
    amounts: Floats = hundredths / 100
    return amounts


def play_renewals(row: RenewalRow, firms: pl.DataFrame, out: Path, *, scale: float, seed: int) -> None:
    """Write OUT/renewals: one bank's book of the city on the day, on 1 January and a year before.

    One firm in twenty has a loan that is renewed without repayment; balances sum to the published ones.
    """
    rng = np.random.default_rng([seed, row.as_of.toordinal()])
    own = firms.filter(pl.col("is_target") & (pl.col("division_code").str.head(4) == row.city_code[:4]))
    held = _drawn(own, max(1, own.height // 20), rng)
    n = held.height
    maturity = pl.lit(row.as_of) + pl.duration(days=pl.lit(pl.Series(rng.integers(1, 360, n))))
    loans = held.select(
        "uscc",
        loan_id=pl.lit("K") + pl.col("uscc"),
        bank_code=pl.lit(BANKS[1][0]),
        bank_name=pl.lit(BANKS[1][1]),
        maturity_date=maturity,
        is_no_repay_renewal=pl.lit("是"),
    )
    size = rng.lognormal(0, 0.8, n)
    days = {
        row.as_of: row.balance,
        date(row.as_of.year, 1, 1): row.balance_1_jan,
        row.as_of.replace(year=row.as_of.year - 1): row.balance_year_ago,
    }
    books = [
        loans.with_columns(report_date=pl.lit(day), balance=pl.Series(_raked(size, total * scale / 1e4)))
        for day, total in days.items()
    ]
    write_feeds(out, {"renewals": pl.concat(books)}, row.as_of)


def _insured(visits: pl.DataFrame, total: float, until: date, rng: Generator) -> pl.DataFrame:
    """Policies of the traders visited, in 美元; the sum is the published one."""
    held = visits.filter("is_foreign_trade")
    return held.select(
        "uscc",
        policy_id=pl.lit(f"P{until:%y%m}") + pl.col("uscc"),
        insurer=pl.lit("出口信用保险公司"),
        insured_usd=pl.Series(_raked(rng.lognormal(0, 1, held.height), total))
        if held.height
        else pl.lit(0.0),
        month=pl.lit((until - timedelta(days=1)).replace(day=1)),
    )


def _known(
    told: pl.DataFrame, visits: pl.DataFrame, pushed: pl.DataFrame, credits: pl.DataFrame
) -> pl.DataFrame:
    rows = visits.select("uscc", "subject_key", "is_foreign_trade").join(
        pushed.select("uscc", "rec_id", "push_date", "bank_code"), on="uscc", how="left"
    )
    fresh = rows.with_columns(is_credited=pl.lit(False), is_refused=pl.lit(False)).select(PENDING.names())
    granted = credits.filter(pl.col("result") == "授信")["rec_id"].implode()
    refused = credits.filter(pl.col("result") == "不予")["rec_id"].implode()
    return pl.concat([told, fresh]).with_columns(
        is_credited=pl.col("is_credited") | pl.col("rec_id").is_in(granted).fill_null(False),
        is_refused=pl.col("is_refused") | pl.col("rec_id").is_in(refused).fill_null(False),
    )


def _split(added: Figures, figure: str) -> tuple[int, int]:
    """Of a count: foreign traders, in their share of the visits, at least one; and the others."""
    total = int(added[figure])
    traders = max(1, round(total * added["foreign_trade_visited"] / added["visited"])) if total else 0
    return traders, total - traders


def _marked(rows: pl.DataFrame, flag: str, wanted: tuple[int, int], rng: Generator) -> Marks:
    """Mark as many rows with the flag, and without, as are wanted."""
    marks, is_flagged = np.zeros(rows.height, dtype=bool), rows[flag].to_numpy()
    for value, count in zip((True, False), wanted, strict=True):
        places = np.flatnonzero(is_flagged == value)
        if count > len(places):
            raise ValueError(f"{count} firms wanted with {flag} {value}, there are {len(places)}")
        marks[rng.permutation(places)[:count]] = True
    return marks


def _drawn(firms: pl.DataFrame, count: int, rng: Generator) -> pl.DataFrame:
    if count > firms.height:
        raise ValueError(f"{count} firms to visit, the list has {firms.height} left: a larger list is needed")
    return firms[np.sort(rng.permutation(firms.height)[:count])]


def _yes(rng: Generator, n: int, share: float) -> pl.Series:
    return pl.Series(np.where(rng.random(n) < share, "是", "否"), dtype=pl.String)
