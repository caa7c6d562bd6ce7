"""What comes back from a list: visits, recommendations, decisions, loans, renewals, insurance; and the truth.

Here: the play of one list up to a date; `python -m simulator.events` plays a home.
Not here: who is on the list (the run decides), files (event_files.py), the published series (campaign.py).
"""

import argparse
import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from simulator.event_banks import bank_frames
from simulator.event_files import with_item, write_feeds, write_visits
from simulator.event_moves import with_moves
from simulator.files import write_truth
from simulator.series import LIST_SIZE, load_series

DISBURSED_SHARE = 0.9
"""Credited firms that take money out; not published, chosen."""
Generator = np.random.Generator


@dataclass(frozen=True)
class Shares:
    """The funnel at one date: shares of the step before, and the loan of a credited firm in 万元."""

    visited_share: float
    recommended_share: float
    credited_share: float
    disbursed_share: float
    loan_mean: float
    loan_median: float


def load_shares(as_of: date) -> Shares:
    """Return the funnel as published for the newest date not after this one, else for the first."""
    rows = load_series()
    row = next((row for row in reversed(rows) if row.as_of <= as_of), rows[0])
    n = row.figures
    mean = n["loan_amount"] / n["credited"] / 10_000
    return Shares(
        visited_share=min(0.97, n["visited"] / LIST_SIZE),
        recommended_share=n["recommended"] / n["visited"],
        credited_share=n["credited"] / n["recommended"],
        disbursed_share=DISBURSED_SHARE,
        loan_mean=mean,
        # Domain notes §8.2: lognormal, median about 90, mean 270.
        loan_median=mean / 3,
    )


def read_list(home: Path, as_of: date) -> pl.DataFrame:
    """Return the firms a published batch decided on: batch_id, list_as_of, is_target, place and slices."""
    pointer = json.loads((home / "lake" / "batches" / f"{as_of}.json").read_text(encoding="utf-8"))
    run, batch = pointer["record"]["run_id"], pointer["record"]["batch_id"]
    files = sorted(
        (home / "lake" / "curated" / "enterprises" / f"as_of={as_of}").glob(f"city=*/{run}.parquet")
    )
    firms = pl.read_parquet(files, hive_partitioning=False).filter(
        pl.col("uscc_check").is_in(["valid", "repaired"])
        & pl.col("disposition").is_in(["target", "excluded"])
    )
    return firms.select(
        "subject_key", "uscc", "division_code", "is_foreign_trade", "is_sci_tech", "is_consumption",
        pl.lit(batch).alias("batch_id"), pl.lit(as_of).alias("list_as_of"),
        (pl.col("disposition") == "target").alias("is_target"), "register_city_code",
    ).sort("subject_key")  # fmt: skip


def play(firms: pl.DataFrame, out: Path, *, shares: Shares, seed: int, until: date) -> dict[str, int]:
    """Write OUT/<source>/… and OUT/truth/feedback/…, the same for the same arguments; return true counts.

    Truth: events.parquet, one row per firm (visited, outcome, recommended, credited, disbursed, amounts in
    万元, new_town_code of who moved); rejects.parquet: source, source_file, row_no, issue of every planted
    wrong row.
    """
    rng = np.random.default_rng([seed, until.toordinal()])
    told = _visits(firms, shares, until, rng)
    banks = bank_frames(told, firms, shares.credited_share, shares.disbursed_share,
                        (shares.loan_mean, shares.loan_median), until, rng)  # fmt: skip
    untouched = firms.filter("is_target").join(told, on="subject_key", how="anti")
    rejects = write_visits(out, told, untouched, until)
    write_feeds(out, banks, until)
    return _write_truth(out / "truth" / "feedback", told, banks, rejects)


def _visits(firms: pl.DataFrame, shares: Shares, until: date, rng: Generator) -> pl.DataFrame:
    """One row per visited firm: dates, outcome, need; one in a hundred excluded firms is visited too."""
    chance = np.where(firms["is_target"], shares.visited_share, 0.05)
    chosen = firms.filter(pl.Series(rng.random(firms.height) < chance))
    n = chosen.height
    wanting = min(0.9, shares.recommended_share * 1.2)
    rest = (1 - wanting) * np.array([0.08, 0.62, 0.12, 0.04, 0.02, 0.02, 0.02, 0.04, 0.03, 0.01])
    outcome = rng.choice(
        ["11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33"], n, p=[wanting, *rest]
    )
    day = rng.integers(1, max(2, (until - chosen["list_as_of"][0]).days - 45), n)
    recommended = (outcome == "11") & (rng.random(n) < shares.recommended_share / wanting)
    return with_item(chosen).with_columns(
        outcome=pl.Series(outcome),
        visit_date=pl.col("list_as_of") + pl.duration(days=pl.lit(pl.Series(day))),
        need_amt=pl.Series(
            np.where(np.isin(outcome, ["11", "12"]), rng.lognormal(4.5, 1.0, n).round(2) + 1, 0)
        ),
        purpose_code=pl.Series(rng.choice(["1", "2", "4", "5"], n)),
        is_recommended=pl.Series(recommended),
    )


def _write_truth(
    out: Path, told: pl.DataFrame, banks: dict[str, pl.DataFrame], rejects: pl.DataFrame
) -> dict[str, int]:
    granted = banks["credits"].filter(pl.col("result") == "授信")
    pushed = banks["recommendations"].select("rec_id", "uscc")
    credit = pushed.join(granted.select("rec_id", "credit_amt"), on="rec_id").drop("rec_id")
    loans = banks["loans"].group_by("uscc").agg(pl.col("amt").sum())
    events = with_moves(told).join(credit, on="uscc", how="left").join(loans, on="uscc", how="left").select(
        "batch_id", "subject_key", "uscc", "is_target", "outcome", "visit_date", "is_recommended",
        is_credited=pl.col("credit_amt").is_not_null(), is_disbursed=pl.col("amt").is_not_null(),
        credit_amt="credit_amt", loan_amt="amt", new_town_code="new_town_code",
    )  # fmt: skip
    write_truth(out / "events.parquet", events)
    write_truth(out / "rejects.parquet", rejects)
    steps = ("is_recommended", "is_credited", "is_disbursed")
    counts = {step: int(events[step].sum()) for step in steps}
    return {"visited": events.height, "rejects": rejects.height, **counts}


def main() -> None:
    """Play the events of one published list."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--list", type=date.fromisoformat, required=True, help="date of the published batch")
    parser.add_argument("--until", type=date.fromisoformat, required=True, help="last day that is told of")
    parser.add_argument("--out", type=Path, required=True, help="inbox to write to")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    firms = read_list(given.home, given.list)
    shares = load_shares(given.list)
    print(play(firms, given.out, shares=shares, seed=given.seed, until=given.until))


if __name__ == "__main__":
    main()
