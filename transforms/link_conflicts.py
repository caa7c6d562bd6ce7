"""Where register and census disagree (K1 to K10): each conflict found, and who wins by the stated order.

Here: finding conflicts, deciding them by `reference/link/conflicts.csv`, one row each.
Not here: the values themselves: census figures are stat_restricted and appear nowhere in the result.
"""

from datetime import date

import polars as pl

from transforms.link_doubt import units_refused

CONFLICTS = pl.Schema(
    {
        "conflict": pl.String, "subject_key": pl.String, "unit_key": pl.String, "winner": pl.String,
        "loser": pl.String, "reason": pl.String,
    }
)  # fmt: skip
"""One row per conflict and subject (K7: per unit). winner, loser: registry, census, none; or visit, both."""

_CONDITIONS = ("told_by_visit", "is_weak", "live_since", "registry_newer", "report_newer")
_CLOSED = ["2", "4", "5", "6", "7"]
_FIGURES = ("employees", "revenue_yuan", "assets_yuan")
# The census covers secondary and tertiary industry: A 农林牧渔 lies outside.
_COUNTED = r"^[B-T]?(?:0[5-9]|[1-9]\d)"


def link_conflicts(
    subjects: pl.LazyFrame,
    units: pl.LazyFrame,
    gathered: pl.LazyFrame,
    open_units: pl.LazyFrame,
    order: pl.DataFrame,
    census_on: date,
    moved: pl.LazyFrame,
) -> pl.LazyFrame:
    """One row per conflict in the columns of `CONFLICTS`.

    `units`: linked units, at most one a subject. `open_units`: unit_key, subject_key (null where unknown) and
    outcome of all others. `gathered`: see gather.py. `order`: see `load_conflict_order`. `moved`: subjects
    placed where a visit said (subject_key).
    """
    told = moved.with_columns(told_by_visit=True)
    pairs = _pairs(subjects, units, gathered, census_on).join(told, on="subject_key", how="left")
    alone = subjects.join(units.select("subject_key"), on="subject_key", how="anti")
    return decide_conflicts(
        pl.concat([_found(pairs), _unseen(alone, census_on), _open(open_units)], how="diagonal"), order
    )


def decide_conflicts(found: pl.LazyFrame, order: pl.DataFrame) -> pl.LazyFrame:
    """The conflicts found, each with the first line of its order whose condition holds.

    `found`: conflict, subject_key, unit_key and the conditions _CONDITIONS; a null one does not hold.
    """
    holds = pl.coalesce(
        [pl.when(pl.col("condition") == name).then(pl.col(name).fill_null(False)) for name in _CONDITIONS]
        + [pl.lit(True)]
    )
    lines = order.lazy().select("conflict", pl.col("order").cast(pl.Int64), "condition", *list(CONFLICTS)[3:])
    return (
        found.join(lines, on="conflict")
        .filter(holds)
        .sort("conflict", "subject_key", "unit_key", "order")
        .unique(["conflict", "subject_key", "unit_key"], keep="first", maintain_order=True)
        .select(list(CONFLICTS))
    )


def _pairs(
    subjects: pl.LazyFrame, units: pl.LazyFrame, gathered: pl.LazyFrame, census_on: date
) -> pl.LazyFrame:
    """One row per linked pair: what both sides state, and the conditions."""
    register = subjects.select(
        "subject_key", "status", "name_key", "register_county_code",
        registry_newer=(pl.col("approved_on") > census_on),
        registry_industry=_division(pl.col("industry_code")),
    )  # fmt: skip
    census = units.select(
        "subject_key", "unit_key", "op_status", "loc_county_code", unit_name_key="name_key",
        census_industry=_division(pl.col("ind_code")), is_weak=pl.col("link_strength") == "weak",
    )  # fmt: skip
    return census.join(register, on="subject_key").join(
        _figures(gathered, census_on), on="subject_key", how="left"
    )


def _figures(gathered: pl.LazyFrame, census_on: date) -> pl.LazyFrame:
    """One row per subject: live_since, report_newer, figures_differ (a reported figure and the census's)."""
    years = {
        int(name.rsplit("_", 1)[1])
        for name in gathered.collect_schema().names()
        if name.startswith("revenue_yuan_")
    }
    newer = [pl.col(f"{f}_{y}").is_not_null() for f in _FIGURES for y in years if y > census_on.year]
    stated = [
        pl.col(f"{f}_{y}") != pl.col(f"census_{f}") for f in _FIGURES for y in years if y >= census_on.year
    ]
    return gathered.select(
        "subject_key",
        live_since=pl.max_horizontal("live_report_on", "live_trade_on") > census_on,
        report_newer=pl.any_horizontal(newer) if newer else pl.lit(False),
        figures_differ=pl.any_horizontal(stated).fill_null(False) if stated else pl.lit(False),
    )


def _found(pairs: pl.LazyFrame) -> pl.LazyFrame:
    """K1 to K6: one row per pair and conflict it is in."""
    is_on = pl.col("status").is_in(["A", "S", "9"])
    tests = {
        "K1": is_on & pl.col("op_status").is_in(_CLOSED),
        "K2": pl.col("status").is_in(["D", "V", "X"]) & (pl.col("op_status") == "1"),
        "K3": pl.col("loc_county_code") != pl.col("register_county_code"),
        "K4": pl.col("census_industry") != pl.col("registry_industry"),
        "K5": pl.col("figures_differ"),
        "K6": pl.col("unit_name_key") != pl.col("name_key"),
    }
    told = pairs.select("subject_key", "unit_key", *_CONDITIONS, **tests)
    # A frame a conflict: a list a row, exploded, takes twenty times as long.
    return pl.concat(
        told.filter(name).select(pl.lit(name).alias("conflict"), "subject_key", "unit_key", *_CONDITIONS)
        for name in tests
    )


def _unseen(alone: pl.LazyFrame, census_on: date) -> pl.LazyFrame:
    """K8 and K9: subjects no unit is linked to; K8 only where the census counts such firms."""
    after = pl.col("established_on") > census_on
    counted = pl.col("industry_code").is_null() | pl.col("industry_code").str.contains(_COUNTED)
    kind = pl.when(after).then(pl.lit("K9")).when(counted).then(pl.lit("K8"))
    firms = alone.filter(pl.col("entity_class").is_in(["enterprise", "branch"]))
    unit = pl.lit(None, pl.String).alias("unit_key")
    return firms.select(kind.alias("conflict"), "subject_key", unit).drop_nulls("conflict")


def _open(left_open: pl.LazyFrame) -> pl.LazyFrame:
    """K7: units of no subject; K10: further units of a linked one."""
    second = (pl.col("outcome") == "secondary") & pl.col("subject_key").is_not_null()
    kind = pl.when(second).then(pl.lit("K10")).when(pl.col("outcome") == "unlinked").then(pl.lit("K7"))
    return left_open.select(kind.alias("conflict"), "subject_key", "unit_key").drop_nulls("conflict")


def _division(code: pl.Expr) -> pl.Expr:
    return code.str.extract(r"^[A-T]?(\d{2})", 1)


CATEGORIES = ("source_file", "_bucket", "named")
"""Of `beside_links`: texts of which there are few."""


def beside_links() -> list[pl.Expr]:
    """What is wanted of a unit beside its link, as narrow as may be: it is kept for all of a province.

    Its row (source_file, row_no, _bucket); organisation, hashed; named: 4 digits of the county it names, that
    of its registration first.
    """
    county, organisation = pl.coalesce("reg_county_code", "loc_county_code"), pl.col("organisation")
    texts = [pl.col("source_file"), pl.col("_bucket"), county.str.slice(0, 4).alias("named")]
    return [
        *(text.cast(pl.Categorical) for text in texts),
        pl.col("row_no"),
        pl.when(organisation.is_not_null()).then(organisation.hash()).alias("organisation"),
    ]


def told_units(links: pl.LazyFrame, refused: pl.DataFrame) -> pl.LazyFrame:
    """The links (`link.LINKS`, `beside_links`) as later steps call them: link_method, link_strength.

    A code that was not believed (`link_doubt.REFUSED`) tells no organisation either.
    """
    told = links.rename({"method": "link_method", "strength": "link_strength"})
    no_code, _ = units_refused(refused)
    if no_code.is_empty():
        return told
    is_told = ~pl.col("unit_key").is_in(no_code.implode())
    return told.with_columns(pl.when(is_told).then("organisation"))


def open_units(units: pl.LazyFrame, cities: pl.Series) -> pl.LazyFrame:
    """One row per unit not linked: unit_key, outcome, the subject its organisation is linked to, its city.

    `units`: `told_units`. `cities`: those at work. A unit of none of them goes to the first one: else it
    would be read by no city's step and be lost.
    """
    is_linked = pl.col("outcome") == "linked"
    open_ones = units.filter(~is_linked).select("unit_key", "outcome", "organisation", "named")
    asked = open_ones.select("organisation").drop_nulls().unique()
    spoken_for = (
        units.filter(is_linked)
        .join(asked, on="organisation", how="semi", build_side="force_right")
        .select("organisation", "subject_key", "register_city_code")
        .group_by("organisation")
        .agg(pl.all().sort_by("subject_key").first())
    )
    city = pl.coalesce("register_city_code", pl.col("named").cast(pl.String))
    return open_ones.join(spoken_for, on="organisation", how="left").select(
        "unit_key",
        "outcome",
        "subject_key",
        register_city_code=pl.when(city.is_in(cities.implode())).then(city).otherwise(pl.lit(cities.min())),
    )
