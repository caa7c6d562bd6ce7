"""Reading an address as written: one width, no blanks, look-alikes meant, brackets and province apart.

Here: one text column.  Not here: the names of places (place_names.py).
"""

import polars as pl

# Everything else makes a cell pay for folding; by far most cells hold nothing else.
PLAIN = r"[^\x{4E00}-\x{9FFF}0-9A-Za-z#、-]"
BLANKS = r"[\s\u{AD}\u{200B}-\u{200F}\u{2060}\u{FEFF}\u{E000}-\u{F8FF}*?]+"
BRACKETS = r"[(\[【〔{<《][^)\]】〕}>》]*(?:[)\]】〕}>》]|$)"
SHORTEST_MAIN = 4
# A second address: what stands behind is where else the firm works.
SECOND = r"^(.{6,}?)[;,。]?(?:另设|一照多址|(?:分支机构)?(?:经营|生产|办公)(?:场所|地址|地点))[:一二设在].*$"


def with_main_text(rows: pl.LazyFrame, province: str, lookalikes: dict[str, str]) -> pl.LazyFrame:
    """The rows with `text` in place of `address`: half width, no blanks, nothing in brackets, no province.

    Where next to nothing stands outside brackets, the text inside is kept. Each step is a column of its own:
    an expression used twice in one step would be computed twice.
    """
    unusual = pl.when(pl.col("address").str.contains(PLAIN)).then("address")
    known = unusual.str.replace_many(list(lookalikes), list(lookalikes.values())).str.normalize("NFKC")
    folded = known.str.replace_all(BLANKS, "")
    outside = pl.col("_folded").str.replace_all(BRACKETS, "").str.replace(SECOND, "$1")
    main = pl.when(pl.col("_main").str.len_chars() >= SHORTEST_MAIN).then("_main").otherwise("_folded")
    return (
        rows.with_columns(_folded=folded)
        .with_columns(_main=outside)
        .with_columns(_main=main)
        .with_columns(text=pl.coalesce("_main", "address").str.replace_all(province, "", literal=True))
        .with_columns(pl.col("text").str.strip_prefix("内"))
        .drop("address", "_folded", "_main")
    )
