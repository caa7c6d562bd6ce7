"""What a subject's name is made of: place · 字号 · trade · legal form · branch, so that each can be weighed.

Here: splitting; 杭州恒达机械有限公司西湖分公司 → 杭州 · 恒达 · 机械 · 有限公司 · 西湖分公司.
Not here: the normal form of the whole name (names.py), what agreement of a part is worth (link_score.py).
"""

import polars as pl

from reference.register import RegisterCodes
from transforms.names import alternatives, name_text

NAME_PARTS = ("place", "core", "trade", "form", "branch")
"""The columns added; joined in this order they are the `name_text`, but for a place taken out of brackets."""

# What follows a legal form: a branch or an establishment named after its firm (not 集团公司…有限公司).
_BRANCH = (
    r"^(.{2,}?(?:公司|合作社|银行))"
    r"(.*(?:分公司|支公司|分行|支行|[部店站处所厅厂馆场区队室点]|中心|分校|分社|超市|药房|仓库))$"
)


def with_name_parts(frame: pl.LazyFrame, name: str, codes: RegisterCodes) -> pl.LazyFrame:
    """The same rows plus `NAME_PARTS`: empty text where a name has no such part, null where there is no name.

    A place in brackets, 恒达(浙江)有限公司, counts as a place. The 字号 keeps two characters at least, so a
    trade word right behind the place (东方, 宏观) is the firm's own word.
    """
    places = alternatives(codes.name_prefixes["prefix"].to_list())
    trades = alternatives(codes.trade_words["word"].to_list())
    forms = alternatives(codes.name_forms["form"].to_list())
    bracket = rf"[(（]((?:{places})+)[)）]"
    written, rest, own = pl.col(name), pl.col("_rest"), pl.col("_own")
    return (
        frame.with_columns(
            name_text(written.str.replace(bracket, ""), codes).alias("_rest"),
            written.str.extract(bracket).alias("_inner"),
        )
        .with_columns(
            _or_empty(rest.str.extract(_BRANCH, 2)).alias("branch"), rest.str.replace(_BRANCH, "$1")
        )
        .with_columns(_longer_than_one(rest.str.replace(f"^(?:{places})+", ""), rest).alias("_own"))
        .with_columns(
            (rest.str.strip_suffix(own) + _or_empty(pl.col("_inner"))).alias("place"),
            _longer_than_one(own.str.replace(f"(?:{forms})$", ""), own).alias("core"),
        )
        .with_columns(own.str.strip_prefix(pl.col("core")).alias("form"))
        .with_columns(_or_empty(pl.col("core").str.slice(2).str.extract(f"((?:{trades})+)$")).alias("trade"))
        .with_columns(pl.col("core").str.strip_suffix(pl.col("trade")))
        .with_columns(pl.when(rest.is_not_null()).then(pl.col(part)).alias(part) for part in NAME_PARTS)
        .drop("_rest", "_own", "_inner")
    )


def _longer_than_one(text: pl.Expr, otherwise: pl.Expr) -> pl.Expr:
    return pl.when(text.str.len_chars() > 1).then(text).otherwise(otherwise)


def _or_empty(text: pl.Expr) -> pl.Expr:
    return text.fill_null("")
