"""Wrong rows as townships hand them in, each with the issue it has to come back with.

Here: one row per kind of mistake.  Not here: the good rows (events.py).
"""

from datetime import date, timedelta

import polars as pl

WRONG: tuple[tuple[str, dict[str, pl.Expr]], ...] = (
    ("uscc_mismatch", {"uscc": pl.lit("91330000142944445H")}),
    ("unknown_item", {"list_item_id": pl.lit("0123456789abcdef")}),
    ("before_dispatch", {"visit_date": (pl.col("list_as_of") - timedelta(days=3)).cast(pl.String)}),
    ("after_as_of", {"visit_date": pl.lit("after")}),
    ("need_without_amount", {"outcome": pl.lit("11"), "need": pl.lit("是")}),
    ("unknown_value", {"outcome": pl.lit("77 看着还行")}),
    ("not_a_date", {"visit_date": pl.lit("2025-13-45")}),
    ("second_attempt_missing", {"outcome": pl.lit("31 查无此企业/地址不存在")}),
    ("missing_value", {"outcome": pl.lit(None, pl.String)}),
)
"""Issue, and the cells that make it; the first column is the one the issue is told of."""


def wrong_visits(firms: pl.DataFrame, until: date) -> pl.DataFrame:
    """Return one wrong row per firm, by turns of WRONG, and its `issue`. `firms`: never visited ones."""
    plain = firms.select(
        "list_item_id", "uscc", "list_as_of",
        visit_seq=pl.lit("1"), visit_date=pl.lit(str(until)), method=pl.lit("1"), outcome=pl.lit("13"),
        need=pl.lit("否"), need_amt=pl.lit(None, pl.String), purpose_code=pl.lit(None, pl.String),
    )  # fmt: skip
    rows = [
        plain.slice(number, 1).with_columns(**cells, issue=pl.lit(issue))
        for number, (issue, cells) in enumerate(WRONG)
    ]
    late = str(until + timedelta(days=5))
    return pl.concat(rows).with_columns(pl.col("visit_date").replace("after", late)).drop("list_as_of")
