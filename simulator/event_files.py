"""The files that come back: visits by city as townships hand them in, and bank feeds, a tenth of each late.

Here: rows and damage as files, the same bytes for the same rows.
Not here: who was visited and what banks said (events.py, campaign.py, event_banks.py).
"""

import hashlib
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from reference.contracts import feedback_contracts
from simulator.event_damage import WRONG, wrong_visits
from simulator.event_moves import with_moves
from simulator.files import headers, write_rows


def write_visits(out: Path, told: pl.DataFrame, untouched: pl.DataFrame, until: date) -> pl.DataFrame:
    """Write OUT/visits, one file a city; return the planted wrong rows: source, source_file, row_no, issue.

    `told`: visits with register_city_code and division_code.  `untouched`: firms of the list nobody visited;
    wrong rows are theirs.  Each file also has one row in a hundred twice.
    """
    rejects = []
    parts = _visit_rows(with_moves(told)).partition_by(
        "register_city_code", as_dict=True, maintain_order=True
    )
    for number, ((city,), rows) in enumerate(parts.items()):
        own = untouched.filter(pl.col("register_city_code") == city).head(len(WRONG))
        wrong = wrong_visits(with_item(own), until)
        doubled = rows.head(max(1, rows.height // 100))
        file = _write(out, "visits", f"{city}_{until:%Y%m%d}", [rows, wrong, doubled], number)
        rejects.append(_planted(file, rows.height, wrong))
    return pl.concat(rejects)


def write_feeds(out: Path, banks: dict[str, pl.DataFrame], until: date) -> None:
    """Write OUT/<feed>; a tenth of each comes in a file of its own, whose events are no younger."""
    for source, frame in banks.items():
        half = frame.height - frame.height // 10
        _write(out, source, f"01_{until:%Y%m%d}", [frame.head(half)], 0)
        if frame.height > half:
            _write(out, source, f"02_补报_{until:%Y%m%d}", [frame.tail(frame.height - half)], 1)


def with_item(firms: pl.DataFrame) -> pl.DataFrame:
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
        addr_verified=pl.when(pl.col("new_addr").is_null()).then(pl.lit("1")).otherwise(pl.lit("2")),
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
