"""Industry, size and tag tables: which size group an industry falls in, its limits, and what counts as what.

Here: `industry/*.csv` and `size/*` read into small frames, each industry code with all it implies.
Not here: which industry or figure a subject has (transforms/classify.py).
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

from reference.yaml_file import read_yaml

INDUSTRY_DIR = Path(__file__).parent / "industry"
SIZE_DIR = Path(__file__).parent / "size"

INDICATORS = ("employees", "revenue_yuan", "assets_yuan")
BOUNDS = ("large_from", "medium_from", "small_from")
UNKNOWN_INDUSTRY = "?"


@dataclass(frozen=True)
class ClassTables:
    """The tables classification needs.

    `industries`: one row per industry code as it may be written (every digit string under a known
    division, each section letter, and `?` for unknown), with the longest GB/T 4754-2017 code it begins
    with (industry_code, null for `?`), industry_name, industry_section, is_consumption, is_proxy_group and,
    per indicator and bound, the 2017 limit (`employees_large_from` …; persons or 元; null = not listed).
    """

    industries: pl.DataFrame
    sci_tech_tags: tuple[str, ...]
    private_controls: dict[str, bool]
    private_type_prefixes: tuple[str, ...]
    value_years: int
    assumed_small_capital: int


@cache
def load_classes() -> ClassTables:
    """Return the classification tables of this version of the code."""
    defaults = read_yaml(SIZE_DIR / "size_defaults.yml")
    private = _read(INDUSTRY_DIR / "private_types.csv")
    controls = private.filter(kind="control")
    tags = _read(INDUSTRY_DIR / "tech_tags.csv")
    return ClassTables(
        industries=_industries(defaults["proxy_group"]),
        sci_tech_tags=tuple(tags.filter(is_sci_tech="true")["tag"]),
        private_controls={
            c: p == "true" for c, p in controls.select("code_prefix", "is_private").iter_rows()
        },
        private_type_prefixes=tuple(private.filter(kind="subject_type", is_private="true")["code_prefix"]),
        value_years=defaults["value_years"],
        assumed_small_capital=defaults["assumed_small_capital"],
    )


def _industries(proxy_group: int) -> pl.DataFrame:
    codes = _read(INDUSTRY_DIR / "gbt4754_2017.csv").select(
        pl.col("code").alias("industry_code"),
        pl.col("name").alias("industry_name"),
        pl.col("section").alias("industry_section"),
    )
    consumption = _read(INDUSTRY_DIR / "consumption.csv")["industry_prefix"].to_list()
    return (
        _written_codes(codes["industry_code"].to_list())
        .join(codes, on="industry_code", how="left", validate="m:1")
        .with_columns(
            is_consumption=pl.col("industry_code").str.slice(0, 2).is_in(consumption).fill_null(False),
            group=_by_longest_prefix(_read(SIZE_DIR / "size_groups.csv")),
        )
        .with_columns(
            is_proxy_group=pl.col("group").is_null(),
            group=pl.col("group").fill_null(str(proxy_group)),
        )
        .join(_limits(), on="group", how="left", validate="m:1")
        .drop("group")
    )


def _written_codes(known: list[str]) -> pl.DataFrame:
    """Return every code of up to four digits in a known division, with the longest known code in it."""
    divisions = [code for code in known if len(code) == 2]
    tails = ["", *(f"{n}" for n in range(10)), *(f"{n:02d}" for n in range(100))]
    written = [division + tail for division in divisions for tail in tails]
    written += [code for code in known if len(code) == 1]
    codes = set(known)
    longest = [next(code[:n] for n in range(4, 0, -1) if code[:n] in codes) for code in written]
    return pl.DataFrame(
        {"industry_as_written": [*written, UNKNOWN_INDUSTRY], "industry_code": [*longest, None]}
    )


def _by_longest_prefix(groups: pl.DataFrame) -> pl.Expr:
    """Return the size group of a code: by its group, its division, or its whole section."""
    by_prefix = dict(groups.select("industry_prefix", "group").iter_rows())
    keys = [pl.col("industry_code").str.slice(0, 3), pl.col("industry_code").str.slice(0, 2)]
    keys.append(pl.col("industry_section"))
    return pl.coalesce(key.replace_strict(by_prefix, default=None, return_dtype=pl.String) for key in keys)


def _limits() -> pl.DataFrame:
    """Return one row per size group: each indicator's three lower bounds."""
    wide = _read(SIZE_DIR / "size_thresholds.csv").pivot("indicator", index="group", values=list(BOUNDS))
    money = pl.Decimal(18, 2)
    return wide.select(
        "group",
        *(
            pl.col(f"{bound}_{name}")
            .cast(pl.Int64 if name == "employees" else money)
            .alias(f"{name}_{bound}")
            for name in INDICATORS
            for bound in BOUNDS
        ),
    )


def _read(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, infer_schema=False)
