"""Personal numbers → keyed hashes (密钥散列): equal numbers stay equal, and nothing else can be read of them.

Here: telephones, identity numbers and names in comparison form, and their HMAC-SHA256, cut to 128 bits.
Not here: where the key comes from (flows/hash_key.py), masks for people to read (ingest_types.py).

A staged key is null where nothing can be told (no such column, a masked number, a document that is no
identity card), empty where the bureau has the column and gave no usable number, else 32 hex digits.
"""

from collections.abc import Sequence

import polars as pl
from polars_hash import CryptographicHashingNameSpace

from reference.contracts import Column

CITIZEN = r"^[1-8]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX]$"
"""GB 11643: no credit code of Zhejiang looks so, since no county's number ends in 18 to 20."""
NONE_GIVEN = ""
_KEY_DIGITS = 32  # of 64: 128 bits
_DIGITS = 7  # the shortest telephone number that tells one subscriber from another
_ONE_DIGIT = "|".join(f"{digit}+" for digit in range(10))


def with_keys(typed: pl.DataFrame, columns: Sequence[Column], key: bytes | None) -> pl.DataFrame:
    """Return the frame with key columns hashed and persons' identity numbers taken out of code columns.

    ValueError if there is something to hash and no key.
    """
    changed = []
    for column in columns:
        text = typed[column.name] if column.personal else pl.Series(dtype=pl.String)
        if column.personal == "code":
            changed.append(_only(text, ~pl.first().str.contains(rf"\*|{CITIZEN}")))
        elif column.personal and column.personal.endswith("_key"):
            if key is None:
                raise ValueError(f"{column.name}: a keyed column cannot be staged without a key")
            changed.append(keyed(text, column.personal, key).alias(column.name))
    return typed.with_columns(changed)


def keyed(text: pl.Series, kind: str, key: bytes) -> pl.Series:
    """Return the keys of a column of cleaned texts; `key` is text in UTF-8."""
    compared = _compared(text, kind)
    if not (compared != NONE_GIVEN).any():
        # Nobody in the whole block has a number: the bureau withholds them.
        return pl.Series(text.name, [None], pl.String).new_from_index(0, text.len())
    return compared.to_frame().select(_hashed(pl.first(), kind, key).alias(text.name)).to_series()


def _hashed(word: pl.Expr, kind: str, key: bytes) -> pl.Expr:
    """Return the HMAC of `kind:word`; null where there is no word, and none given stays so.

    By a plugin of Polars: Python takes twice its time a word, a province has 20 million, and Python reads
    nothing else meanwhile.
    """
    said = CryptographicHashingNameSpace(pl.concat_str(pl.lit(f"{kind}:"), word))
    hashed = said.hmac_sha256(key=key.decode()).str.head(_KEY_DIGITS)
    return pl.when(word == NONE_GIVEN).then(word).otherwise(hashed)


def _compared(text: pl.Series, kind: str) -> pl.Series:
    """Return the texts in comparison form; only what is not yet in it pays for getting there."""
    as_is = text.str.contains(_PLAIN[kind]).fill_null(value=False)
    rest = text.filter(~as_is)
    if rest.is_empty():
        return text
    rewritten = rest.to_frame().select(_COMPARED[kind](pl.first())).to_series()
    return text.clone().scatter((~as_is).arg_true(), rewritten)


def headcount(text: pl.Expr) -> pl.Expr:
    """Count the names in a cell such as 张三、李四; null where it is empty."""
    parts = text.str.replace_all(r"[,，、;；/\s和及]+", "、").str.strip_chars("、")
    return parts.str.count_matches("、", literal=True).cast(pl.Int64) + 1


def _phone(text: pl.Expr) -> pl.Expr:
    """Digits without country code and trunk zero of a mobile; empty for a placeholder, null for a mask."""
    first = text.str.replace(r"[;；,，/、].*$", "")
    digits = first.str.replace_all(r"\D", "").str.replace(r"^(?:0{0,2}86)?0?(1\d{10})$", "$1")
    is_number = (digits.str.len_bytes() >= _DIGITS) & ~digits.str.contains(rf"^(?:{_ONE_DIGIT})$")
    return (
        pl.when(text.str.contains(r"\*")).then(None)
        .when(is_number).then(digits)
        .otherwise(pl.lit(NONE_GIVEN))
    )  # fmt: skip


def _citizen(text: pl.Expr) -> pl.Expr:
    number = text.str.to_uppercase().str.replace_all(r"\s", "")
    return pl.when(number.str.contains(CITIZEN)).then(number)


def _name(text: pl.Expr) -> pl.Expr:
    bare = text.str.replace_all(r"\s", "")
    return pl.when(bare != "").then(bare)


_COMPARED = {"phone_key": _phone, "id_key": _citizen, "name_key": _name}
_PLAIN = {"phone_key": r"^1[02-9]\d{9}$", "id_key": CITIZEN, "name_key": r"^\p{Han}+$"}
"""What is in comparison form already."""


def _only(text: pl.Series, holds: pl.Expr) -> pl.Series:
    return text.to_frame().select(pl.when(holds).then(pl.first()).alias(text.name)).to_series()
