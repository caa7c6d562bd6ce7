"""Lists of offenders that can be repaired or aged: D05 to D08, and D06, the abnormal list (经营异常名录).

Here: rules on open listings and on penalties.
Not here: D01, D02, D04 (screen_dishonest.py), which listing is open on the date (dated_lists.py).
"""

from datetime import date

import polars as pl

from reference.rules import Rule
from transforms.dated_lists import REASON_CODES
from transforms.evidence import months_before
from transforms.screen_finding import Finding, recorded

REASONS_ZH = {
    "R1": "未按期公示年报",
    "R2": "未按责令期限公示信息",
    "R4": "登记住所（经营场所）无法联系",
}


def major_tax_offence(rule: Rule, _as_of: date) -> Finding:
    """D05: published as a major tax offender (重大税收违法失信主体)."""
    fields = recorded(rule.id, "listed_on", "reason_text", "doc_no", "decide_org")
    return Finding(fields["listed_on"].is_not_null(), fields, "tax_black")


def abnormal(_rule: Rule, _as_of: date) -> Finding:
    """D06: on the abnormal list for a reason that can be repaired."""
    opened = {code: pl.col(f"{code}_listed_on") for code in REASON_CODES}
    fields = {
        "listed_on": pl.min_horizontal(opened.values()),
        "reasons": _joined({code: code for code in opened}, ", "),
        "reasons_zh": _joined(REASONS_ZH, "、"),
    }
    return Finding(fields["listed_on"].is_not_null(), fields, "abnormal_list")


def tax_abnormal_long(rule: Rule, as_of: date) -> Finding:
    """D07: a tax-abnormal account (税务非正常户) for months."""
    fields = recorded("D07", "listed_on", "decide_org")
    since = months_before(as_of, rule.parameters.number("months"))
    fires = fields["listed_on"].is_not_null() & (fields["listed_on"] <= since)
    return Finding(fires, fields, "tax_abnormal")


def tax_abnormal(_rule: Rule, _as_of: date) -> Finding:
    """D07f: a tax-abnormal account, however new."""
    fields = recorded("D07", "listed_on", "decide_org")
    return Finding(fields["listed_on"].is_not_null(), fields, "tax_abnormal")


def heavily_punished(rule: Rule, _as_of: date) -> Finding:
    """D08: a heavy penalty of late: closed down, a permit taken, or a large fine; a blank fine is unknown."""
    fields = recorded(rule.id, "decided_on", "penalty_type", "amount", "doc_no", "decide_org")
    fires = fields["decided_on"].is_not_null() & pl.col(f"{rule.id}_is_heavy")
    yuan = pl.col(f"{rule.id}_amount")
    fields["fine_zh"] = pl.coalesce(pl.format("罚款{}元", yuan), pl.lit("无罚款金额"))
    return Finding(fires, fields, "penalties")


def _joined(names: dict[str, str], joint: str) -> pl.Expr:
    told = [pl.when(pl.col(f"{code}_listed_on").is_not_null()).then(pl.lit(n)) for code, n in names.items()]
    return pl.concat_str(told, separator=joint, ignore_nulls=True)
