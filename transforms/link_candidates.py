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
"""Per rule: what it brings, what the cap leaves out, the largest block (words and county of a unit)."""


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
        left, right = (_code_keys(side) if rule == "code" else _keys(side, *_RULES[rule]) for side in sides)
        pairs, sizes = _paired(left, right, most, per_unit * units.height)
        found.append(pairs.with_columns(by_code=pl.lit(rule == "code")))
        counts.append(_counted(rule, sizes, left, units))
    pairs = pl.concat(found).group_by("u", "s").agg(pl.col("by_code").any())
    return Candidates(_possible(pairs, units, subjects), pl.concat(counts))


def _possible(pairs: pl.DataFrame, units: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
    """Without pairs of two sound codes: they differ, else an earlier round had linked them."""
    both = units["is_sound"].gather(pairs["u"]) & subjects["is_sound"].gather(pairs["s"])
    return pairs.filter(~both).sort("u", "s")


def _paired(
    left: pl.DataFrame, right: pl.DataFrame, most: int, most_in_all: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The pairs of blocks within the cap, and every block's size (key, n, fits), counted before any join."""
    left, right = left.unique(), right.join(left, on="key", how="semi").unique()
    in_right = right.group_by("key").agg(n_s=pl.len().cast(pl.Int64))
    both = left.group_by("key").agg(n=pl.len().cast(pl.Int64)).join(in_right, on="key")
    sizes = both.select("key", pl.col("n") * pl.col("n_s")).sort("n", "key")
    sizes = sizes.with_columns(fits=(pl.col("n") <= most) & (pl.col("n").cum_sum() <= most_in_all))
    pairs = left.join(sizes.filter("fits"), on="key", how="semi").join(right, on="key")
    return pairs.select("u", "s"), sizes


def _counted(rule: str, sizes: pl.DataFrame, left: pl.DataFrame, units: pl.DataFrame) -> pl.DataFrame:
    """One row of `BLOCKS`."""
    worst = sizes.tail(1)
    inside = left.join(worst, on="key", how="semi")["u"]
    words = units.select("middle", "county")[inside].select(
        pl.concat_str("middle", "county", separator="@", ignore_nulls=True).min()
    )
    n, fits = pl.col("n"), pl.col("fits")
    return sizes.select(
        rule=pl.lit(rule), blocks=pl.len(), pairs=n.filter(fits).sum(), left_out_blocks=(~fits).sum(),
        left_out_pairs=n.filter(~fits).sum(), worst_pairs=pl.lit(worst["n"].max() or 0),
        worst_block=pl.lit(words.item(), pl.String),
    ).cast(BLOCKS)  # fmt: skip


def _keys(side: pl.DataFrame, digits: int, words: list[pl.Expr]) -> pl.DataFrame:
    """One row per row and key of one side: u or s, key: a word at a county (6 digits), city (4) or anywhere.

    Hashes are joined much faster than texts; a shared one costs a comparison.
    """
    row, place = side.columns[0], pl.col("_place")
    here, there = (pl.col(name).str.slice(0, digits) for name in ("county", "other_county"))
    placed = [side.lazy().with_columns(_place=pl.lit(0, pl.UInt64))]
    if digits:
        placed = [
            side.lazy().filter(where).with_columns(_place=county.hash(seed=1))
            for county, where in ((here, here.is_not_null()), (there, (there != here)))
        ]
    parts = [
        frame.filter(word.str.len_chars() >= 2).select(row, (word.hash() ^ place).alias("key"))
        for frame in placed
        for word in words
    ]
    return pl.concat(parts).collect()


def _code_keys(side: pl.DataFrame) -> pl.DataFrame:
    """Codes as they are, and for failing ones also the sound codes one slip away."""
    row = side.columns[0]
    coded = side.select(row, "is_sound", "code").drop_nulls("code")
    failing = coded.filter(~pl.col("is_sound"))
    near = near_codes(failing.select("code").unique().lazy()).collect()
    guessed = failing.join(near, on="code").select(row, code="near")
    return pl.concat([coded.select(row, "code"), guessed]).select(row, pl.col("code").hash().alias("key"))


def _slips(word: pl.Expr) -> list[pl.Expr]:
    """The word, and the word without one character: two words one slip apart share one of these."""
    less = [
        pl.when(word.str.len_chars() > at).then(word.str.slice(0, at) + word.str.slice(at + 1))
        for at in range(LETTERS)
    ]
    return [word, *less]


_CORE, _MIDDLE = pl.col("core"), pl.col("middle")
_RULES: dict[str, tuple[int, list[pl.Expr]]] = {
    "reg_no": (0, [pl.col("reg_no")]),
    "words_city": (4, [_MIDDLE]),
    "words": (0, [_MIDDLE]),
    "slip_county": (6, _slips(_MIDDLE)),
    "core_county": (6, [_CORE.str.slice(at, 2) for at in range(4)]),
    "core_city": (4, [_CORE]),
    "branch": (4, [pl.col("branch")]),
    "door": (6, [pl.col("door")]),
    "opened_town": (6, [pl.col("town") + pl.col("opened").cast(pl.String)]),
}
