"""Dated records of other bureaus (公告, 备案, 名录, 处罚, 核查): what stands open on the batch date.

Here: from rows with a start and an end to one row per subject and rule, with what tells them apart.
Not here: matching rows to subjects (evidence.py), what the rules make of them (screen_*.py).
"""

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from reference.rules import RuleSet
from transforms.evidence import is_open_on, known_on, months_before

DATED_SOURCES = (
    "liquidations", "simple_deregistrations", "forced_deregistrations", "suspensions", "tax_black",
    "tax_abnormal", "penalties", "onsite_checks", "tax_filings", "electricity",
)  # fmt: skip
"""The sources read here and in `activity_facts`, as `Mapping[source, rows]` with subject_key."""

REASON_CODES = ("R1", "R2", "R4")
"""Reasons of the abnormal list (经营异常名录) that can be repaired; R3, false disclosure, is rule D04's."""

COLUMNS: Mapping[str, Sequence[str]] = {
    "C03": ("accepted_on", "case_type", "case_no", "court"),
    "C04": ("announced_on", "until", "has_objection"),
    "C05": ("announced_on", "until", "doc_no", "decide_org"),
    "C06": ("from_on", "until", "doc_no"),
    "D05": ("listed_on", "reason_text", "doc_no", "decide_org"),
    "D07": ("listed_on", "decide_org"),
    "D08": ("decided_on", "penalty_type", "amount", "is_heavy", "doc_no", "decide_org"),
    "Z07": ("checked_on", "result", "idle_since", "check_org"),
    **dict.fromkeys(REASON_CODES, ("listed_on", "decide_org", "doc_no")),
}
"""Per rule or reason the facts `<rule>_<name>`, the date that tells whether there is a record first."""

DATED_COLUMNS = tuple(f"{rule}_{name}" for rule, names in COLUMNS.items() for name in names)


def dated_facts(
    events: Mapping[str, pl.LazyFrame], abnormal: pl.LazyFrame, rules: RuleSet, as_of: date
) -> list[pl.LazyFrame]:
    """Per rule one row per subject with a record that counts on the date: `DATED_COLUMNS`.

    A record counts if start ≤ date < end and the bureau had handed it over; of several the earliest.
    Texts are categorical: facts have a column for each, and nearly all of it is empty.
    """
    return [
        _open("C03", events["liquidations"], as_of, "accept_date", "end_date"),
        _simple_notices(events["simple_deregistrations"], rules, as_of),
        _forced_notices(events["forced_deregistrations"], rules, as_of),
        _suspensions(events["suspensions"], rules, as_of),
        _open("D05", events["tax_black"], as_of, "in_date", "out_date"),
        _open("D07", events["tax_abnormal"], as_of, "in_date", "out_date"),
        _penalties(events["penalties"], rules, as_of),
        _newest_checks(events["onsite_checks"], as_of),
        *(
            _open(code, abnormal.filter(pl.col("reason_code") == code), as_of, "in_date", "out_date")
            for code in REASON_CODES
        ),
    ]


def activity_facts(events: Mapping[str, pl.LazyFrame], as_of: date) -> list[pl.LazyFrame]:
    """One row per subject of the tax and of the grid feed: tax_filed_on, live_tax_on; live_power_on.

    A filing of nothing due (零申报) is a filing, but no sign of life.
    """
    taxed = events["tax_filings"].filter(known_on(as_of) & (pl.col("filed_on") <= as_of))
    metered = events["electricity"].filter(
        known_on(as_of) & (pl.col("read_on") <= as_of) & (pl.col("kwh") > 0)
    )
    filed = pl.col("filed_on")
    return [
        taxed.group_by("subject_key").agg(
            tax_filed_on=filed.max(), live_tax_on=filed.filter(pl.col("tax_due") > 0).max()
        ),
        metered.group_by("subject_key").agg(live_power_on=pl.col("read_on").max()),
    ]


def _open(rule: str, rows: pl.LazyFrame, as_of: date, start: str, end: str) -> pl.LazyFrame:
    kept = rows.filter(known_on(as_of) & is_open_on(as_of, start, pl.col(end)))
    return _earliest(rule, kept.with_columns(pl.col(start).alias(COLUMNS[rule][0])))


def _simple_notices(rows: pl.LazyFrame, rules: RuleSet, as_of: date) -> pl.LazyFrame:
    """C04: notices neither refused nor withdrawn; one nobody acted on lapses some months after its end."""
    lapsed = pl.coalesce("ann_end", "ann_start").dt.offset_by(
        f"{rules['C04'].parameters.number('lapse_m')}mo"
    )
    counts = (
        known_on(as_of)
        & is_open_on(as_of, "ann_start", lapsed)
        & (pl.col("result") == "approved").fill_null(True)
        & (pl.col("objection") == "no").fill_null(True)
    )
    named = rows.filter(counts).select(
        "subject_key", announced_on="ann_start", until="ann_end", has_objection=pl.col("objection") == "yes"
    )
    # Of several a notice known to be free of objections decides; an unknown one can't overrule it.
    return _earliest("C04", named, first="has_objection")


def _forced_notices(rows: pl.LazyFrame, rules: RuleSet, as_of: date) -> pl.LazyFrame:
    """C05: running notices; without an end they run for the term of the law."""
    term = pl.col("ann_start").dt.offset_by(f"{rules['C05'].parameters.number('term_days')}d")
    until = pl.min_horizontal(pl.coalesce("ann_end", term), "end_date")
    kept = rows.filter(known_on(as_of) & is_open_on(as_of, "ann_start", until))
    return _earliest("C05", kept.with_columns(announced_on="ann_start", until=until))


def _suspensions(rows: pl.LazyFrame, rules: RuleSet, as_of: date) -> pl.LazyFrame:
    """C06: registered suspensions under way; none lasts longer than the law allows."""
    longest = pl.col("from_date").dt.offset_by(f"{rules['C06'].parameters.number('max_m')}mo")
    until = pl.min_horizontal(longest, "to_date", "resume_date")
    kept = rows.filter(known_on(as_of) & is_open_on(as_of, "from_date", until))
    return _earliest("C06", kept.with_columns(from_on="from_date", until=until))


def _penalties(rows: pl.LazyFrame, rules: RuleSet, as_of: date) -> pl.LazyFrame:
    """D08: decisions of the last months that are heavy, or may be: is_heavy is null for a blank fine."""
    parameters = rules["D08"].parameters
    since = months_before(as_of, parameters.number("months"))
    by_kind = pl.col("penalty_type").str.contains_any(list(parameters.codes("kinds"))).fill_null(False)
    is_heavy = by_kind | (pl.col("amount") >= parameters.number("amount_yuan"))
    kept = rows.filter(
        known_on(as_of)
        & is_open_on(as_of, "decided_on", pl.col("publish_end"))
        & (pl.col("decided_on") > since)
    ).with_columns(is_heavy=is_heavy)
    return _earliest("D08", kept.filter(pl.col("is_heavy").fill_null(True)), first="is_heavy")


def _newest_checks(rows: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """Z07: what the newest on-site check found."""
    known = rows.filter(known_on(as_of) & (pl.col("checked_on") <= as_of))
    newest = known.filter(pl.col("checked_on") == pl.col("checked_on").max().over("subject_key"))
    # Two findings of one day contradict each other: then the firm is not idle.
    return _earliest("Z07", newest.with_columns(is_idle=pl.col("result") == "idle"), first="is_idle")


def _earliest(rule: str, rows: pl.LazyFrame, first: str | None = None) -> pl.LazyFrame:
    """One row per subject: the first of its rows, by `first` if given and by all columns, nulls last."""
    names = COLUMNS[rule]
    order = dict.fromkeys([*([first] if first else []), *names])
    return (
        rows.select("subject_key", *order)
        .sort("subject_key", *order, nulls_last=True)
        .unique("subject_key", keep="first", maintain_order=True)
        .select("subject_key", pl.col(names).name.prefix(f"{rule}_"))
        .with_columns(pl.col(pl.String).exclude("subject_key").cast(pl.Categorical))
    )
