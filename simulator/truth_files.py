"""The truth written beside the inbox, one part per table and chunk.

Here: the columns of subjects, rules, links, defects and files.
Not here: what is true (truth.py), which defects there are (registry.py, faults.py).

subjects: who each subject is, where it is, how it must end. rules: which rules must fire (F02 is left to
placement). links: the subject each census row must be linked to, and by which round. defects: each planted
defect with what must become of its row. files: the rows of each file. changed_rules, changed_decisions:
what differs if the census may exclude (case census), if banks told of the loans of loan_book (case loans), if
the visits of visit_book came back (case visits).
"""

from datetime import date
from pathlib import Path

import polars as pl

from simulator.files import write_truth
from simulator.places import WITHOUT_TOWN
from simulator.registry import DAMAGES, EXTRA_ROWS
from simulator.truth import decisions, fired_rules, rule_rows, with_life

PLANTED = (*DAMAGES, *EXTRA_ROWS, "wrong_check")
KINDS = ("is_office", "is_public", "is_later")


def write_truths(
    truth: Path, stem: str, facts: pl.DataFrame, tables: dict[str, pl.DataFrame], as_of: date
) -> None:  # fmt: skip
    """Write the chunk's part of every truth table; `tables` are those that are true as they stand."""
    fired = fired_rules(facts, as_of)
    parts = {
        **tables,
        **_changes(facts, fired, as_of),
        "subjects": pl.concat([subject_rows(facts), decisions(facts, fired)], how="horizontal"),
        "rules": rule_rows(facts, fired),
    }
    for table, frame in parts.items():
        write_truth(truth / table / f"{stem}.parquet", frame)


def _changes(facts: pl.DataFrame, fired: pl.DataFrame, as_of: date) -> dict[str, pl.DataFrame]:
    """What other rules or evidence would change: changed_rules (fires), changed_decisions, by case."""
    lent, seen = with_life(facts, as_of, loans=True), with_life(facts, as_of, visits=True)
    cases = {
        "census": (facts, fired_rules(facts, as_of, census=True)),
        "loans": (lent, fired_rules(lent, as_of)),
        "visits": (seen, fired_rules(seen, as_of)),
    }
    key, old = facts.select(subject_key_true="uscc"), rule_rows(facts, fired)
    before = pl.concat([key, decisions(facts, fired)], how="horizontal")
    rules, decided = [], []
    for case, (known, after) in cases.items():
        new, name = rule_rows(known, after), pl.lit(case).alias("case")
        for one, other, fires in ((new, old, True), (old, new, False)):
            changed = one.join(other, on=one.columns, how="anti")
            rules.append(changed.select(name, pl.all(), fires=pl.lit(fires)))
        now = pl.concat([key, decisions(known, after)], how="horizontal")
        decided.append(now.join(before, on=now.columns, how="anti", nulls_equal=True).select(name, pl.all()))
    return {"changed_rules": pl.concat(rules), "changed_decisions": pl.concat(decided)}


def subject_rows(facts: pl.DataFrame) -> pl.DataFrame:
    """One row per subject: identity, place, census unit and planted defects, without the decision."""
    return facts.join(_defects(facts), on="uscc", how="left", maintain_order="left").select(
        pl.col("uscc").alias("subject_key_true"), "entity_class",
        (~pl.col("is_later")).alias("on_register"),
        (pl.col("city_code") + "00").alias("city_code"), "county_code",
        pl.col("town_code").alias("township_code"), "division_code",
        pl.col("case").alias("address_case"),
        (~pl.col("case").is_in(WITHOUT_TOWN) | (pl.col("serial") % 20 == 0)).alias("address_names_town"),
        pl.when(pl.col("round") == "L1").then("uscc").alias("census_unit_code"),
        pl.col("round").fill_null("none").alias("link_round"),
        pl.col("defects").fill_null([]),
    )  # fmt: skip


def _defects(facts: pl.DataFrame) -> pl.DataFrame:
    """One row per subject with a planted defect: uscc, defects. Few have one, and lists are slow to make."""
    flags = (*PLANTED, *KINDS)
    named = [pl.when(name).then(pl.lit(name)) for name in flags]
    return facts.filter(pl.any_horizontal(flags)).select(
        "uscc", pl.concat_list(named).list.drop_nulls().alias("defects")
    )


def link_rows(units: pl.DataFrame, source_file: str) -> pl.DataFrame:
    """One row per row of a census file: unit_code, source_file, row_no, subject_key_true, round."""
    return units.select(
        "unit_code",
        pl.lit(source_file).alias("source_file"),
        pl.int_range(2, pl.len() + 2, dtype=pl.Int64).alias("row_no"),
        pl.col("true_uscc").alias("subject_key_true"),
        "round",
    )
