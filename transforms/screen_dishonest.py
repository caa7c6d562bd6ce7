"""Dishonest subjects (失信): D01 serious-violations list, D02 judgment defaulter, D04 false disclosure.

Here: rules on open listings.  Not here: which listing is open on the date (screen_facts.py).
"""

from datetime import date

import polars as pl

from reference.rules import Rule
from transforms.screen_finding import Finding


def seriously_listed(rule: Rule, _as_of: date) -> Finding:
    """D01: on the serious-violations list (严重违法失信名单)."""
    return _listed(rule, ("listed_on", "doc_no", "decide_org", "reason_text"), "serious_violations")


def judgment_defaulter(rule: Rule, _as_of: date) -> Finding:
    """D02: a published judgment defaulter (失信被执行人)."""
    return _listed(rule, ("published_on", "ends_on", "case_no", "court"), "judgment_defaulters")


def false_disclosure(rule: Rule, _as_of: date) -> Finding:
    """D04: on the abnormal list for hiding the truth (公示信息隐瞒真实情况、弄虚作假)."""
    return _listed(rule, ("listed_on", "doc_no", "decide_org"), "abnormal_list")


def _listed(rule: Rule, names: tuple[str, ...], source: str) -> Finding:
    """The facts hold an open listing or nothing; its first field is the date it opened."""
    fields = {name: pl.col(f"{rule.id}_{name}") for name in names}
    return Finding(fields[names[0]].is_not_null(), fields, source)
