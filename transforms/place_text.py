"""Reading an address text: its main part, the county it names, the city it names.

Here: expressions over one text column.  Not here: joining with the division tables (place.py).
"""

import polars as pl

_CORE_END = r"(?:[^街镇乡路大巷桥江山村新]|$)"


def main_text(address: pl.Expr) -> pl.Expr:
    """The address in half width, without blanks and what stands in brackets (second addresses …)."""
    folded = address.str.normalize("NFKC").str.replace_all(r"[\s\u200b-\u200f\ufeff*]+", "")
    unbracketed = folded.str.replace_all(r"[(\[【〔][^)\]】〕]*(?:[)\]】〕]|$)", "")
    main = pl.when(unbracketed.str.len_chars() >= 4).then(unbracketed).otherwise(folded)
    return main.str.replace("街道街道", "街道").str.replace("省内", "")


def split_at_county(text: pl.Expr, scopes: list[str], cities: list[str]) -> tuple[pl.Expr, pl.Expr]:
    """The county a text names (present or former; 余姚 for 余姚市 in front only) and the text behind.

    `cities`: spellings of cities. 金华 in front is the city, never the former 金华县.
    """
    full = "|".join(sorted(scopes, key=lambda name: (-len(name), name)))
    pattern = f"(?:{full})([^大路街巷].*|)$"
    named = text.str.extract(f"({full})(?:[^大路街巷].*|)$", 1)
    rest = text.str.extract(pattern, 1)
    cores = {name[:-1]: name for name in scopes if len(name) > 2 and name[:-1] not in cities}
    listed = "|".join(sorted(cores, key=lambda name: (-len(name), name)))
    prefix = r"^(?:浙江省?)?(?:[^市]{2,3}市)?"
    core = text.str.extract(f"{prefix}({listed}){_CORE_END}", 1)
    core_rest = text.str.extract(f"{prefix}(?:{listed})((?:[^街镇乡路大巷桥江山村新].*)?)$", 1)
    full_of_core = core.replace_strict(cores, default=None, return_dtype=pl.String)
    return pl.coalesce(named, full_of_core), pl.coalesce(rest, core_rest)


def find_city(text: pl.Expr, cities: pl.DataFrame) -> pl.Expr:
    """The 4-digit code of the city a text names first, with 市 anywhere or without it at the start."""
    listed = "|".join(sorted(cities["spelling"].to_list(), key=lambda name: (-len(name), name)))
    full = "|".join(s for s in cities["spelling"].to_list() if s.endswith("市"))
    start = text.str.extract(rf"^(?:浙江省?|\|)?({listed})(?:[^路街大]|$)", 1)
    spelled = pl.coalesce(start, text.str.extract(f"({full})", 1))
    code = spelled.replace_strict(
        cities["spelling"], cities["city_code"], default=None, return_dtype=pl.String
    )
    return pl.coalesce(code, text.str.extract(r"^\|?(33\d\d)(?:00)?$", 1))
