"""Which units and subjects are compared at all: blocks that are counted before they are joined.

Here: the keys of each blocking rule, the count of pairs per block, the cap, the pairs.
Not here: what is compared (link_parties.py, link_compare.py).
"""

from dataclasses import dataclass

import polars as pl

from transforms.identifiers_near import near_codes
from transforms.link_parties import LETTERS

BLOCKS = pl.Schema(
    {
        "rule": pl.String, "blocks": pl.Int64, "pairs": pl.Int64, "left_out_blocks": pl.Int64,
        "left_out_pairs": pl.Int64, "worst_pairs": pl.Int64, "worst_block": pl.String,
    }
)  # fmt: skip
"""One row per rule: what it brings, what the cap leaves out, and its largest block."""


@dataclass(frozen=True)
class Candidates:
    """Pairs of row numbers of the two sides, and the count of every rule's blocks."""

    pairs: pl.DataFrame  # u, s (row numbers), by_code
    blocks: pl.DataFrame  # BLOCKS


def find_candidates(units: pl.DataFrame, subjects: pl.DataFrame, caps: pl.DataFrame) -> Candidates:
    """Return the pairs to compare, each once.

    `caps` has rule, most_pairs (one block may bring) and most_per_unit (the whole rule, on average over the
    units). A block beyond is left out whole, the largest first: what only it would pair is too common to
    tell apart. Memory is bound by the number of units, whatever the names.
    """
    found, counts = [], []
    sides = [units.with_row_index("u"), subjects.with_row_index("s")]
    for rule, most, per_unit in caps.select("rule", "most_pairs", "most_per_unit").iter_rows():
        left, right = _code_keys(*sides) if rule == "code" else (_keys(side, _RULES[rule]) for side in sides)
        pairs, count = _paired(rule, left, right, most, per_unit * units.height)
        found.append(pairs.with_columns(by_code=pl.lit(rule == "code")))
        counts.append(count)
    pairs = pl.concat(found).group_by("u", "s").agg(pl.col("by_code").any())
    return Candidates(_possible(pairs, units, subjects), pl.concat(counts))


def _possible(pairs: pl.DataFrame, units: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
    """Without pairs of two sound codes: they differ, else an earlier round had linked them."""
    both = units["is_sound"].gather(pairs["u"]) & subjects["is_sound"].gather(pairs["s"])
    return pairs.filter(~both).sort("u", "s")


def _paired(
    rule: str, written: pl.DataFrame, right: pl.DataFrame, most: int, most_in_all: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The pairs of the blocks within the cap, and the count of all blocks; nothing is joined before."""
    left = written.with_columns(pl.col("key").hash()).unique()
    right = right.with_columns(pl.col("key").hash()).join(left, on="key", how="semi").unique()
    in_right = right.group_by("key").agg(n_s=pl.len().cast(pl.Int64))
    sizes = left.group_by("key").agg(n=pl.len().cast(pl.Int64)).join(in_right, on="key")
    sizes = sizes.select("key", pl.col("n") * pl.col("n_s")).sort("n", "key")
    fits = (pl.col("n") <= most) & (pl.col("n").cum_sum() <= most_in_all)
    worst = sizes.tail(1)
    named = written.filter(pl.col("key").hash().is_in(worst["key"].implode()))["key"].min()
    count = sizes.select(
        rule=pl.lit(rule), blocks=pl.len(), pairs=pl.col("n").filter(fits).sum(),
        left_out_blocks=(~fits).sum(), left_out_pairs=pl.col("n").filter(~fits).sum(),
        worst_pairs=pl.lit(worst["n"].max() or 0), worst_block=pl.lit(named, pl.String),
    ).cast(BLOCKS)  # fmt: skip
    pairs = left.join(sizes.filter(fits), on="key", how="semi").join(right, on="key")
    return pairs.select("u", "s"), count


def _keys(side: pl.DataFrame, keys: list[pl.Expr]) -> pl.DataFrame:
    """One row per row and key of one side: u or s, key."""
    row = side.columns[0]
    return side.select(row, pl.concat_list(keys).alias("key")).explode("key").drop_nulls("key")


def _code_keys(units: pl.DataFrame, subjects: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Codes as they are, and for failing ones also the sound codes one slip away."""
    sides = []
    for side in (units, subjects):
        coded = side.select(side.columns[0], "is_sound", key="code").drop_nulls("key")
        failing = coded.filter(~pl.col("is_sound"))
        near = near_codes(failing.select(code="key").unique().lazy()).collect()
        guessed = failing.join(near, left_on="key", right_on="code").drop("key").rename({"near": "key"})
        sides.append(pl.concat([frame.select(side.columns[0], "key") for frame in (coded, guessed)]))
    return sides[0], sides[1]


def _at(word: pl.Expr, digits: int) -> list[pl.Expr]:
    """The word at each county (six digits) or city (four) of the row; null where either is unknown."""
    here, there = pl.col("county").str.slice(0, digits), pl.col("other_county").str.slice(0, digits)
    word = pl.when(word.str.len_chars() >= 2).then(word)
    return [word + "@" + here, pl.when(here != there).then(word + "@" + there)]


def _slips(word: pl.Expr) -> list[pl.Expr]:
    """The word, and the word without one character: two words one slip apart share one of these."""
    less = [
        pl.when(word.str.len_chars() > at).then(word.str.slice(0, at) + word.str.slice(at + 1))
        for at in range(LETTERS)
    ]
    return [key for one in (word, *less) for key in _at(one, 6)]


def _pairs_of_letters(word: pl.Expr) -> list[pl.Expr]:
    return [key for at in range(4) for key in _at(word.str.slice(at, 2), 6)]


_CORE, _MIDDLE = pl.col("core"), pl.col("middle")
_RULES: dict[str, list[pl.Expr]] = {
    "reg_no": [pl.col("reg_no")],
    "words_city": _at(_MIDDLE, 4),
    "words": [pl.when(pl.col("length") >= 2).then(_MIDDLE)],
    "slip_county": _slips(_MIDDLE),
    "core_county": _pairs_of_letters(_CORE),
    "core_city": _at(_CORE, 4),
    "branch": _at(pl.col("branch"), 4),
    "door": _at(pl.col("door"), 6),
    "opened_town": _at(pl.col("town") + pl.col("opened").cast(pl.String), 6),
}
