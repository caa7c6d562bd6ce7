"""A list that was published and came back: what the tests of the closed loop share."""

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import polars as pl
from verbs import zoufang

JAN, FEB, TOLD = date(2025, 1, 31), date(2025, 2, 28), date(2025, 4, 15)


class Loop(NamedTuple):
    """A home with a published list, the inbox that came back for it, and what is true of it."""

    home: Path
    inbox: Path
    truth: dict[str, int]
    firms: pl.DataFrame


def ask(home: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as con:
        con.execute("ATTACH ? AS w (READ_ONLY)", [str(home / "warehouse" / "zoufang.duckdb")])
        con.execute("SET disabled_optimizers = 'compressed_materialization'")
        con.execute("USE w")
        return con.execute(query).fetchall()


def decided(home: Path, as_of: date, uscc: str) -> tuple[str, str]:
    """Return disposition and deciding rule of a firm in a batch, from the lake."""
    pointer = json.loads((home / "lake" / "batches" / f"{as_of}.json").read_text(encoding="utf-8"))
    folder = home / "lake" / "curated" / "enterprises" / f"as_of={as_of}"
    rows = pl.read_parquet(
        sorted(folder.glob(f"city=*/{pointer['record']['run_id']}.parquet")), hive_partitioning=False
    ).filter(pl.col("uscc") == uscc)
    ((disposition, rule),) = rows.select("disposition", "primary_rule").rows()
    return disposition, rule


def come_back(inbox: Path, home: Path, day: date) -> dict[str, Any]:
    ended = zoufang("feedback", "--inbox", inbox, "--home", home, "--as-of", str(day), "--json")
    assert ended.status == 0, ended.err
    summary: dict[str, Any] = json.loads(ended.out)
    return summary


def copy_of(loop: Loop, folder: Path) -> Loop:
    shutil.copytree(loop.home, folder / "home")
    shutil.copytree(loop.inbox, folder / "back")
    return loop._replace(home=folder / "home", inbox=folder / "back")
