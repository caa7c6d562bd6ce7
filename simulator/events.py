"""What comes back from a list: visits, recommendations, decisions, loans, renewals, insurance; and the truth.

Here: the play of one list up to a date, its damage, and the files; `python -m simulator.events` plays a home.
Not here: who is on the list (the run decides), funnel shares (events.csv), the writing of files (files.py).
"""

import argparse
import csv
import hashlib
import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from reference.contracts import feedback_contracts
from simulator.event_banks import bank_frames
from simulator.event_damage import WRONG, wrong_visits
from simulator.files import headers, write_rows, write_truth

SHARES_FILE = Path(__file__).parent / "events.csv"
Generator = np.random.Generator


@dataclass(frozen=True)
class Shares:
    """The funnel at one date: shares of the step before, and the loan of a credited firm in 万元."""

    as_of: date
    visited_share: float
    recommended_share: float
    credited_share: float
    disbursed_share: float
    loan_mean: float
    loan_median: float


def load_shares(as_of: date, path: Path = SHARES_FILE) -> Shares:
    """Return the funnel of the newest row not after the date, else of the first."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("# ")]
    rows = [
        Shares(date.fromisoformat(r.pop("as_of")), **{k: float(v) for k, v in r.items()})
        for r in csv.DictReader(lines)
    ]
    return [row for row in rows if row.as_of <= as_of][-1] if rows[0].as_of <= as_of else rows[0]


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
    万元); rejects.parquet: source, source_file, row_no, issue of every planted wrong row.
    """
    rng = np.random.default_rng([seed, until.toordinal()])
    told = _visits(firms, shares, until, rng)
    banks = bank_frames(told, firms, shares.credited_share, shares.disbursed_share,
                        (shares.loan_mean, shares.loan_median), until, rng)  # fmt: skip
    rejects = []
    for number, ((city,), rows) in enumerate(
        _visit_rows(told).partition_by("register_city_code", as_dict=True).items()
    ):
        untouched = firms.filter((pl.col("register_city_code") == city) & pl.col("is_target")).join(
            told, on="subject_key", how="anti"
        )
        wrong = wrong_visits(_with_item(untouched).head(len(WRONG)), until)
        doubled = rows.head(max(1, rows.height // 100))
        file = _write(out, "visits", f"{city}_{until:%Y%m%d}", [rows, wrong, doubled], number)
        rejects.append(_planted(file, rows.height, wrong))
    for source, frame in banks.items():
        half = frame.height - frame.height // 10
        # A tenth of each feed comes late: a file of its own, whose events are no younger than the others.
        _write(out, source, f"01_{until:%Y%m%d}", [frame.head(half)], 0)
        if frame.height > half:
            _write(out, source, "02_补报", [frame.tail(frame.height - half)], 1)
    return _write_truth(out / "truth" / "feedback", told, banks, pl.concat(rejects))


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
    return _with_item(chosen).with_columns(
        outcome=pl.Series(outcome),
        visit_date=pl.col("list_as_of") + pl.duration(days=pl.lit(pl.Series(day))),
        need_amt=pl.Series(
            np.where(np.isin(outcome, ["11", "12"]), rng.lognormal(4.5, 1.0, n).round(2) + 1, 0)
        ),
        purpose_code=pl.Series(rng.choice(["1", "2", "4", "5"], n)),
        is_recommended=pl.Series(recommended),
    )


def _with_item(firms: pl.DataFrame) -> pl.DataFrame:
    """Name the list items as the dispatched workbooks do; excluded firms have none."""
    items = [
        hashlib.sha256(f"{batch}|{key}".encode()).hexdigest()[:16] if target else None
        for batch, key, target in firms.select("batch_id", "subject_key", "is_target").iter_rows()
    ]
    return firms.with_columns(list_item_id=pl.Series(items, dtype=pl.String))


def _visit_rows(told: pl.DataFrame) -> pl.DataFrame:
    """Rows as townships fill them in; a firm that was not found has two, on different days."""
    needs = pl.col("need_amt") > 0
    rows = told.with_columns(
        visit_seq=pl.lit(1),
        method=pl.lit("1"),
        need=pl.when(needs).then(pl.lit("是")).otherwise(pl.lit("否")),
        need_amt=pl.when(needs).then("need_amt"),
        purpose_code=pl.when(needs).then("purpose_code"),
        addr_verified=pl.lit("1"),
        new_addr=pl.when(pl.col("outcome").is_in(["22", "23"])).then(pl.lit("浙江省杭州市西湖区北山街道")),
    )
    again = rows.filter(pl.col("outcome") == "31").with_columns(
        visit_seq=pl.lit(2), visit_date=pl.col("visit_date") + timedelta(days=1)
    )
    return pl.concat([rows, again]).select(
        "register_city_code", "list_item_id", "uscc", "visit_seq", "visit_date", "method", "outcome", "need",
        "need_amt", "purpose_code", "addr_verified", "new_addr",
    )  # fmt: skip


def _write(out: Path, source: str, stem: str, parts: list[pl.DataFrame], turn: int) -> str:
    contract = feedback_contracts()[source]
    known = [column.name for column in contract.columns]
    cells = pl.concat(
        [p.select(pl.col(c).cast(pl.String) for c in p.columns if c in known) for p in parts], how="diagonal"
    )
    form = ("utf-8-sig", "gb18030")[turn % 2]
    file = f"{source}/{stem}.csv"
    write_rows(out / file, cells, headers(contract, cells.columns, 0), form)
    return file


def _planted(file: str, before: int, wrong: pl.DataFrame) -> pl.DataFrame:
    """The wrong rows stand right below the good ones; the header is line 1."""
    return wrong.select(
        source=pl.lit("visits"),
        source_file=pl.lit(file),
        row_no=pl.int_range(pl.len()) + before + 2,
        issue="issue",
    )


def _write_truth(
    out: Path, told: pl.DataFrame, banks: dict[str, pl.DataFrame], rejects: pl.DataFrame
) -> dict[str, int]:
    granted = banks["credits"].filter(pl.col("result") == "授信")
    pushed = banks["recommendations"].select("rec_id", "uscc")
    credit = pushed.join(granted.select("rec_id", "credit_amt"), on="rec_id").drop("rec_id")
    loans = banks["loans"].group_by("uscc").agg(pl.col("amt").sum())
    events = told.join(credit, on="uscc", how="left").join(loans, on="uscc", how="left").select(
        "batch_id", "subject_key", "uscc", "is_target", "outcome", "visit_date", "is_recommended",
        is_credited=pl.col("credit_amt").is_not_null(), is_disbursed=pl.col("amt").is_not_null(),
        credit_amt="credit_amt", loan_amt="amt",
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
