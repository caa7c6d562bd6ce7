"""Overrides (人工干预) checked as they come in: two persons, a level high enough, a term short enough.

Here: which typed rows may not stand, and why.  Not here: what standing ones do (overrides.py).
"""

import polars as pl

from reference.rules import RuleSet
from transforms.ingest_lines import REJECTED


def override_faults(rows: pl.DataFrame, rules: RuleSet) -> pl.DataFrame:
    """Return row_no, column_name, value, reason_code of the rows that may not stand, by their first fault.

    `rows`: typed rows of the overrides contract. Names are not told.
    """
    limits, rule = rules.overrides, pl.col("rule_id")
    releases = pl.col("action") == "release_rule"
    latest = pl.col("valid_from").dt.offset_by(f"{limits.number('longest_m')}mo")
    no_value = pl.lit(None, pl.String)
    is_low = rule.is_in(limits.codes("province")) & (pl.col("level") != "province")
    faults = [
        ("approver_key", no_value, "same_person", pl.col("creator_key") == pl.col("approver_key")),
        ("rule_id", no_value, "rule_missing", releases & rule.is_null()),
        ("rule_id", rule, "unknown_value", rule.is_not_null() & ~rule.is_in(list(rules.rules))),
        ("rule_id", rule, "never_overridden", releases & rule.is_in(limits.codes("never"))),
        ("level", pl.col("level"), "level_too_low", releases & is_low),
        ("valid_to", pl.col("valid_to"), "ends_before_start", pl.col("valid_to") < pl.col("valid_from")),
        ("valid_to", pl.col("valid_to"), "valid_too_long", pl.col("valid_to") > latest),
    ]
    found = [
        rows.filter(holds.fill_null(value=False)).select(
            "row_no",
            column_name=pl.lit(column),
            value=value.cast(pl.String),
            reason_code=pl.lit(code),
        )
        for column, value, code, holds in faults
    ]
    whole = pl.concat([pl.DataFrame(schema=REJECTED), *(part.cast(REJECTED) for part in found)])
    return whole.unique("row_no", keep="first", maintain_order=True)
