"""Where register and census disagree (K1 to K10): the conflicts that must be found, and those found.

Here: conflicts by the row of the census file, the values kept, which units leave room for doubt.
Not here: what is true (simulator/truth_conflicts.py), scores (truth.py).
"""

import polars as pl

from bench.published import ROW, Lake, Pair, Truth

FACT = ("conflict", "subject_key", *ROW, "winner", "loser", "reason")


def conflicts(truth: Truth, lake: Lake) -> Pair:
    """Return expected and found FACT, but of units in doubt; row_no is null where no unit is in it."""
    rows = _unit_rows(truth, lake)
    expected = truth.conflicts.rename({"subject_key_true": "subject_key"}).select(FACT)
    found = lake.conflicts.join(rows, on="unit_key", how="left").select(FACT)
    doubt = in_doubt(truth, lake)
    return _sure(expected, doubt), _sure(found, doubt)


def kept_values(truth: Truth, lake: Lake) -> Pair:
    """Return (conflict, subject_key, kept) of K3, K4 and K6, as it must be and as the subjects show it."""
    expected = truth.conflicts.drop_nulls("kept").select("conflict", "kept", subject_key="subject_key_true")
    shown = {
        "K3": pl.col("division_code").str.slice(0, pl.col("kept").str.len_chars()),
        "K4": pl.col("industry_code"),
        "K6": pl.col("name"),
    }
    found = expected.join(lake.enterprises, on="subject_key").select(
        "conflict", "subject_key",
        kept=pl.coalesce(pl.when(pl.col("conflict") == name).then(value) for name, value in shown.items()),
    )  # fmt: skip
    return expected.select(found.columns), found


def in_doubt(truth: Truth, lake: Lake) -> pl.DataFrame:
    """One row per unit that only resembles a firm: source_file, row_no, subject_key (null where undecided).

    The simulator plants no pair that only resemblance could find, so no truth tells what L5 should say.
    """
    weak = lake.units.filter(pl.col("link_strength") == "weak").select(*ROW, "subject_key")
    undecided = lake.open_units.filter(pl.col("outcome") == "ambiguous").select("unit_key")
    named = undecided.join(_unit_rows(truth, lake), on="unit_key", how="left")
    return pl.concat([weak, named.select(*ROW, subject_key=pl.lit(None, pl.String))])


def _sure(facts: pl.DataFrame, doubt: pl.DataFrame) -> pl.DataFrame:
    return facts.join(doubt, on=ROW, how="anti").join(doubt, on="subject_key", how="anti")


def _unit_rows(truth: Truth, lake: Lake) -> pl.DataFrame:
    """One row per census unit: unit_key, source_file, row_no. Of one not linked it is its code or row."""
    linked = lake.units.select("unit_key", *ROW)
    key = pl.col("unit_key")
    by_row = lake.open_units.filter(key.str.contains(r":\d+$")).select(
        "unit_key",
        source_file=key.str.replace(r":\d+$", ""),
        row_no=key.str.extract(r":(\d+)$").cast(pl.Int64),
    )
    coded = truth.links.filter(pl.col("round") == "none").select(
        "source_file", "row_no", unit_key="unit_code"
    )
    by_code = lake.open_units.select("unit_key").join(coded, on="unit_key")
    return pl.concat([linked, *(frame.select(linked.columns) for frame in (by_row, by_code))])
