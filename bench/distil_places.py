"""Distil the place knowledge that ships (reference/places) from real addresses, and measure its trust.

Facts only leave: name, county, township and how many addresses taught it. Run when better teaching data is at
hand: `python -m bench.distil_places --registrations FILE --labelled FILE`.
"""

import argparse
from pathlib import Path

import polars as pl

from reference.divisions import Gazetteer, load_gazetteer
from reference.places import PLACES_DIR, PlaceKnowledge, load_places
from reference.text_tables import load_text_tables
from transforms.place import CERTAIN, read_addresses
from transforms.place_index import (
    PlaceFacts,
    common_names,
    known_villages,
    learn_places,
    make_lookup,
    merge_facts,
)
from transforms.place_learned import place_by_index
from transforms.place_trust import key_answers, measure_confidence, measure_trust

PUBLIC = ("village", "road", "town", "estate", "zone", "market", "building")
"""Kinds of name that ship on the word of one address; any other might be one establishment."""
COMPANY = "公司|有限|集团"
ESTABLISHMENT = "|".join(
    (
        COMPANY,
        "酒店|宾馆|饭店|书店|医院|银行|学校|学院|大学|政府|支队|中队|厂|店|大楼",
        "(?:中心|行|局|院|校|社|部)$",
    )
)
FEW = 2
BEGINNING = 3
"""So many characters of a name that does not ship still do: enough for a place, too few for a firm."""
FOLDS = 5
"""One fold of so many measures the trust while the others teach, in turn."""


def teaching_rows(registrations: Path, labelled: Path) -> pl.LazyFrame:
    """One row per real row: row_id (one per address), address, division_code, city_hint, county_hint."""
    none = pl.lit(None, pl.String)
    real = pl.scan_parquet(registrations).select(
        address="注册地址", city_hint="地区", division_code=none, county_hint=none
    )
    delivered = pl.scan_parquet(labelled).filter(pl.col("prov").str.contains("浙江")).select(
        "address", city_hint="city", division_code=none, county_hint=none
    )  # fmt: skip
    # One address is one id, however many firms sit there: a fold then holds none that another one knows.
    return pl.concat([real, delivered]).with_columns(row_id=pl.col("address").rank("dense"))


def hidden(taught: pl.DataFrame) -> pl.DataFrame:
    """Each teaching address as if its town were not written, asked in its county and in its city."""
    asked = taught.rename({"township_code": "truth"}).with_columns(unit=pl.col("truth").str.slice(0, 6))
    return pl.concat([asked, asked.with_columns(unit=pl.col("unit").str.slice(0, 4))])


def measure(
    taught: pl.DataFrame, villages: PlaceFacts, gazetteer: Gazetteer, places: PlaceKnowledge
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return trust per class of key and confidence per margin: each fold asked of what the others teach."""
    limits, fold = places.limits, pl.col("row_id").hash(1) % FOLDS
    folds = [(taught.filter(fold != k), hidden(taught.filter(fold == k))) for k in range(FOLDS)]
    known = [merge_facts([villages, learn_places(others.lazy())]) for others, _ in folds]
    common = [common_names(facts, limits) for facts in known]
    asked = [questions.lazy() for _, questions in folds]
    parts = list(zip(asked, known, common, strict=True))
    answers = pl.concat(key_answers(q, f, gazetteer.units, c, limits) for q, f, c in parts)
    trust = measure_trust(answers, limits)
    verdicts = [
        place_by_index(q, make_lookup(f, gazetteer.units, trust, c, limits), places).collect()
        for q, f, c in parts
    ]
    is_city = pl.col("unit").str.contains(r"^\d{4}$")
    levels = pl.when(is_city).then(pl.lit("city")).otherwise(pl.lit("county"))
    return trust, measure_confidence(pl.concat(verdicts).with_columns(level=levels))


def names_to_ship(facts: PlaceFacts, kinds: pl.DataFrame) -> pl.DataFrame:
    """One row per county, name and township: county_code, name, township_code, begins, inside.

    Roads, villages, towns, estates and buildings ship on the word of one address. What else might be one
    establishment, or names one, needs several different addresses; of the rest only how it begins is told.
    """
    public = kinds.filter(pl.col("kind").is_in(PUBLIC))["suffix"]
    is_establishment = pl.col("name").str.contains(ESTABLISHMENT)
    is_public = pl.col("name").str.contains(f"(?:{'|'.join(public)})$") & ~is_establishment
    counted = facts.names.group_by("county_code", "name", "township_code").agg(
        pl.col("support").filter(pl.col("slot") == slot).sum().alias(column)
        for slot, column in (("start", "begins"), ("inner", "inside"))
    )
    several = pl.max_horizontal("begins", "inside") >= FEW
    shown = counted.filter(~pl.col("name").str.contains(COMPANY) & (is_public | several))
    rest = counted.join(shown, on=["county_code", "name", "township_code"], how="anti")
    begun = rest.filter(~is_establishment & (pl.col("begins") > 0)).with_columns(
        pl.col("name").str.head(BEGINNING), inside=pl.lit(0, pl.Int64)
    )
    return (
        pl.concat([shown, begun], how="vertical_relaxed")
        .group_by("county_code", "name", "township_code")
        .agg(pl.col("begins", "inside").sum())
        .sort("county_code", "name", "township_code")
    )


def roads_to_ship(facts: PlaceFacts) -> pl.DataFrame:
    """One row per stretch of a road that lies in several townships: neighbouring numbers of one township.

    A stretch of a single number stays out: it would be somebody's address.
    """
    road = ["county_code", "road"]
    several = facts.numbers.filter(pl.col("township_code").n_unique().over(road) > 1)
    side = [*road, "is_odd"]
    ordered = several.with_columns(is_odd=pl.col("number") % 2).sort(
        *side, "number", "support", "township_code"
    )
    changes = (pl.col("township_code") != pl.col("township_code").shift().over(side)).fill_null(True)
    return (
        ordered.with_columns(stretch=changes.cum_sum())
        .group_by("stretch", *road, "township_code", maintain_order=True)
        .agg(
            from_number=pl.col("number").min(),
            to_number=pl.col("number").max(),
            support=pl.col("support").sum(),
        )
        .filter(pl.col("from_number") < pl.col("to_number"))
        .select(*road, "from_number", "to_number", "township_code", "support")
    )


def main() -> None:
    """Write names, roads, trust and confidence under reference/places."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--registrations", type=Path, required=True)
    parser.add_argument("--labelled", type=Path, required=True)
    arguments = parser.parse_args()
    gazetteer, places = load_gazetteer(), load_places()
    rows = teaching_rows(arguments.registrations, arguments.labelled)
    read = read_addresses(rows, gazetteer, places, load_text_tables()).collect()
    taught = read.filter(pl.col("method").is_in(CERTAIN))
    villages = known_villages(places, gazetteer.villages.select("township_code", "village"))
    trust, confidence = measure(taught, villages, gazetteer, places)
    facts = learn_places(taught.unique("row_id", maintain_order=True).lazy())
    tables = {
        "trust": trust.with_columns(pl.col("trust").round(4)),
        "confidence": confidence.with_columns(pl.col("margin", "confidence").round(4)),
        "names": names_to_ship(facts, places.kinds),
        "roads": roads_to_ship(facts),
    }
    for name, table in tables.items():
        table.write_csv(PLACES_DIR / f"{name}.csv")
        print(f"{name}: {table.height:,} rows")


if __name__ == "__main__":
    main()
