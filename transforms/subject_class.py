"""What kind of subject a register row is: enterprise, branch, household, coop or other.

Here: subject type code from code or wording; class from USCC prefix, type and, last, the name.
Not here: size, ownership or trade tags (classify.py).
"""

import polars as pl

from reference.register import RegisterCodes, bare_text


def subject_types(written: pl.LazyFrame, codes: RegisterCodes) -> pl.LazyFrame:
    """One row per distinct `ent_type`, written as code or as text: ent_type, subject_type_code, type_class.

    subject_type_code is null where the lists have neither; type_class then follows the patterns, or is null.
    """
    types = codes.subject_types
    digits = pl.col("ent_type").str.extract(r"(?:^|[^0-9])([0-9]{4})(?:[^0-9]|$)")
    by_code = pl.when(digits.is_in(types["code"].to_list())).then(digits)
    by_text = bare_text(pl.col("ent_type")).replace_strict(
        codes.type_texts["text"], codes.type_texts["code"], default=None, return_dtype=pl.String
    )
    listed = pl.col("subject_type_code").replace_strict(
        types["code"], types["entity_class"], default=None, return_dtype=pl.String
    )
    return (
        written.filter(pl.col("ent_type").is_not_null())
        .unique()
        .with_columns(pl.coalesce(by_code, by_text).alias("subject_type_code"))
        .with_columns(
            pl.coalesce(listed, first_match(pl.col("ent_type"), codes.type_patterns)).alias("type_class")
        )
    )


def entity_class(codes: RegisterCodes) -> pl.Expr:
    """The class of a row with uscc, uscc_check, type_class and ent_name.

    A sound USCC decides between enterprise (91), household (92), coop (93) and other; within 91 and 93 the
    type, and only if it says nothing the name, tells a branch. Without a sound USCC: type, name, raw prefix.
    """
    # Asked of no other row: most have a type, and looking for patterns in names is dear.
    untyped_name = pl.when(pl.col("type_class").is_null()).then("ent_name")
    by_name = first_match(untyped_name, codes.name_patterns)
    by_type_or_name = pl.coalesce("type_class", by_name)
    prefix = _class_of_prefix(pl.col("uscc").str.slice(0, 2))
    sound = pl.col("uscc_check").is_in(["valid", "repaired"])
    is_branch = prefix.is_in(["enterprise", "coop"]) & (by_type_or_name == "branch")
    return (
        pl.when(sound & is_branch).then(pl.lit("branch"))
        .when(sound).then(prefix.fill_null("other"))
        .otherwise(pl.coalesce(by_type_or_name, prefix).fill_null("other"))
    )  # fmt: skip


def first_match(text: pl.Expr, patterns: pl.DataFrame) -> pl.Expr:
    """The class of the first pattern found in the text; null if none is."""
    return pl.coalesce(
        [pl.when(text.str.contains(pattern)).then(pl.lit(name)) for pattern, name in patterns.iter_rows()]
    )


def _class_of_prefix(prefix: pl.Expr) -> pl.Expr:
    return (
        pl.when(prefix == "91").then(pl.lit("enterprise"))
        .when(prefix == "92").then(pl.lit("household"))
        .when(prefix == "93").then(pl.lit("coop"))
    )  # fmt: skip
