"""Overrides (人工干预) of every kind, beside those that must be returned; decisions of false registration.

Here: the rows of both sources, and what of them acts.  Not here: what follows for the list (truth_shared.py).
"""

from datetime import date

import polars as pl

_RELEASE, _IN, _OUT = "解除规则", "强制列入", "强制移出"
KINDS: tuple[tuple[str, str | None, str, int, int, int, str | None], ...] = (
    (_RELEASE, "Z02", "县级", 30, 330, 30, None),
    (_RELEASE, "Z02", "县级", 330, -1, 330, None),  # over since yesterday
    (_RELEASE, "Z02", "市级", 30, 330, 30, "same_person"),
    (_RELEASE, "Z02", "省级", 30, 400, 30, "valid_too_long"),
    (_IN, None, "县级", 30, 330, 30, None),
    (_OUT, None, "县级", 30, 330, 30, None),
    (_RELEASE, "D01", "县级", 30, 330, 30, "level_too_low"),
    (_RELEASE, "Z02", "县级", 10, 330, -5, "decided_later"),
    (_RELEASE, "C01", "省级", 30, 330, 30, "never_overridden"),
    (_RELEASE, "Z02", "县级", 330, 0, 330, None),  # today is its last day
    (_IN, None, "省级", 30, 330, 30, None),
    (_IN, None, "县级", 30, 330, 30, None),
    (_RELEASE, "D01", "省级", 30, 330, 30, None),
)
"""Action, rule, level; days from start, to the end, from the day it was made; what must be returned."""
_OF_LISTED = 10  # kinds from here on are for firms on the serious-violations list


def override_rows(subjects: pl.DataFrame, serious: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """One row per decision, at most one a subject: contract columns, true_uscc, case and code_fault."""
    listed = pl.col("uscc").is_in(serious["true_uscc"].unique().implode())
    idle = (pl.col("story") == "stopped") & (pl.col("serial") % 5 == 0)
    kind = (
        pl.when(listed).then(_OF_LISTED + pl.col("serial") % 3).otherwise(pl.col("serial") // 5 % _OF_LISTED)
    )
    chosen = subjects.filter(listed | idle | (pl.col("serial") % 97 == 11)).with_columns(kind=kind)
    names = ("action", "rule_id", "level", "start", "end", "made", "case")
    table = pl.DataFrame(KINDS, schema=list(names), orient="row").with_columns(
        kind=pl.int_range(pl.len(), dtype=pl.Int64)
    )
    told = chosen.with_columns(pl.col("kind").cast(pl.Int64)).join(table.drop("case"), on="kind", how="left")
    told = told.drop("case").join(table.select("kind", "case"), on="kind", how="left", maintain_order="left")
    day, same = pl.lit(as_of), pl.col("case") == "same_person"
    return told.sort("serial").select(
        "uscc", "action", "rule_id",
        reason=pl.lit("核实后决定"),
        doc_no=pl.concat_str(pl.lit("浙专班〔2025〕"), "serial", pl.lit("号")),
        creator_key=pl.lit("张某某"),
        approver_key=pl.when(same.fill_null(value=False)).then(pl.lit("张某某")).otherwise(pl.lit("张某")),
        level="level",
        valid_from=day - pl.duration(days="start"),
        valid_to=day + pl.duration(days="end"),
        created_on=day - pl.duration(days="made"),
        extract_date=day,
        case="case", true_uscc="uscc", code_fault=pl.lit(None, pl.String),
    )  # fmt: skip


def false_registrations(listings: pl.DataFrame) -> pl.DataFrame:
    """One row per decision that a registration was false, from a sample of listings (evidence.listed)."""
    return listings.select(
        "uscc",
        doc_no=pl.concat_str(pl.lit("撤字〔2024〕"), "serial", pl.lit("号")),
        in_date="start",
        out_date="end",
        decide_org=pl.col("county") + "市场监督管理局",
        extract_date="extract_date",
        case="case",
    )
