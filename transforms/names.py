"""Normal forms of a subject's name, for comparing across sources and never for showing to people.

Here: `name_text` (width, variant characters, blanks, brackets, legal form) and `name_key` (also without the
place in front).
Not here: what a name is made of (name_parts.py), pairing (link.py), names of places (place.py).
"""

import re
from string import ascii_lowercase, ascii_uppercase

import polars as pl

from reference.register import RegisterCodes

_NAME_BREAK = r"[;；、/|，,]"
_SHORTEST_KEY = 4  # a rest shorter than this says too little: the place in front stays


def name_text(name: pl.Expr, codes: RegisterCodes) -> pl.Expr:
    """The name in half width and upper case, Han characters, letters and digits only, one legal form each.

    Traditional and variant characters are carried to the simplified one.
    Additions that lists leave out, such as (普通合伙) at the end, are dropped. Null where nothing is left.
    """
    legal_forms, variants = codes.legal_forms, codes.variants
    anywhere = legal_forms.filter(pl.col("place") == "anywhere")
    at_end = alternatives(legal_forms.filter(pl.col("place") == "end")["written"].to_list())
    # Capitals by replacement: str.to_uppercase costs five times as much on text that is nearly all Han.
    written = [*anywhere["written"].to_list(), *ascii_lowercase]
    form = [*anywhere["form"].to_list(), *ascii_uppercase]
    # Nearly every name is of settled characters alone; only the others pay for being rewritten.
    unsettled = rf"[^A-Za-z0-9\x{{4E00}}-\x{{9FFF}}]|{alternatives(variants['written'].to_list())}"
    rewritten = (
        pl.when(name.str.contains(unsettled)).then(name)
        .str.normalize("NFKC")
        .str.replace_many(variants["written"].to_list(), variants["meant"].to_list())
        .str.replace_all(r"[^\p{Han}A-Za-z0-9]", "")
    )  # fmt: skip
    return (
        pl.coalesce(rewritten, name)
        .str.replace_many(written, form, leftmost=True)
        .str.replace(f"(?:{at_end})+$", "")
        .replace("", None)
    )


def name_key(text: pl.Expr, prefixes: pl.DataFrame) -> pl.Expr:
    """The `name_text` without province, city and county in front, as long as four characters remain."""
    rest = text.str.replace(f"^(?:{alternatives(prefixes['prefix'].to_list())})+", "")
    return pl.when(rest.str.len_chars() >= _SHORTEST_KEY).then(rest).otherwise(text)


def former_names() -> pl.Expr:
    """A list of the names in `former_name`; null where there is none."""
    parts = pl.col("former_name").str.replace_all(_NAME_BREAK, ";").str.split(";")
    return parts.list.eval(pl.element().filter(pl.element().str.strip_chars() != ""))


def alternatives(words: list[str]) -> str:
    """Return a regular expression of the words, longest first so that 临安区 is tried before 临安."""
    return "|".join(re.escape(word) for word in sorted(set(words), key=lambda w: (-len(w), w)))
