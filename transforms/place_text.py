"""Reading an address as written: one width, no blanks, look-alikes meant, brackets and province apart.

Here: expressions over one text column.  Not here: the names of places (place_names.py).
"""

import polars as pl

# Everything else makes a cell pay for folding; by far most cells hold nothing else.
PLAIN = r"[^\x{4E00}-\x{9FFF}0-9A-Za-z#、-]"
BLANKS = r"[\s\u{AD}\u{200B}-\u{200F}\u{2060}\u{FEFF}\u{E000}-\u{F8FF}*?]+"
BRACKETS = r"[(\[【〔{<《][^)\]】〕}>》]*(?:[)\]】〕}>》]|$)"
SHORTEST_MAIN = 4
# A second address: what stands behind is where else the firm works.
SECOND = r"^(.{6,}?)[;,。]?(?:另设|一照多址|(?:分支机构)?(?:经营|生产|办公)(?:场所|地址|地点))[:一二设在].*$"


def main_text(address: pl.Expr, province: str, lookalikes: dict[str, str]) -> pl.Expr:
    """The address in half width, without blanks, what stands in brackets (second addresses …) and province.

    Where next to nothing stands outside brackets, the text inside is kept.
    """
    unusual = pl.when(address.str.contains(PLAIN)).then(address)
    known = unusual.str.replace_many(list(lookalikes), list(lookalikes.values()))
    folded = (
        known.str.normalize("NFKC").str.replace_all(BLANKS, "").str.replace_all("省内", "省", literal=True)
    )
    outside = folded.str.replace_all(BRACKETS, "").str.replace(SECOND, "$1")
    main = pl.when(outside.str.len_chars() >= SHORTEST_MAIN).then(outside).otherwise(folded)
    text = pl.coalesce(main, address).str.replace_all(province, "", literal=True)
    short = province.removesuffix("省").removesuffix("市")
    in_front = text.str.replace(f"^(?:中国)?{short}([中东西南北][^路街]|[^路街大中东西南北])", "$1")
    return in_front.str.replace_all("街道街道", "街道", literal=True)
