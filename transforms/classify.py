"""Size, industry, tags and priority of each subject from register, annual reports, census and lists.

Here: which source wins (K4, K5), the 2017 size standard, foreign-trade, sci-tech, private, consumption tags.
Not here: the tables themselves (reference/classes.py), exclusion by size (screen_scope.py).
"""

from datetime import date

import polars as pl

from reference.classes import BOUNDS, INDICATORS, UNKNOWN_INDUSTRY, ClassTables
from reference.rules import Priority, RuleSet
from transforms.report_history import newest_years

SIZES = ("micro", "small", "medium", "large")

CLASS_COLUMNS = (
    "industry_code", "industry_name", "industry_section", "employees", "revenue_yuan", "assets_yuan",
    "size_class", "size_confidence", "is_foreign_trade", "is_active_trader", "is_sci_tech", "is_private",
    "is_consumption", "priority",
)  # fmt: skip
"""What classification adds. employees (人), revenue_yuan, assets_yuan (元) may be census figures:
stat_restricted, not for marts."""


def classify_subjects(
    gathered: pl.LazyFrame, *, classes: ClassTables, rules: RuleSet, as_of: date
) -> pl.LazyFrame:
    """One row per subject, the gathered columns plus `CLASS_COLUMNS`; working columns stay beside them.

    size_confidence: full | partial (an indicator is missing) | proxy (the standard leaves the industry out)
    | assumed (no indicator known). size_by_reports: the class that annual reports alone give, without any
    census figure; null if they state none.
    """
    census_on = rules.common.day("census_on")
    return (
        gathered.with_columns(
            _industry_as_written(classes), *_newest_figures(as_of, classes.value_years, census_on)
        )
        .join(classes.industries.lazy(), on="industry_as_written", how="left", validate="m:1")
        .with_columns(*_size_classes(), is_private=_is_private(classes))
        .with_columns(
            *_tags(),
            size_class=_size(classes),
            size_confidence=_confidence(),
            size_by_reports=_size_by_reports(as_of, classes),
        )
        .with_columns(priority=_priority(rules.priority))
    )


def _industry_as_written(classes: ClassTables) -> pl.Expr:
    """The code that wins (K4), without section letter: the census's if it can be one, else the register's."""
    known = classes.industries["industry_as_written"]
    census, registry = (
        pl.col(source).str.replace(r"^[A-T](\d)", "$1").str.slice(0, 4)
        for source in ("census_industry", "registry_industry")
    )
    return (
        pl.when(census.is_in(known.implode())).then(census)
        .when(registry.is_in(known.implode())).then(registry)
        .otherwise(pl.lit(UNKNOWN_INDUSTRY))
        .alias("industry_as_written")
    )  # fmt: skip


def _newest_figures(as_of: date, years: int, census_on: date) -> list[pl.Expr]:
    """Each figure from the newest year that states it (K5); in the census year the census goes first."""
    figures = []
    for name in INDICATORS:
        order = []
        for year in newest_years(as_of, years):
            order += [f"census_{name}"] if year == census_on.year else []
            order.append(f"{name}_{year}")
        figures.append(pl.coalesce(order).alias(name))
    return figures


def _size_classes() -> list[pl.Expr]:
    return [_reached(name, pl.col(name)).alias(f"{name}_class") for name in INDICATORS]


def _reached(name: str, figure: pl.Expr) -> pl.Expr:
    """The class a figure of an indicator reaches (3 large … 0 micro); null if unlisted or unknown."""
    return pl.when(figure.is_not_null() & pl.col(f"{name}_small_from").is_not_null()).then(
        sum((figure >= pl.col(f"{name}_{bound}")).cast(pl.Int8) for bound in BOUNDS)
    )


def _size_by_reports(as_of: date, classes: ClassTables) -> pl.Expr:
    years = newest_years(as_of, classes.value_years)
    least = pl.min_horizontal(
        _reached(name, pl.coalesce(f"{name}_{year}" for year in years)) for name in INDICATORS
    )
    return least.replace_strict(dict(enumerate(SIZES)), return_dtype=pl.String)


def _size(classes: ClassTables) -> pl.Expr:
    """The least class over the indicators (2017 standard); without any: micro, or small by capital."""
    least = pl.min_horizontal(f"{name}_class" for name in INDICATORS)
    in_yuan = pl.col("capital_currency").fill_null("CNY") == "CNY"
    well_funded = in_yuan & (pl.col("registered_capital") >= classes.assumed_small_capital)
    assumed = pl.when(well_funded & (pl.col("entity_class") != "household")).then(1).otherwise(0)
    names = dict(enumerate(SIZES))
    return pl.coalesce(least, assumed).replace_strict(names, return_dtype=pl.String)


def _confidence() -> pl.Expr:
    known = [pl.col(f"{name}_class").is_not_null() for name in INDICATORS]
    listed = [pl.col(f"{name}_small_from").is_not_null() for name in INDICATORS]
    return (
        pl.when(~pl.any_horizontal(known)).then(pl.lit("assumed"))
        .when("is_proxy_group").then(pl.lit("proxy"))
        .when(pl.sum_horizontal(known) < pl.sum_horizontal(listed)).then(pl.lit("partial"))
        .otherwise(pl.lit("full"))
    )  # fmt: skip


def _is_private(classes: ClassTables) -> pl.Expr:
    """Private by the census's controlling owner, else by subject type; unknown is not private."""
    by_control = pl.col("census_control").replace_strict(
        classes.private_controls, default=None, return_dtype=pl.Boolean
    )
    by_type = pl.col("subject_type_code").str.contains(f"^({'|'.join(classes.private_type_prefixes)})")
    return pl.coalesce(by_control, by_type, pl.lit(False))


def _tags() -> list[pl.Expr]:
    names = ("is_foreign_trade", "is_active_trader", "is_sci_tech", "is_consumption")
    return [pl.col(name).fill_null(False) for name in names]


def _priority(priority: Priority) -> pl.Expr:
    tags = {
        "is_active_trader": pl.col("is_active_trader"),
        "is_sci_tech": pl.col("is_sci_tech"),
        "is_consumption": pl.col("is_consumption"),
        "is_private_manufacturing": (pl.col("is_private") & (pl.col("industry_section") == "C")).fill_null(
            False
        ),
    }
    score = sum((tag.cast(pl.Int32) * priority.weights[name] for name, tag in tags.items()), start=pl.lit(0))
    return (
        pl.when(score >= priority.first).then(1).when(score >= priority.second).then(2).otherwise(3)
    ).cast(pl.Int8)
