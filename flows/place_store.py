"""The learned index of places on disk: two tables of facts, written whole, read back for reuse.

Here: reading and writing.  Not here: learning (transforms/place_index.py).
"""

from pathlib import Path

import polars as pl

from reference.errors import InputProblem
from transforms.place_index import PlaceFacts

NUMBERS = "number"
"""Slot under which the number facts stand in the one file: name is road#number."""


def write_index(facts: PlaceFacts, path: Path) -> Path:
    """Write the facts as one Parquet file: county_code, slot, name, township_code, support."""
    numbers = facts.numbers.select(
        "county_code", "township_code", "support",
        slot=pl.lit(NUMBERS), name=pl.concat_str("road", pl.lit("#"), "number"),
    )  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    pl.concat([facts.names, numbers.select(facts.names.columns)]).write_parquet(temporary)
    temporary.replace(path)
    return path


def read_index(path: Path) -> PlaceFacts:
    """Return the facts of an index file; InputProblem if it is none."""
    text = dict.fromkeys(("county_code", "slot", "name", "township_code"), pl.String())
    wanted = {**text, "support": pl.Int64()}
    try:
        table = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as fault:
        raise InputProblem(
            f"{path}: not an index of places ({fault}); a run leaves one in lake/curated/places"
        ) from fault
    if any(table.schema.get(column) != kind for column, kind in wanted.items()):
        raise InputProblem(f"{path}: not an index of places; it needs the columns {', '.join(wanted)}")
    is_number = pl.col("slot") == NUMBERS
    parts = pl.col("name").str.split_exact("#", 1).struct
    numbers = table.filter(is_number).select(
        "county_code", "township_code", "support",
        road=parts.field("field_0"), number=parts.field("field_1").cast(pl.Int32),
    )  # fmt: skip
    columns = ["county_code", "road", "number", "township_code", "support"]
    return PlaceFacts(table.filter(~is_number), numbers.select(columns))
