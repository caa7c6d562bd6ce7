"""Subjects outside the list's purpose, merged rows, notes for the visiting officer: P01-P05, F01-F09.

Here: rules on size, kind, duplication and data quality.
Not here: how size is found (classify.py), how addresses are placed (place.py).
"""

from datetime import date

import polars as pl

from reference.rules import Rule
from transforms.screen_census import may_exclude
from transforms.screen_finding import Finding, columns


def not_small(rule: Rule, _as_of: date) -> Finding:
    """P01: large or medium (大型, 中型) and no foreign-trade firm; an assumed size does not count.

    A census figure may make a firm smaller; larger only if the rules file lets the census exclude.
    """
    classes = rule.parameters.codes("size_classes")
    sized = pl.col("size_class").is_in(classes)
    if not may_exclude(rule):
        sized = sized & pl.col("size_by_reports").is_in(classes).fill_null(False)
    sure = ~pl.col("size_confidence").is_in(rule.parameters.codes("ignored_confidence"))
    fields = columns("size_class", "size_confidence", "is_foreign_trade")
    names = {"large": "大型", "medium": "中型", "small": "小型", "micro": "微型"}
    fields["size_zh"] = _named(pl.col("size_class"), names)
    return Finding(sized & sure & ~pl.col("is_foreign_trade"), fields, "annual_reports, census")


def not_a_business(rule: Rule, _as_of: date) -> Finding:
    """P02: a public body or association (普查机构类型), or a credit code of another authority."""
    by_census = pl.col("census_inst_type").is_in(rule.parameters.codes("inst_types")) & pl.lit(
        may_exclude(rule)
    )
    business = rule.parameters.code("business_registrar")
    flagged = pl.col("uscc").str.contains(f"^({'|'.join(rule.parameters.codes('flagged_prefixes'))})")
    by_code = _code_is_sound() & ~pl.col("uscc").str.starts_with(business) & ~flagged
    ground = pl.when(by_code).then(pl.lit("uscc")).when(by_census).then(pl.lit("census"))
    zh = _named(ground, {"uscc": "统一社会信用代码登记管理部门", "census": "普查"})
    return Finding(by_census | by_code, {"ground": ground, "ground_zh": zh}, "registry, census")


def civil_body(rule: Rule, _as_of: date) -> Finding:
    """P02f: a credit code of a private non-profit unit (民办非企业), which may trade: told, not excluded."""
    prefixes = "|".join(rule.parameters.codes("prefixes"))
    fires = _code_is_sound() & pl.col("uscc").str.contains(f"^({prefixes})")
    return Finding(fires, columns("uscc", "uscc_check"), "registry")


def financial(rule: Rule, _as_of: date) -> Finding:
    """P03: a financial industry (J 66-69) or a foreign firm's representative office (7xxx).

    The census may move a firm out of the industry; into it only if the rules file lets it exclude.
    """
    divisions = rule.parameters.codes("divisions")
    by_industry = pl.col("industry_code").str.slice(0, 2).is_in(divisions)
    if not may_exclude(rule):
        by_industry = by_industry & pl.col("registry_division").is_in(divisions)
    prefixes = "|".join(rule.parameters.codes("subject_type_prefixes"))
    by_type = pl.col("subject_type_code").str.contains(f"^({prefixes})")
    ground = pl.when(by_type).then(pl.lit("subject type")).when(by_industry).then(pl.lit("industry"))
    fields = columns("registry_division", "subject_type_code")
    fields |= {
        "ground": ground,
        "ground_zh": _named(ground, {"subject type": "主体类型", "industry": "行业大类"}),
    }
    return Finding(by_industry | by_type, fields, "registry, census")


def merged_branch(_rule: Rule, _as_of: date) -> Finding:
    """P04: a branch (分支机构) whose parent is on the province's register."""
    return Finding(pl.col("parent_registered"), columns("parent_uscc", "parent_registered"), "registry")


def duplicated(_rule: Rule, _as_of: date) -> Finding:
    """P05: older or doubled register rows of this subject were given up for this one."""
    return Finding(pl.col("superseded_rows") > 0, columns("superseded_rows"), "registry")


def doubtful_code(rule: Rule, _as_of: date) -> Finding:
    """F01: the credit code fails its check digit, or had to be repaired."""
    fields = columns("uscc", "uscc_check")
    names = {"invalid": "校验不通过", "repaired": "已修复", "valid": "校验通过", "missing": "缺失"}
    fields["check_zh"] = _named(pl.col("uscc_check"), names)
    return Finding(pl.col("uscc_check").is_in(rule.parameters.codes("checks")), fields, "registry")


def unplaced(rule: Rule, _as_of: date) -> Finding:
    """F02: the address names no township that could be found."""
    placed = pl.col("place_level").is_in(rule.parameters.codes("placed_levels")).fill_null(False)
    names = {
        "province": "省",
        "city": "市",
        "county": "县（市、区）",
        "township": "乡镇（街道）",
        "community": "村（社区）",
    }
    zh = _named(pl.col("place_level"), names).fill_null("未定位")
    fields = {"place_level": pl.col("place_level").fill_null("none"), "level_zh": zh}
    return Finding(~placed, fields, "registry, census")


def in_grace(rule: Rule, _as_of: date) -> Finding:
    """F03: established so lately that no report is due yet."""
    young = pl.col("age_m") < rule.parameters.number("grace_m")
    return Finding(young, columns("established_on", "age_m"), "registry")


def contradicted(_rule: Rule, _as_of: date) -> Finding:
    """F04: census and register disagree on the industry division, or census and report on revenue."""
    parts = {"industry": "行业大类", "revenue": "营业收入"}
    fields = {
        name: pl.concat_str(
            [pl.when(f"{part}_conflict").then(pl.lit(text)) for part, text in texts.items()],
            separator=joint,
            ignore_nulls=True,
        )
        for name, texts, joint in (
            ("conflict", {part: part for part in parts}, ", "),
            ("conflict_zh", parts, "、"),
        )
    }
    fires = pl.col("industry_conflict") | pl.col("revenue_conflict")
    return Finding(fires, fields, "registry, annual_reports, census")


def unknown_status(rule: Rule, _as_of: date) -> Finding:
    """F09: the register's status is none this version knows; the firm counts as active."""
    return Finding(
        pl.col("status").is_in(rule.parameters.codes("statuses")),
        columns("status", "status_text"),
        "registry",
    )


def _code_is_sound() -> pl.Expr:
    return pl.col("uscc_check").is_in(["valid", "repaired"])


def _named(code: pl.Expr, names: dict[str, str]) -> pl.Expr:
    return code.replace_strict(names, default=None, return_dtype=pl.String)
