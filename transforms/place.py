"""Placement (落图): an address or division code to county, township and community, with confidence.

Here: the ladder from codes to what the index knows, and the decision.
Not here: reading names (place_names.py) and tails (place_tail.py), the index (place_index.py,
place_learned.py), which address of a firm is placed (place_subjects.py).
"""

import polars as pl

from reference.divisions import Gazetteer
from reference.places import PlaceKnowledge
from reference.text_tables import TextTables
from transforms.place_heads import DECIDED, decide_heads, lookup, pair_lookup
from transforms.place_index import PlaceLookup
from transforms.place_learned import place_by_index
from transforms.place_names import HEAD, with_head
from transforms.place_tail import with_tail_features
from transforms.place_text import with_main_text

OUTPUT = (
    "division_code", "province", "city", "county", "township", "community", "level", "method", "confidence",
    "place_note", "runner_up", "support",
)  # fmt: skip
CERTAIN = ("code12", "code9", "town_name", "town_former", "town_in_city")
"""Methods that teach the index: the township is written down."""
_MISSING = ["no_town_evidence", "no_county_evidence", "no_evidence"]


def teaches() -> pl.Expr:
    """Whether a read address teaches the index: its township is written down, and no code disputes it."""
    undisputed = pl.col("place_note").ne_missing(pl.lit("code_text_conflict"))
    return pl.col("method").is_in(CERTAIN) & undisputed


def read_addresses(
    rows: pl.LazyFrame, gazetteer: Gazetteer, places: PlaceKnowledge, text: TextTables
) -> pl.LazyFrame:
    """One row per row: row_id, what names and codes tell of it, and the features of its tail.

    Takes row_id, address, division_code (6, 9 or 12 digits or null), city_hint and county_hint (names or
    codes). Columns: city_code, county_code, township_code, unit, method, place_note, code, start, seg1, …
    """
    headed = with_head(with_main_text(rows, gazetteer.province[1], text.lookalikes), gazetteer).cache()
    heads = decide_heads(headed.select("head", *HEAD).unique("head"), gazetteer)
    told = heads.select("head", "division_code", *DECIDED, "has_town", "cut")
    whole = headed.select("row_id", "text", "rest", "head").join(told, on="head", how="left", validate="m:1")
    behind = pl.coalesce(pl.col("text").str.splitn(pl.col("cut"), 2).struct.field("field_1"), "rest")
    tail = pl.when("has_town").then(behind.str.strip_prefix("街道")).otherwise("rest")
    read = whole.with_columns(tail=tail.fill_null("").str.strip_prefix("办事处")).select(
        "row_id", "division_code", *DECIDED, "tail"
    )
    return with_tail_features(read, places.kinds)


def place_read(
    read: pl.LazyFrame, gazetteer: Gazetteer, places: PlaceKnowledge, index: PlaceLookup
) -> pl.LazyFrame:
    """One row per row of `read_addresses`: row_id, then the columns OUTPUT. No order is kept.

    No place is ever assumed: without evidence of a town the row stays at county or city level.
    """
    certain = _unasked(read.filter(pl.col("township_code").is_not_null()))
    asked = place_by_index(read.filter(pl.col("township_code").is_null()), index, places)
    decided = pl.concat([certain, _decided_by_index(asked, places)], how="diagonal")
    return _named(decided, gazetteer, places).select("row_id", *OUTPUT)


def name_places(read: pl.LazyFrame, gazetteer: Gazetteer, places: PlaceKnowledge) -> pl.LazyFrame:
    """The same columns by what is written alone: codes, towns and the villages of a town; no index."""
    return _named(_unasked(read), gazetteer, places).select("row_id", *OUTPUT)


def _unasked(read: pl.LazyFrame) -> pl.LazyFrame:
    """The rows with the columns that only the index fills."""
    return read.with_columns(
        confidence=pl.lit(None, pl.Float64),
        runner_up=pl.lit(None, pl.String),
        support=pl.lit(None, pl.Int64),
    )


def _decided_by_index(asked: pl.LazyFrame, places: PlaceKnowledge) -> pl.LazyFrame:
    """The rows the names left open, placed where the index is sure; else runner_up says its guess."""
    is_city = pl.col("unit").str.contains(r"^\d{4}$")
    kinds = {"village": "village", "below": "road_number", "above": "road_number"}
    method = pl.col("learned_kind").replace_strict(kinds, default="place_name", return_dtype=pl.String)
    sure = (pl.col("confidence") >= places.limits.least_confidence).fill_null(False)
    measured = (
        asked.with_columns(level=pl.when(is_city).then(pl.lit("city")).otherwise(pl.lit("county")))
        .sort("margin")
        .join_asof(places.confidence.lazy(), on="margin", by="level", check_sortedness=False)
    )
    return (
        measured.with_columns(
            township_code=pl.when(sure).then("learned_town"),
            method=pl.when(sure).then(method).otherwise("method"),
            runner_up=pl.when(sure).then("runner_up").otherwise("learned_town"),
            confidence=pl.when(sure).then("confidence"),
            place_note=pl.when(~(sure & pl.col("place_note").is_in(_MISSING))).then("place_note"),
        )
        .with_columns(county_code=pl.coalesce(pl.col("township_code").str.slice(0, 6), "county_code"))
        .with_columns(city_code=pl.coalesce(pl.col("county_code").str.slice(0, 4), "city_code"))
        .drop("learned_town", "learned_kind", "margin", "level")
    )


def _named(decided: pl.LazyFrame, gazetteer: Gazetteer, places: PlaceKnowledge) -> pl.LazyFrame:
    """The rows with community, names per level, level, padded code and confidence."""
    names = gazetteer.divisions
    in_town = pair_lookup(gazetteer.town_villages, ("township_code", "village"), "division_code")
    listed = names["code"].implode()
    code = pl.when((pl.col("method") == "code12") & pl.col("division_code").is_in(listed)).then(
        "division_code"
    )
    by_name = [in_town(pl.col("township_code"), pl.col(column)) for column in ("start", "seg1")]
    coded = decided.with_columns(
        _province=pl.when(pl.col("city_code").is_not_null()).then(pl.lit(gazetteer.province[0])),
        community_code=pl.coalesce(code, *by_name),
    )
    codes = ("_province", "city_code", "county_code", "township_code", "community_code")
    levels = dict(zip(("province", "city", "county", "township", "community"), codes, strict=True))
    stated = places.methods.drop_nulls("confidence")
    deepest = pl.coalesce(*reversed(codes))
    return coded.with_columns(
        **{
            level: lookup(names.filter(level=level), "code", "name")(pl.col(key))
            for level, key in levels.items()
        },
        level=pl.coalesce(
            pl.when(pl.col(key).is_not_null()).then(pl.lit(level)) for level, key in reversed(levels.items())
        ),
        division_code=deepest.str.pad_end(12, "0"),
        confidence=pl.coalesce(
            "confidence",
            lookup(stated, "method", "confidence", pl.Float64())(pl.col("method")),
        ),
    )
