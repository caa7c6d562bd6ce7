"""What the tail of an address says: the name it starts with, the names inside it, a road and its number.

Here: expressions over one `tail` column, the same for addresses that teach and that ask.
Not here: where such names lie (place_index.py, place_learned.py).
"""

import re

import polars as pl

PREFIXES = (2, 3, 4, 5, 6)
"""Lengths of the beginnings that are compared where the whole name is not known."""
LONGEST_START = 8
SEGMENTS = 3


def with_tail_features(rows: pl.LazyFrame, kinds: pl.DataFrame) -> pl.LazyFrame:
    """The rows plus start, seg1, seg2 (names ending as `kinds` lists: suffix, kind), road and number.

    `start`: the first name if the tail starts with it, else its leading characters; `road`: the first road,
    with the number right behind it, null where there is none.
    """
    name = f"[一-龥]{{1,10}}?(?:{_alternatives(kinds['suffix'])})"
    roads = _alternatives(kinds.filter(pl.col("kind") == "road")["suffix"])
    lead = pl.col("tail").str.extract(rf"^(\d{{1,4}}(?:号路|号大街|国道|省道)|[一-龥]{{2,{LONGEST_START}}})")
    segments = [
        pl.col("_segments").list.get(i, null_on_oob=True).str.strip_chars_start("号幢栋室层").alias(f"_s{i}")
        for i in range(SEGMENTS)
    ]
    starts = pl.col("tail").str.starts_with(pl.col("_s0"))
    is_road = [pl.col(f"_s{i}").str.contains(f"(?:{roads})$") for i in range(SEGMENTS)]
    road = pl.coalesce(pl.when(is_road[i]).then(f"_s{i}") for i in range(SEGMENTS))
    behind = pl.col("tail").str.splitn(pl.col("_road"), 2).struct.field("field_1")
    return (
        rows.with_columns(_segments=pl.col("tail").str.extract_all(name))
        .with_columns(segments)
        .with_columns(
            start=pl.when(starts).then("_s0").otherwise(lead),
            seg1=pl.when(starts).then("_s1").otherwise("_s0"),
            seg2=pl.when(starts).then("_s2").otherwise("_s1"),
            _road=road,
        )
        .with_columns(number=behind.str.extract(r"^(\d{1,5})").cast(pl.Int32))
        .with_columns(road=pl.when(pl.col("number").is_not_null()).then("_road"))
        .drop("_segments", "_road", *(f"_s{i}" for i in range(SEGMENTS)))
    )


def beginnings(column: str) -> list[pl.Expr]:
    """Return the expressions p2 … p6: the first characters of a column, null where it is shorter."""
    text = pl.col(column)
    return [pl.when(text.str.len_chars() >= k).then(text.str.head(k)).alias(f"p{k}") for k in PREFIXES]


def _alternatives(suffixes: pl.Series) -> str:
    return "|".join(re.escape(s) for s in sorted(suffixes, key=lambda s: (-len(s), s)))
