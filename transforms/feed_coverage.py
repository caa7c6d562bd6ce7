"""Whether a bureau's feed tells of a county at all: only then is its silence on a firm evidence.

Here: the share of a county's enterprises that the tax feed and the census speak of.
Not here: what silence means (screen_zombie.py, screen_census.py).
"""

from datetime import date

import polars as pl

from reference.rules import RuleSet
from transforms.evidence import known_on, months_before
from transforms.gather import sure_units

COVERED = ("tax_is_covered", "census_is_covered")


def feed_coverage(
    subjects: pl.LazyFrame, units: pl.LazyFrame, tax_filings: pl.LazyFrame, rules: RuleSet, as_of: date
) -> pl.LazyFrame:
    """One row per county with an enterprise: register_county_code and COVERED, never null.

    A county counts as covered once a share of its enterprises has a tax filing of the term, or a census
    unit: a few strays of a neighbour's feed must not turn everybody else's silence into evidence.
    The frames must hold the whole county.
    """
    since = months_before(as_of, rules.common.number("evidence_m"))
    filed = tax_filings.filter(known_on(as_of) & pl.col("filed_on").is_between(since, as_of))
    counted = sure_units(units, as_of, rules.common.day("census_on"))
    firms = subjects.filter(pl.col("entity_class") == "enterprise").select(
        "subject_key", "register_county_code"
    )
    seen = [
        firms.join(rows.select("subject_key"), on="subject_key", how="semi")
        .group_by("register_county_code")
        .agg(pl.len().alias(name))
        for name, rows in zip(COVERED, (filed, counted), strict=True)
    ]
    share = rules.common.number("feed_share_pct") / 100
    return (
        firms.drop_nulls("register_county_code")
        .group_by("register_county_code")
        .agg(firms=pl.len())
        .join(seen[0], on="register_county_code", how="left")
        .join(seen[1], on="register_county_code", how="left")
        .select(
            "register_county_code",
            *((pl.col(name) >= share * pl.col("firms")).fill_null(False) for name in COVERED),
        )
    )
