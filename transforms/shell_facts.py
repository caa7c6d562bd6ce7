"""What the shell rules (空壳) look at: signs of the last report, shared doors and numbers, findings.

Here: one row of these facts per subject, joined to the screening facts.
Not here: what several subjects share (shared_counts.py), the rules (screen_shell.py, screen_shared.py).
"""

from collections.abc import Mapping
from datetime import date

import polars as pl

from reference.rules import RuleSet
from transforms.evidence import is_open_on, known_on
from transforms.report_history import OLDEST, newest_year
from transforms.shared_counts import SHARED

_SIGNS = ("emp_count", "si_pension", "revenue")
_SHARED = tuple(name for name in SHARED.names() if name not in ("subject_key", "register_city_code"))


def with_shell_facts(
    facts: pl.LazyFrame, frames: Mapping[str, pl.LazyFrame], rules: RuleSet, as_of: date
) -> pl.LazyFrame:
    """The facts plus zero_staff, zero_insured, zero_revenue, no_premises, no_phone, unpaid, S02_… and SHARED.

    `frames`: subjects, reports, units, shared, false_registrations of the same city. The signs are null where
    nothing is known; no_premises is stat_restricted: it counts, and no reason or evidence names it.
    """
    subjects = frames["subjects"].select(
        "subject_key",
        no_phone=pl.col("phone_key") == "",
        unpaid=(pl.col("registered_capital") > 0) & (pl.col("paid_capital") == 0),
    )
    census_on = rules.common.day("census_on")
    parts = [
        subjects,
        last_report_signs(frames["reports"], as_of),
        _premises(frames["units"], as_of, census_on),
        _false_registrations(frames["false_registrations"], as_of),
        frames["shared"].select("subject_key", *_SHARED),
    ]
    joined = facts
    for part in parts:
        joined = joined.join(part, on="subject_key", how="left", validate="m:1")
    return joined


def last_report_signs(reports: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """One row per subject with a report: whether the newest one states zero; null where it states nothing.

    The year and the three answers are packed in one number, of which the newest year has the greatest: one
    cheap maximum a subject instead of a sort.
    """
    back = newest_year(as_of) - pl.col("report_year")
    known = reports.filter(
        known_on(as_of) & (pl.col("submit_date") <= as_of) & back.is_between(0, OLDEST - 1)
    )
    answers = [
        pl.when(pl.col(c) == 0).then(1).when(pl.col(c).is_not_null()).then(2).otherwise(0) * 4**place
        for place, c in enumerate(_SIGNS)
    ]
    packed = ((OLDEST - back) * 64 + pl.sum_horizontal(answers)).cast(pl.Int32)
    newest = known.select("subject_key", _packed=packed).group_by("subject_key").agg(pl.col("_packed").max())
    names = ("zero_staff", "zero_insured", "zero_revenue")
    told = [pl.col("_packed") // 4**place % 4 for place in range(len(names))]
    return newest.select(
        "subject_key",
        *(
            pl.when(answer > 0).then(answer == 1).alias(name)
            for name, answer in zip(names, told, strict=True)
        ),
    )


def _premises(units: pl.LazyFrame, as_of: date, census_on: date) -> pl.LazyFrame:
    """One row per subject whose census unit is surely its own: no_premises."""
    sure = pl.col("link_strength").is_in(["exact", "strong"])
    return units.filter(sure & known_on(as_of) & (census_on <= as_of)).select(
        "subject_key", no_premises=pl.col("fixed_premises") == "0"
    )


def _false_registrations(findings: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """One row per subject with a finding in force: the earliest, S02_found_on and S02_doc_no."""
    is_open = known_on(as_of) & is_open_on(as_of, "in_date", pl.col("out_date"))
    return (
        findings.filter(is_open)
        .sort("subject_key", "in_date", "doc_no", nulls_last=True)
        .unique("subject_key", keep="first")
        .select("subject_key", S02_found_on="in_date", S02_doc_no="doc_no")
    )
