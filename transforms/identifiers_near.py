"""Codes one slip away from a damaged USCC: one character wrong, or two neighbours changed round.

Here: arithmetic, since a sound check digit leaves one value a place and the organisation code's own check
fewer still.
Not here: repair of confused characters (identifiers.py), whose code it is (link_candidates.py).
"""

import polars as pl

from transforms.identifiers import USCC_ALPHABET, is_valid_org_code, is_valid_uscc, org_code_of, uscc_weights

_VALUES = {letter: value for value, letter in enumerate(USCC_ALPHABET)}
_LETTERS = dict(enumerate(USCC_ALPHABET))


def near_codes(failing: pl.LazyFrame) -> pl.LazyFrame:
    """One row per failing code and sound code one slip away: `code`, `near`. Input: distinct `code`.

    Of 18 places each has one value that mends the check digit; what breaks the organisation code goes.
    """
    code, near = pl.col("code"), pl.col("near")
    candidates = pl.concat([_replaced(failing), _turned(failing)])
    return (
        candidates.filter(is_valid_uscc(near) & is_valid_org_code(org_code_of(near)) & (near != code))
        .select("code", "near")
        .unique()
    )


def _replaced(failing: pl.LazyFrame) -> pl.LazyFrame:
    code, at = pl.col("code"), pl.col("at")
    inverse = pl.col("at").replace_strict(
        {place: pow(weight, -1, 31) for place, weight in enumerate(uscc_weights())}, return_dtype=pl.Int64
    )
    value = code.str.slice(at, 1).replace_strict(_VALUES, default=0, return_dtype=pl.Int64)
    weight = pl.col("at").replace_strict(dict(enumerate(uscc_weights())), return_dtype=pl.Int64)
    spread = failing.with_columns(pl.lit(list(range(18))).alias("at")).explode("at")
    # A character outside the alphabet counts nothing, so that the place it stands in is solved for as well.
    summed = spread.with_columns((value * weight).sum().over("code").alias("total"))
    mended = ((value - pl.col("total") * inverse) % 31).replace_strict(_LETTERS, return_dtype=pl.String)
    return summed.select("code", (code.str.slice(0, at) + mended + code.str.slice(at + 1)).alias("near"))


def _turned(failing: pl.LazyFrame) -> pl.LazyFrame:
    code, at = pl.col("code"), pl.col("at")
    turned = (
        code.str.slice(0, at) + code.str.slice(at + 1, 1) + code.str.slice(at, 1) + code.str.slice(at + 2)
    )
    spread = failing.with_columns(pl.lit(list(range(17))).alias("at")).explode("at")
    return spread.select("code", turned.alias("near"))
