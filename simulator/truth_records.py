"""Which rules on dated records must fire, told apart from the code under test.

Here: the simulator's own reading of domain §4.2 for notices, lists, tax, checks, and what is silence.
Not here: the rules on register, reports and size (truth.py).
"""

from collections.abc import Iterable
from datetime import date

import polars as pl

from simulator.census import CENSUS_DAY


def months_back(day: date, months: int) -> date:
    """Return the same day so many months earlier, or the last day of a shorter month."""
    index = day.year * 12 + day.month - 1 - months
    for last in (day.day, 30, 29, 28):
        try:
            return date(index // 12, index % 12 + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError(day)


def record_facts(sources: dict[str, pl.DataFrame], as_of: date) -> list[pl.DataFrame]:
    """Per source one row per uscc with a record that counts on the date."""
    open_from = {
        "in_liquidation": ("liquidations", "accept_date", "end_date"),
        "tax_offender": ("tax_black", "in_date", "out_date"),
        "tax_lost": ("tax_abnormal", "in_date", "out_date"),
        "fined": ("penalties", "decided_on", "publish_end"),
    }
    of = {
        name: sources[source].filter(_is_open(as_of, start, pl.col(end)))
        for name, (source, start, end) in open_from.items()
    }
    stopped = pl.col("penalty_type").str.contains("停产停业|吊销许可")
    heavy = stopped | (pl.col("amount") >= 500_000).fill_null(False)
    lately = pl.col("decided_on") > months_back(as_of, 12)
    listed = sources["abnormal_list"].filter(_is_open(as_of, "in_date", pl.col("out_date")))
    taxed = sources["tax_filings"].filter(pl.col("filed_on") <= as_of)
    metered = sources["electricity"].filter((pl.col("read_on") <= as_of) & (pl.col("kwh") > 0))
    return [
        _any(of["in_liquidation"], "in_liquidation"),
        _any(_simple(sources["simple_deregistrations"], as_of), "closing"),
        _any(_forced(sources["forced_deregistrations"], as_of), "forced"),
        _any(_resting(sources["suspensions"], as_of), "resting"),
        _any(of["tax_offender"], "tax_offender"),
        of["tax_lost"].group_by("uscc").agg(tax_lost_on=pl.col("in_date").min()),
        _any(of["fined"].filter(heavy & lately), "fined"),
        _checks(sources["onsite_checks"], as_of),
        *[
            listed.filter(reason_code=code).group_by("uscc").agg(pl.col("in_date").min().alias(f"{code}_on"))
            for code in ("R1", "R2", "R4")
        ],
        taxed.group_by("uscc").agg(
            filed_on=pl.col("filed_on").max(), live_tax=pl.col("filed_on").filter(pl.col("tax_due") > 0).max()
        ),
        metered.group_by("uscc").agg(live_power=pl.col("read_on").max()),
    ]


def record_rules(z02: pl.Expr, closed: Iterable[pl.Expr], as_of: date) -> dict[str, pl.Expr]:
    """One Boolean per rule on dated records; `z02` decides who is told of the abnormal list instead.

    `closed`: whether somebody who may say so saw the subject closed.
    """
    of = pl.col("entity_class")
    scoped = of != "household"
    mature = pl.col("age_m") >= 12
    last_due = as_of.year - 1 if (as_of.month, as_of.day) > (6, 30) else as_of.year - 2
    z03 = (pl.col("R4_on") <= months_back(as_of, 24)).fill_null(False) & silent() & mature
    years = last_due - pl.col("R1_on").dt.year() + 2
    unmarked = ~scoped & (years >= 2).fill_null(False) & ~pl.col("is_alive") & mature
    gone = pl.any_horizontal(pl.col("R4_on").is_not_null(), *closed)
    on_list = pl.any_horizontal(pl.col(f"{code}_on").is_not_null() for code in ("R1", "R2", "R4"))
    a_year = months_back(as_of, 12)
    over = (pl.col("term_to") < as_of).fill_null(False)
    return {
        "C04": _true("closing"),
        "C05": _true("forced") & scoped,
        "C06": _true("resting"),
        "C07": over & (pl.col("last_report") <= pl.col("term_to")).fill_null(True),
        "D05": _true("tax_offender"),
        "D06": on_list & ~z02 & ~z03,
        "D07": (pl.col("tax_lost_on") <= a_year).fill_null(False),
        "D07f": (pl.col("tax_lost_on") > a_year).fill_null(False),
        "D08": _true("fined"),
        "Z02h": unmarked & ~gone,
        "Z02hx": unmarked & gone,
        "Z03": z03,
        "Z07": _true("idle") & ~(pl.col("live_on") > pl.col("checked_on")).fill_null(False),
        "K8": of.is_in(["enterprise", "coop", "other"]) & _uncounted() & pl.col("has_census_data"),
    }


def _uncounted() -> pl.Expr:
    """In no census unit, though old enough and no farm."""
    return pl.col("round").is_null() & (pl.col("est_date") <= CENSUS_DAY) & (pl.col("industry") >= "0600")


def silent() -> pl.Expr:
    """No tax filing nor visit of two years where the county tells of filings, else no sign of life."""
    unseen = ~pl.col("files_tax") & ~pl.col("is_met")
    return pl.when("has_tax_data").then(unseen).otherwise(~pl.col("is_alive"))


def delivered(seen: pl.Expr) -> pl.Expr:
    """Whether a fifth of the county's enterprises is in a feed, which then tells of the others too."""
    firm = pl.col("entity_class") == "enterprise"
    on_register = firm & ~pl.col("is_later")
    found = (seen.fill_null(False) & on_register).sum()
    return ((found / on_register.sum()).over("county_code") >= 0.2).fill_null(False)


def _is_open(as_of: date, start: str, end: pl.Expr) -> pl.Expr:
    return (pl.col(start) <= as_of) & (end.is_null() | (end > as_of))


def _any(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    return rows.select("uscc").unique().with_columns(pl.lit(True).alias(name))


def _simple(rows: pl.DataFrame, as_of: date) -> pl.DataFrame:
    lapsed = pl.coalesce("ann_end", "ann_start").dt.offset_by("12mo")
    kept = rows.filter(_is_open(as_of, "ann_start", lapsed) & (pl.col("objection") == "否"))
    return kept.filter(pl.col("result").is_null() | (pl.col("result") == "准予"))


def _forced(rows: pl.DataFrame, as_of: date) -> pl.DataFrame:
    until = pl.coalesce("ann_end", pl.col("ann_start") + pl.duration(days=90))
    return rows.filter(_is_open(as_of, "ann_start", until) & (pl.col("end_date") > as_of).fill_null(True))


def _resting(rows: pl.DataFrame, as_of: date) -> pl.DataFrame:
    ends = (pl.col("from_date").dt.offset_by("36mo"), pl.col("to_date"), pl.col("resume_date"))
    return rows.filter(pl.col("from_date") <= as_of, *((end > as_of).fill_null(True) for end in ends))


def _checks(rows: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Per uscc the newest check: checked_on, and whether it found the firm idle for half a year."""
    newest = rows.filter(pl.col("checked_on") <= as_of).sort("checked_on").unique("uscc", keep="last")
    long = pl.col("idle_since").dt.offset_by("6mo") <= pl.col("checked_on")
    return newest.select("uscc", "checked_on", idle=((pl.col("result") == "停业") & long).fill_null(False))


def _true(column: str) -> pl.Expr:
    return pl.col(column).fill_null(False)
