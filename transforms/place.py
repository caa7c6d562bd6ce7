"""Placement (落图): an address or division code to county, township and community, with confidence.

Here: the ladder from codes to what the index knows, and the decision.
Not here: reading names (place_names.py) and tails (place_tail.py), the index (place_index.py,
place_learned.py), which address of a firm is placed (place_subjects.py).
"""

import polars as pl

from reference.divisions import Gazetteer
from reference.places import PlaceKnowledge
from reference.text_tables import TextTables
from transforms.place_index import PlaceLookup
from transforms.place_learned import place_by_index
from transforms.place_names import pair_lookup, read_names
from transforms.place_tail import with_tail_features
from transforms.place_text import with_main_text

OUTPUT = (
    "division_code", "province", "city", "county", "township", "community", "level", "method", "confidence",
    "place_note", "runner_up", "support",
)  # fmt: skip
CERTAIN = ("code12", "code9", "town_name", "town_former", "town_in_city")
"""Methods that teach the index: the township is written down."""
LEAST_CONFIDENCE = 0.6
"""Below this an answer of the index is no answer; it stays the runner-up for review."""
_CORE_LENGTHS = (2, 3)
_MISSING = ["no_town_evidence", "no_county_evidence", "no_evidence"]
_NOT_BEHIND_CORE = (
    r"^(?:[路街巷弄大桥江山市区县村新]"
    r"|[一-龥]?(?:路|街|大道|大街|公路|巷|弄|区|期|苑|小区|花园|公寓|村|社区|\d))"
)
"""What makes the characters before it a name of their own: 阳明西路 does not say 阳明街道."""


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
    clean = with_main_text(rows, gazetteer.province[1], text.lookalikes).with_columns(
        pl.col("division_code").str.replace_all(r"\D", "")
    )
    read = read_names(clean, gazetteer)
    found = _with_cores(_with_code(read, gazetteer), gazetteer)
    return with_tail_features(_decided_by_name(found, gazetteer), places.kinds)


def place_read(
    read: pl.LazyFrame, gazetteer: Gazetteer, places: PlaceKnowledge, lookup: PlaceLookup
) -> pl.LazyFrame:
    """One row per row of `read_addresses`: row_id, then the columns OUTPUT. No order is kept.

    No place is ever assumed: without evidence of a town the row stays at county or city level.
    """
    certain = _unasked(read.filter(pl.col("township_code").is_not_null()))
    asked = place_by_index(read.filter(pl.col("township_code").is_null()), lookup, places.near_trust)
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


def _with_code(read: pl.LazyFrame, gazetteer: Gazetteer) -> pl.LazyFrame:
    """Adds code_town, the township that a code of 9 or 12 digits names."""
    towns = gazetteer.divisions.filter(pl.col("level") == "township")["code"]
    nine = pl.when(pl.col("division_code").str.len_chars() >= 9).then(pl.col("division_code").str.slice(0, 9))
    return read.with_columns(code_town=pl.when(nine.is_in(towns.implode())).then(nine))


def _with_cores(read: pl.LazyFrame, gazetteer: Gazetteer) -> pl.LazyFrame:
    """Adds core_town and core_in_city: the town whose name without suffix stands behind county or city."""
    open_rest = pl.when(pl.coalesce("code_town", "name_town", "city_town").is_null()).then("rest")
    in_scope = pair_lookup(gazetteer.cores, ("scope", "core"), "township_code")
    in_city = pair_lookup(gazetteer.city_cores, ("city_code", "core"), "township_code")
    no_scope = pl.when(pl.col("scope").is_null()).then("city_code")
    heads = [f"_head{k}" for k in reversed(_CORE_LENGTHS)]
    rest = pl.col("_rest")
    return (
        read.with_columns(_rest=open_rest)
        .with_columns(
            pl.when(~rest.str.slice(k, 4).str.contains(_NOT_BEHIND_CORE))
            .then(rest.str.head(k))
            .alias(f"_head{k}")
            for k in _CORE_LENGTHS
        )
        .with_columns(
            core_town=pl.coalesce(in_scope(pl.col("scope"), pl.col(head)) for head in heads),
            core_in_city=pl.coalesce(in_city(no_scope, pl.col(head)) for head in heads),
        )
    )


def _decided_by_name(found: pl.LazyFrame, gazetteer: Gazetteer) -> pl.LazyFrame:
    """Adds township_code and method of the first rung that holds, unit and place_note."""
    no_scope = pl.col("scope").is_null()
    nowhere = no_scope & pl.col("city_code").is_null()
    is_deep = pl.col("division_code").str.len_chars().eq(12) & ~pl.col("division_code").str.ends_with("000")
    by_name = pl.when(pl.col("is_exact")).then(pl.lit("town_name")).otherwise(pl.lit("town_former"))
    zone_town = pl.col("scope").replace_strict(
        gazetteer.zones["scope"], gazetteer.zones["township_code"], default=None, return_dtype=pl.String
    )
    ladder = [
        (pl.col("code_town"), pl.when(is_deep).then(pl.lit("code12")).otherwise(pl.lit("code9"))),
        (pl.col("name_town"), by_name),
        (pl.when(no_scope).then("city_town"), pl.lit("town_in_city")),
        (pl.when(nowhere).then("province_town"), pl.lit("town_in_province")),
        (pl.col("core_town"), pl.lit("town_core")),
        (pl.col("core_in_city"), pl.lit("core_in_city")),
        (zone_town, pl.lit("zone")),
    ]
    town = pl.coalesce(code for code, _ in ladder)
    several = gazetteer.units.filter(~pl.col("unit").str.contains(r"^\d+$"))["unit"].unique()
    wide = pl.when(pl.col("scope").is_in(several.implode())).then("scope")
    county = pl.coalesce(pl.col("township_code").str.slice(0, 6), "county_code")
    return (
        found.with_columns(
            township_code=town,
            method=pl.coalesce(pl.when(code.is_not_null()).then(method) for code, method in ladder),
            unit=pl.coalesce(wide, "county_code", "city_code"),
        )
        .with_columns(county_code=county, place_note=_note(gazetteer))
        .with_columns(city_code=pl.coalesce(pl.col("county_code").str.slice(0, 4), "city_code"))
        .with_columns(method=pl.coalesce("method", _county_method()))
        .select("row_id", "division_code", "city_code", "county_code", "township_code", "unit", "method",
                "place_note", "tail")
    )  # fmt: skip


def _decided_by_index(asked: pl.LazyFrame, places: PlaceKnowledge) -> pl.LazyFrame:
    """The rows the names left open, placed where the index is sure; else runner_up says its guess."""
    is_city = pl.col("unit").str.contains(r"^\d{4}$")
    kinds = {"village": "village", "below": "road_number", "above": "road_number"}
    method = pl.col("learned_kind").replace_strict(kinds, default="place_name", return_dtype=pl.String)
    sure = (pl.col("confidence") >= LEAST_CONFIDENCE).fill_null(False)
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


def _county_method() -> pl.Expr:
    in_county = (
        pl.when(pl.col("text_scope").is_not_null())
        .then(pl.lit("county_text"))
        .when(pl.col("code_scope").is_not_null())
        .then(pl.lit("county_code"))
        .when(pl.col("hint_scope").is_not_null())
        .then(pl.lit("county_hint"))
    )
    return (
        pl.when(pl.col("county_code").is_not_null())
        .then(in_county)
        .when(pl.col("text_city").is_not_null())
        .then(pl.lit("city_text"))
        .when(pl.col("city_code").is_not_null())
        .then(pl.lit("city_hint"))
    )


def _note(gazetteer: Gazetteer) -> pl.Expr:
    """Why a row needs a look: what text, code and hint disagree on, or what is missing.

    余杭市 and a code of 余杭区 agree: counties of today are compared, not names.
    """
    scopes = gazetteer.scopes

    def county(scope: str) -> pl.Expr:
        return pl.col(scope).replace_strict(
            scopes["scope"], scopes["county_code"], default=None, return_dtype=pl.String
        )

    differs = {s: (county(s) != county("text_scope")).fill_null(False) for s in ("code_scope", "hint_scope")}
    other_town = (pl.col("code_town") != pl.col("name_town")).fill_null(False)
    open_town = pl.col("township_code").is_null()
    return (
        pl.when(differs["code_scope"] | other_town)
        .then(pl.lit("code_text_conflict"))
        .when(differs["hint_scope"])
        .then(pl.lit("hint_text_conflict"))
        .when((pl.col("text_city") != pl.col("scope_city")).fill_null(False))
        .then(pl.lit("city_county_conflict"))
        .when(pl.col("name_town").is_null() & pl.col("alias").is_not_null() & pl.col("scope").is_not_null())
        .then(pl.lit("town_not_in_county"))
        .when(open_town & pl.col("scope").is_not_null())
        .then(pl.lit("no_town_evidence"))
        .when(open_town & pl.col("city_code").is_not_null())
        .then(pl.lit("no_county_evidence"))
        .when(open_town)
        .then(pl.lit("no_evidence"))
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
            level: pl.col(key).replace_strict(
                names["code"], names["name"], default=None, return_dtype=pl.String
            )
            for level, key in levels.items()
        },
        level=pl.coalesce(
            pl.when(pl.col(key).is_not_null()).then(pl.lit(level)) for level, key in reversed(levels.items())
        ),
        division_code=deepest.str.pad_end(12, "0"),
        confidence=pl.coalesce(
            "confidence",
            pl.col("method").replace_strict(
                stated["method"], stated["confidence"], default=None, return_dtype=pl.Float64
            ),
        ),
    )
