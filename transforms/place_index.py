"""The index of places: which township a name, a beginning of a name or a number on a road lies in.

Learned from addresses whose township is certain, as counts per county, name and township: never a firm's row.
Here: teaching rows to facts, facts to look-up tables.  Not here: placing by them (place_learned.py), how far
each kind of key is trusted (place_trust.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from reference.places import PlaceKnowledge, PlaceLimits
from transforms.place_tail import PREFIXES, beginnings

NAME_KEY = ("unit", "slot", "name")
NUMBER_KEY = ("unit", "road", "number")
TRUST_KEY = ("slot", "level", "support_band", "purity_band", "common_band")


@dataclass(frozen=True)
class PlaceFacts:
    """What is known of places; `slot`: start (tails begin with the name), inner (within them), village."""

    names: pl.DataFrame  # county_code, slot, name, township_code, support: addresses that taught it
    numbers: pl.DataFrame  # county_code, road, number, township_code, support


@dataclass(frozen=True)
class PlaceLookup:
    """Facts as look-up tables, one row per unit and key: the likeliest town, the next, and their trust."""

    names: pl.DataFrame  # unit, slot, name, town, trust, other, other_trust, support, key (name_key)
    numbers: pl.DataFrame  # unit, road, number, town, trust, other, other_trust, support


def learn_places(taught: pl.LazyFrame) -> PlaceFacts:
    """Return the facts that addresses of certain township teach.

    Takes township_code, start, seg1, seg2, road, number (place_tail.with_tail_features), one row an address.
    """
    rows = taught.with_columns(county_code=pl.col("township_code").str.slice(0, 6))
    slots = (("start", "start"), ("inner", "start"), ("inner", "seg1"), ("inner", "seg2"))
    names = pl.concat(
        rows.select("county_code", "township_code", slot=pl.lit(slot), name=column) for slot, column in slots
    )
    numbers = rows.select("county_code", "road", "number", "township_code")
    return PlaceFacts(*pl.collect_all([_counted(names), _counted(numbers)]))


def village_facts(villages: pl.DataFrame) -> PlaceFacts:
    """Return the facts of villages (township_code, village); each teaches as one address does."""
    named = villages.select(
        "township_code", county_code=pl.col("township_code").str.slice(0, 6), name="village"
    )
    names = pl.concat(named.with_columns(slot=pl.lit(slot)) for slot in ("village", "start", "inner"))
    return PlaceFacts(_counted(names.lazy()).collect(), _no_numbers())


def known_villages(places: PlaceKnowledge, villages: pl.DataFrame) -> PlaceFacts:
    """Return the facts of the villages of today (township_code, village) and of those that were."""
    every = pl.concat([villages, places.villages, places.former_villages])
    return village_facts(every.unique(maintain_order=True))


def shipped_facts(places: PlaceKnowledge, villages: pl.DataFrame) -> PlaceFacts:
    """Return what is known before a run reads any address: villages, names, stretches of road."""
    counts = (("start", "begins"), ("inner", "inside"))
    names = pl.concat(
        places.names.filter(pl.col(column) > 0).select(
            "county_code", "name", "township_code", slot=pl.lit(slot), support=column
        )
        for slot, column in counts
    )
    ends = pl.concat(
        places.roads.select("county_code", "road", "township_code", "support", number=column)
        for column in ("from_number", "to_number")
    )
    learned = PlaceFacts(names, ends.unique(maintain_order=True))
    return merge_facts([known_villages(places, villages), learned])


def merge_facts(parts: Sequence[PlaceFacts]) -> PlaceFacts:
    """Return the facts of all parts, support added up."""
    return PlaceFacts(
        _summed(pl.concat([part.names for part in parts], how="diagonal")),
        _summed(pl.concat([part.numbers for part in parts], how="diagonal")),
    )


def make_lookup(
    facts: PlaceFacts, units: pl.DataFrame, trust: pl.DataFrame, common: pl.DataFrame, limits: PlaceLimits
) -> PlaceLookup:
    """Return the look-up tables of the facts for each unit (unit, county_code).

    `trust`: how often a key of such slot, level, support, purity and commonness told the truth (TRUST_KEY,
    trust). `common`: `common_names` of the whole province.
    """
    names = rank_towns(by_unit(with_beginnings(facts.names.lazy()), units), NAME_KEY)
    # On a road that stays in one township the number adds nothing to the name.
    several = pl.col("township_code").n_unique().over("unit", "road") > 1
    numbered = by_unit(facts.numbers.lazy(), units).filter(several)
    numbers = rank_towns(numbered, NUMBER_KEY).with_columns(slot=pl.lit("number"), name="road")
    tables = [with_trust(frame, trust, common, limits) for frame in (names, numbers)]
    by_name, by_number = pl.collect_all(tables)
    # Whole numbers inside: towns are compared with one another many times for each address.
    towns = pl.Enum(pl.concat([facts.names, facts.numbers], how="diagonal")["township_code"].unique().sort())
    keyed = by_name.sort(NAME_KEY).with_columns(
        pl.col("town", "other").cast(towns), key=name_key(pl.col("name"))
    )
    roads = by_number.drop("slot", "name").sort(NUMBER_KEY)
    return PlaceLookup(keyed, roads.with_columns(pl.col("town", "other").cast(towns)))


def name_key(name: pl.Expr) -> pl.Expr:
    """One number for unit and name: a join on it costs a third of one on the two texts."""
    return pl.when(name.is_not_null()).then(pl.col("unit").hash(1) ^ name.hash(2))


def common_names(facts: PlaceFacts, limits: PlaceLimits) -> pl.DataFrame:
    """One row per slot and name met in several counties: slot, name, common_band.

    人民路 is met in most of them: that one address puts it in one township says little.
    """
    counties = pl.col("county_code").n_unique()
    met = with_beginnings(facts.names.lazy()).group_by("slot", "name").agg(counties=counties)
    above = [(pl.col("counties") > bound).cast(pl.Int8) for bound in limits.common_bands]
    return (
        met.filter(pl.col("counties") > 1)
        .select("slot", "name", common_band=pl.sum_horizontal(above).cast(pl.Int8))
        .sort("slot", "name")
        .collect()
    )


def with_bands(ranked: pl.LazyFrame, common: pl.DataFrame, limits: PlaceLimits) -> pl.LazyFrame:
    """Adds level and the bands of support, purity and commonness: classes of keys that are equally trusted.

    A name tells less in a whole city (unit of four digits) than in a county.
    """
    is_city = pl.col("unit").str.contains(r"^\d{4}$")
    above = [(pl.col("support") > bound).cast(pl.Int8) for bound in limits.support_bands]
    by_name = ranked.join(common.lazy(), on=["slot", "name"], how="left")
    return by_name.with_columns(
        pl.col("common_band").fill_null(0),
        level=pl.when(is_city).then(pl.lit("city")).otherwise(pl.lit("county")),
        support_band=pl.sum_horizontal(above).cast(pl.Int8),
        purity_band=(pl.col("purity") * 10 + 1e-9).floor().cast(pl.Int8),
    )


def with_trust(
    ranked: pl.LazyFrame, trust: pl.DataFrame, common: pl.DataFrame, limits: PlaceLimits
) -> pl.LazyFrame:
    """Adds trust and other_trust; a class nobody measured gets what its purity says, shrunk by support."""
    shrunk = (pl.col("purity") * pl.col("support") + 0.5) / (pl.col("support") + 2)
    rest = pl.col("other_purity") / (1 - pl.col("purity") + 1e-9)
    return (
        with_bands(ranked, common, limits)
        .join(trust.lazy(), on=TRUST_KEY, how="left")
        .with_columns(trust=pl.coalesce("trust", shrunk))
        .with_columns(other_trust=((1 - pl.col("trust")) * rest).clip(0, 0.49))
        .drop("level", "support_band", "purity_band", "common_band", "purity", "other_purity")
    )


def with_beginnings(names: pl.LazyFrame) -> pl.LazyFrame:
    """The name facts and, under slots p2 … p6, the first characters of those that tails begin with."""
    begun = (
        names.filter(pl.col("slot") == "start")
        .drop("slot")
        .with_columns(beginnings("name"))
        .unpivot(
            index=["county_code", "township_code", "support"],
            on=[f"p{k}" for k in PREFIXES],
            variable_name="slot",
            value_name="beginning",
        )
        .drop_nulls("beginning")
        .rename({"beginning": "name"})
    )
    columns = ("county_code", "slot", "name", "township_code", "support")
    return pl.concat([names.select(columns), begun.select(columns)])


def by_unit(facts: pl.LazyFrame, units: pl.DataFrame) -> pl.LazyFrame:
    """The facts per look-up unit (unit, county_code) in place of county_code, support added up."""
    placed = facts.join(units.lazy(), on="county_code").drop("county_code")
    return placed.group_by(pl.exclude("support")).agg(pl.col("support").sum())


def rank_towns(counts: pl.LazyFrame, key: Sequence[str]) -> pl.LazyFrame:
    """One row per key: town and other (the two with most support), purity, other_purity, support in all."""
    order = [*key, "support", "township_code"]
    ordered = counts.sort(order, descending=[*([False] * len(key)), True, False])
    total = pl.col("support").sum()
    return ordered.group_by(key, maintain_order=True).agg(
        town=pl.col("township_code").first(),
        other=pl.col("township_code").get(1, null_on_oob=True),
        purity=pl.col("support").first() / total,
        other_purity=pl.col("support").get(1, null_on_oob=True) / total,
        support=total,
    )


def _counted(facts: pl.LazyFrame) -> pl.LazyFrame:
    complete = facts.drop_nulls()
    return complete.group_by(pl.all()).agg(support=pl.len().cast(pl.Int64)).sort(pl.all())


def _summed(facts: pl.DataFrame) -> pl.DataFrame:
    return facts.group_by(pl.exclude("support")).agg(pl.col("support").sum()).sort(pl.exclude("support"))


def _no_numbers() -> pl.DataFrame:
    schema = {"county_code": pl.String, "road": pl.String, "number": pl.Int32, "township_code": pl.String}
    return pl.DataFrame(schema={**schema, "support": pl.Int64})
