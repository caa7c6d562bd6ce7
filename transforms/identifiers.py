"""Check digits and repair of the three codes a Chinese market subject carries.

Here: 统一社会信用代码 (USCC, GB 32100), 组织机构代码 (GB 11714), 15-digit 注册号 (GS15, MOD 11,10),
their normal form, and the repair of commonly confused characters.
Not here: which row of a subject counts (conform.py), pairing across sources (link.py).
"""

import polars as pl

USCC_SHAPE = r"^[0-9ANY][0-9]{7}[0-9A-HJ-NPQRTUWXY]{10}$"
# Of the 登记管理部门 in the first place only A 军委, N 农业 and Y 其他 are letters; the second is a digit.
# Excel keeps 15 digits: an all-digit code that went through it ends in zeros and names nobody any more.
EXCEL_ROUNDED = r"^[0-9]{15}000$"

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"

_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28, 1)
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2, 1)
_SKIPPED_LETTERS = "IOSV"  # GB 32100 also leaves out Z, but nothing comes after it


def is_valid_uscc(code: pl.Expr) -> pl.Expr:
    """Boolean per row: 18 characters of the GB 32100 alphabet with the right check digit; null is false."""
    shaped = code.str.contains(USCC_SHAPE)
    total = _weighted_sum(code, shaped, _uscc_value(pl.element()), _USCC_WEIGHTS)
    return (shaped & (total % 31 == 0)).fill_null(False)


def is_valid_org_code(code: pl.Expr) -> pl.Expr:
    """Boolean per row: 9 characters (no hyphen) with the right GB 11714 check character; null is false."""
    shaped = code.str.contains(r"^[0-9A-Z]{8}[0-9X]$")
    total = _weighted_sum(code, shaped, _base36(pl.element().cast(pl.Int16)), _ORG_WEIGHTS)
    # X in the last place stands for ten; its base-36 value 33 counts nothing modulo 11.
    ten = pl.when(code.str.ends_with("X")).then(10).otherwise(0)
    return (shaped & ((total + ten) % 11 == 0)).fill_null(False)


def is_valid_reg_no(code: pl.Expr) -> pl.Expr:
    """Boolean per row: 15 digits with the right GB/T 17710 MOD 11,10 check digit; null is false."""
    shaped = code.str.contains(r"^[0-9]{15}$")
    number = pl.when(shaped).then(code).cast(pl.Int64)
    rest = pl.lit(10, dtype=pl.Int64)
    for place in range(14, 0, -1):
        rest = ((rest + number // 10**place % 10 + 9) % 10 + 1) * 2 % 11
    return (shaped & ((11 - rest) % 10 == number % 10)).fill_null(False)


def normalise_code(code: pl.Expr) -> pl.Expr:
    """The code in half width, upper case, letters and digits only; null where nothing is left."""
    text = code.str.normalize("NFKC").str.to_uppercase().str.replace_all(r"[^0-9A-Z.+]", "")
    return pl.when(text != "").then(text)


def org_code_of(uscc: pl.Expr) -> pl.Expr:
    """The organisation code inside an 18-character USCC (characters 9 to 17)."""
    return uscc.str.slice(8, 9)


def uscc_weights() -> tuple[int, ...]:
    """Return the weights of the 18 characters: a sound code sums to nothing modulo 31."""
    return _USCC_WEIGHTS


def can_identify(code: pl.Expr) -> pl.Expr:
    """Boolean per row: 18 letters and digits that can tell subjects apart, right check digit or not.

    A few living licences fail the check, so the shape is enough; a number that Excel has rounded is not.
    """
    return code.str.contains(r"^[0-9A-Z]{18}$") & ~code.str.contains(EXCEL_ROUNDED)


def check_uscc(frame: pl.LazyFrame, column: str, outcomes: pl.LazyFrame) -> pl.LazyFrame:
    """The same rows, `column` normalised and repaired, plus `<column>_check`: valid|repaired|invalid|missing.

    `outcomes` is `repair_uscc` of the same codes. Row order is not kept.
    """
    sound = pl.when(pl.col(column).is_null()).then(pl.lit("missing")).otherwise(pl.lit("valid"))
    is_failing = pl.col("check").is_not_null()
    return (
        frame.join(outcomes, left_on=column, right_on="written_code", how="left", build_side="force_right")
        .with_columns(
            pl.when(is_failing).then("code").otherwise(column).alias(column),
            pl.coalesce("check", sound).alias(f"{column}_check"),
        )
        .drop("code", "check")
    )


def repair_uscc(codes: pl.LazyFrame, confusions: pl.DataFrame) -> pl.LazyFrame:
    """One row per distinct failing code of a one-column frame: written_code, code, check.

    check is repaired if exactly one candidate passes both the USCC and the organisation-code check, where
    candidates undo listed confusions (`written`, `meant`, `scope` forced|single) or cut an inserted X;
    valid if only width, case or blanks were wrong; missing if nothing is left; else invalid.
    """
    written = pl.first().alias("written_code")
    failing = codes.select(written).drop_nulls().filter(~is_valid_uscc(pl.col("written_code"))).unique()
    normal = failing.with_columns(normalise_code(pl.col("written_code")).alias("code"))
    candidate = pl.col("candidate")
    passes = is_valid_uscc(candidate) & is_valid_org_code(org_code_of(candidate))
    found = (
        _candidates(normal, confusions)
        .with_columns(passes.alias("passes"))
        .group_by("written_code", "code")
        .agg(
            candidate.filter("passes").n_unique().alias("n"),
            candidate.filter("passes").min().alias("repaired"),
        )
    )
    is_repaired = (pl.col("n") == 1) & ~is_valid_uscc(pl.col("code"))
    check = (
        pl.when(pl.col("code").is_null()).then(pl.lit("missing"))
        .when(is_valid_uscc(pl.col("code"))).then(pl.lit("valid"))
        .when(is_repaired).then(pl.lit("repaired"))
        .otherwise(pl.lit("invalid"))
    )  # fmt: skip
    code = pl.when(is_repaired).then("repaired").otherwise("code")
    return found.select("written_code", code.alias("code"), check.alias("check"))


def _candidates(normal: pl.LazyFrame, confusions: pl.DataFrame) -> pl.LazyFrame:
    """One row per failing code and text it may have been, one at least: written_code, code, candidate."""
    code, at = pl.col("code"), pl.col("at")
    length = code.str.len_chars()
    cut_x = (length == 19) & (code.str.slice(at, 1) == "X")
    base = (
        pl.when(at.is_null() & (length == 18)).then(code)
        .when(cut_x).then(code.str.slice(0, at) + code.str.slice(at + 1))
    )  # fmt: skip
    forced = confusions.filter(pl.col("scope") == "forced")
    return _with_one_swapped(
        normal.with_columns(pl.lit([None, *range(19)], dtype=pl.List(pl.Int64)).alias("at"))
        .explode("at")
        .filter(at.is_null() | cut_x)
        .select(
            "written_code",
            "code",
            base.str.replace_many(forced["written"].to_list(), forced["meant"].to_list()).alias("candidate"),
        ),
        confusions.filter(pl.col("scope") == "single"),
    )


def _with_one_swapped(base: pl.LazyFrame, single: pl.DataFrame) -> pl.LazyFrame:
    """The candidates, and for each confusable character in them one more with that character replaced."""
    candidate, at = pl.col("candidate"), pl.col("at")
    meant = candidate.str.slice(at, 1).replace_strict(
        single["written"], single["meant"], default=None, return_dtype=pl.String
    )
    swapped = candidate.str.slice(0, at) + meant + candidate.str.slice(at + 1)
    return (
        base.with_columns(pl.lit([None, *range(18)], dtype=pl.List(pl.Int64)).alias("at"))
        .explode("at")
        .filter(at.is_null() | meant.is_not_null())
        .select(
            "written_code",
            "code",
            pl.when(at.is_null()).then(candidate).otherwise(swapped).alias("candidate"),
        )
    )


def _weighted_sum(code: pl.Expr, shaped: pl.Expr, value: pl.Expr, weights: tuple[int, ...]) -> pl.Expr:
    """Σ value × weight over the characters of a fixed-length ASCII text; null where the shape is wrong."""
    width = len(weights)
    whole = pl.when(shaped).then(code).cast(pl.Binary).bin.reinterpret(dtype=pl.Array(pl.UInt8, width))
    factors = pl.lit(pl.Series([weights], dtype=pl.Array(pl.Int16, width)))
    return (whole.arr.eval(value.cast(pl.Int16)) * factors).arr.sum()


def _uscc_value(byte: pl.Expr) -> pl.Expr:
    """Return a character's place in the alphabet; in single bytes, that is done in two thirds of the time."""
    above = pl.when(byte < ord("A")).then(48).when(byte < ord(_SKIPPED_LETTERS[0])).then(55)
    for skipped, letter in enumerate(_SKIPPED_LETTERS[1:], start=56):
        above = above.when(byte < ord(letter)).then(skipped)
    return byte - above.otherwise(55 + len(_SKIPPED_LETTERS)).cast(pl.UInt8)


def _base36(byte: pl.Expr) -> pl.Expr:
    return pl.when(byte < ord("A")).then(byte - 48).otherwise(byte - 55)
