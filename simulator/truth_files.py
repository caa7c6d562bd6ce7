"""The truth written beside the inbox, one part per table and chunk.

Here: the columns of subjects, rules, links, defects and files.
Not here: what is true (truth.py), which defects there are (registry.py, faults.py).

subjects: who each subject is, where it is, how it must end. rules: which rules must fire (F02 is left to
placement). links: the subject each census row must be linked to, and by which round. defects: each planted
defect with what must become of its row. files: the rows of each file.
"""

from datetime import date
from pathlib import Path

import polars as pl

from simulator.files import write_truth
from simulator.places import WITHOUT_TOWN
from simulator.registry import DAMAGES, EXTRA_ROWS
from simulator.truth import decisions, fired_rules, rule_rows

PLANTED = (*DAMAGES, *EXTRA_ROWS, "wrong_check")
KINDS = ("is_office", "is_public", "is_later")


def write_truths(
    truth: Path, stem: str, facts: pl.DataFrame, links: pl.DataFrame, defects: pl.DataFrame,
    files: pl.DataFrame, as_of: date,
) -> None:  # fmt: skip
    """Write the chunk's part of every truth table."""
    fired = fired_rules(facts, as_of)
    parts = {
        "subjects": pl.concat([subject_rows(facts), decisions(facts, fired)], how="horizontal"),
        "rules": rule_rows(facts, fired),
        "links": links,
        "defects": defects,
        "files": files,
    }
    for table, frame in parts.items():
        write_truth(truth / table / f"{stem}.parquet", frame)


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
