"""The register rows of a chunk as a bureau writes them: spellings, damage, duplicate and broken rows.

Here: text cells of the registry contract and the list of planted defects.
Not here: headers, encodings and files (files.py), the subjects (subjects.py).
"""

from datetime import date, timedelta

import numpy as np
import polars as pl

from simulator.shared import person_id, phone_of_group

DATE_STYLES = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y年%m月%d日")
SPELLINGS = {
    "A": ("存续", "在业", "在营（开业）企业", "开业"),
    "S": ("歇业",),
    "D": ("注销", "吊销，已注销"),
    "X": ("撤销",),
    "M": ("迁出",),
    "L": ("清算",),
    "V": ("吊销，未注销", "吊销"),
    "9": ("其他",),
}
TYPES = {"enterprise": "1130", "branch": "2130", "coop": "9100", "household": "9500", "other": None}
OFFICE_TYPE, OFFICE_TYPE_TEXT = "7200", "外国（地区）企业常驻代表机构"
TYPE_TEXTS = {
    "enterprise": "有限责任公司(自然人投资或控股)",
    "branch": "有限责任公司分公司",
    "coop": "农民专业合作社",
    "household": "个体工商户",
    "other": "社会团体",
}
DAMAGES = {
    "lower_case": (0.006, "kept"),
    "inserted_blank": (0.006, "kept"),
    "o_for_zero": (0.003, "repaired"),
    "full_width_code": (0.004, "kept"),
    "scientific_reg_no": (0.02, "kept"),
    "stray_blanks": (0.02, "kept"),
    "null_spelling": (0.05, "kept"),
}
EXTRA_ROWS = {
    "duplicate": (0.008, "superseded"),
    "older_extract": (0.012, "superseded"),
    "moved_out_elsewhere": (0.002, "superseded"),
    "later_extract": (0.004, "out_of_scope"),
    "bad_date": (0.001, "quarantined"),
    "broken_line": (0.0006, "quarantined"),
    "moved_here_since": (0.002, "superseded"),
}


ESTABLISHED_LATER = "out_of_scope"
"""What becomes of the own row of a subject established after the date."""


def draw_damage(subjects: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """The subjects plus one Boolean column per damage and per kind of extra row."""
    n = len(subjects)
    drawn = {name: share for name, (share, _) in (DAMAGES | EXTRA_ROWS).items() if name != "moved_here_since"}
    here = ~pl.col("is_later")
    damaged = subjects.with_columns(
        (pl.Series(rng.random(n) < share) & here).alias(name) for name, share in drawn.items()
    )
    fits = ~pl.col("wrong_check")
    code_once = pl.col("o_for_zero") & fits
    active = pl.col("status") == "A"
    return damaged.with_columns(
        code_once.alias("o_for_zero"),
        (pl.col("scientific_reg_no") & (pl.col("serial") % 2 == 1)).alias("scientific_reg_no"),
        (pl.col("moved_out_elsewhere") & active).alias("moved_out_elsewhere"),
        (active & here & (pl.col("serial") % 499 == 7)).alias("moved_here_since"),
    ).with_columns(
        has_other_rows=pl.any_horizontal(
            "duplicate", "older_extract", "moved_out_elsewhere", "moved_here_since"
        ),
    )


def register_rows(
    subjects: pl.DataFrame, as_of: date, style: int, *, with_broken: bool, rng: np.random.Generator
) -> pl.DataFrame:
    """Text rows in shuffled order: contract columns plus `kind` (own or an extra row) and `serial`."""
    own = _cells(subjects, as_of, style)
    older = pl.lit(as_of - timedelta(days=181)).dt.strftime(DATE_STYLES[style])
    later = pl.lit(as_of + timedelta(days=30)).dt.strftime(DATE_STYLES[style])
    today, long_ago = (
        pl.lit(as_of - timedelta(days=back)).dt.strftime(DATE_STYLES[style]) for back in (0, 90)
    )
    changes: dict[str, list[pl.Expr]] = {
        "duplicate": [],
        "older_extract": [older.alias("extract_date"), pl.lit("存续").alias("reg_status")],
        "moved_out_elsewhere": [pl.lit("迁出").alias("reg_status")],
        "later_extract": [later.alias("extract_date"), pl.lit("注销").alias("reg_status")],
        # The office it left wrote its row last, after the county it came to had written its own.
        "moved_here_since": [
            pl.lit("迁出").alias("reg_status"),
            today.alias("extract_date"),
            long_ago.alias("approve_date"),
            (pl.col("reg_org_code").str.slice(0, 4) + "00").alias("reg_org_code"),
        ],
        "bad_date": [pl.lit("2020-13-45").alias("est_date")],
        "broken_line": [],
    }
    extra = [
        own.filter(subjects[kind]).with_columns(*changed, pl.lit(kind).alias("kind"))
        for kind, changed in changes.items()
        if with_broken or kind != "broken_line"
    ]
    rows = pl.concat([own, *extra])
    return rows[rng.permutation(len(rows))]


def row_defects(rows: pl.DataFrame, subjects: pl.DataFrame, source_file: str) -> pl.DataFrame:
    """One row per planted defect of the file's rows: source, source_file, row_no, defect, expected."""
    placed = rows.select("serial", "kind").with_columns(row_no=pl.int_range(2, pl.len() + 2, dtype=pl.Int64))
    extra = placed.filter(pl.col("kind") != "own").select("row_no", defect="kind")
    flags = (
        subjects.select("serial", *DAMAGES, established_later="is_later")
        .unpivot(index="serial", variable_name="defect")
        .filter("value")
    )
    damaged = placed.filter(pl.col("kind") == "own").join(flags, on="serial").select("row_no", "defect")
    expected = {name: outcome for name, (_, outcome) in (DAMAGES | EXTRA_ROWS).items()}
    expected["established_later"] = ESTABLISHED_LATER
    return (
        pl.concat([extra, damaged])
        .sort("row_no", "defect")
        .select(
            source=pl.lit("registry"),
            source_file=pl.lit(source_file),
            row_no="row_no",
            defect="defect",
            expected=pl.col("defect").replace_strict(expected, return_dtype=pl.String),
        )
    )


def _cells(subjects: pl.DataFrame, as_of: date, style: int) -> pl.DataFrame:
    """One row of text cells per subject."""
    form = DATE_STYLES[style]
    pick = pl.col("serial") % 4
    null = pl.when("null_spelling").then(
        pick.replace_strict({0: "无", 1: "-", 2: "NULL", 3: " "}, return_dtype=pl.String)
    )
    by_code = style % 2 == 1
    kinds: dict[str, str | None] = TYPES if by_code else {**TYPE_TEXTS}
    numbered = pl.when(pl.col("serial") % 2 == 0).then("reg_no")
    # Excel shows 15 digits so; the middle is lost.
    sci = pl.when("scientific_reg_no").then(pl.col("reg_no").str.replace(r"^(\d)(\d{5}).*$", "$1.${2}E+14"))
    blanks = pl.when("stray_blanks").then("  " + pl.col("name") + "　").otherwise("name")
    unit = pl.when(pick == 1).then(pl.lit("万人民币")).otherwise(pl.lit(""))
    division = pl.when(pl.col("serial") % 20 == 0).then("division_code")
    hinted = pl.col("serial") % 3 != 0
    return subjects.select(
        "serial", pl.lit("own").alias("kind"),
        uscc=_damaged_code(), reg_no=pl.coalesce(sci, numbered), ent_name=blanks,
        ent_type=pl.when("is_office").then(pl.lit(OFFICE_TYPE if by_code else OFFICE_TYPE_TEXT))
        .otherwise(pl.col("entity_class").replace_strict(kinds, return_dtype=pl.String)),
        reg_status=_status(), legal_rep=_person(),
        reg_capital=pl.concat_str((pl.col("serial") % 97 + 1) * 10, unit),
        est_date=pl.col("est_date").dt.strftime(form), approve_date=pl.col("event_date").dt.strftime(form),
        op_to=pl.coalesce(pl.col("term_to").dt.strftime(form), pl.when(pick == 0).then(pl.lit("长期"))),
        cancel_date=pl.col("cancel_date").dt.strftime(form),
        revoke_date=pl.col("revoke_date").dt.strftime(form),
        reg_org=pl.col("county") + "市场监督管理局", reg_org_code="county_code", industry_code="industry",
        dom_addr="address", op_addr=pl.when(pl.col("serial") % 7 == 0).then("address").otherwise(null),
        dom_div_code=division.when(hinted).then("county_code"),
        city_name="city",
        county_name=pl.when(hinted).then("county"),
        phone=pl.coalesce(phone_of_group(), null, _phone()),
        legal_rep_id_key=person_id(),
        paid_capital=pl.when(pl.col("serial") % 13 == 0).then(pl.lit("0")).when(pl.col("serial") % 13 > 1)
        .then(pl.lit("10")),
        parent_uscc=pl.when(pl.col("serial") % 16 == 5).then(_o_for_zero("parent_uscc"))
        .otherwise("parent_uscc"),
        extract_date=_extract_date(as_of).dt.strftime(form),
    )  # fmt: skip


def _damaged_code() -> pl.Expr:
    code = pl.col("uscc")
    wide = code.str.replace_many(list("0123456789"), list("０１２３４５６７８９"))
    return (
        pl.when("o_for_zero").then(_o_for_zero("uscc"))
        .when("lower_case").then(code.str.to_lowercase())
        .when("inserted_blank").then(code.str.slice(0, 8) + " " + code.str.slice(8))
        .when("full_width_code").then(wide)
        .otherwise(code)
    )  # fmt: skip


def _o_for_zero(column: str) -> pl.Expr:
    return pl.col(column).str.replace("00T", "0OT", literal=True)


def _extract_date(as_of: date) -> pl.Expr:
    """The date, but three in four subjects established later stand in a later extract, as they should."""
    honest = pl.col("is_later") & (pl.col("serial") % 4 != 0)
    return (
        pl.when(honest).then(pl.lit(as_of + timedelta(days=90)))
        .when("moved_here_since").then(pl.lit(as_of - timedelta(days=20)))
        .otherwise(pl.lit(as_of))
    )  # fmt: skip


def _status() -> pl.Expr:
    key = pl.concat_str("status", pl.col("serial") % 4)
    words = {f"{code}{i}": options[i % len(options)] for code, options in SPELLINGS.items() for i in range(4)}
    return key.replace_strict(words, return_dtype=pl.String)


def _person() -> pl.Expr:
    """A name nobody bears: a surname and 某."""
    names = dict(enumerate(("张某某", "李某", "王某某", "陈某", "林某某")))
    return (pl.col("serial") % len(names)).replace_strict(names, return_dtype=pl.String)


def _phone() -> pl.Expr:
    """Eleven digits of no number plan."""
    return pl.concat_str(pl.lit("100"), pl.col("serial").cast(pl.String).str.zfill(8))
