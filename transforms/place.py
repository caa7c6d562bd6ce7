"""Placement (落图): an address or division code to county, township and community, with confidence.

Here: the evidence ladder from codes to village names, set-based.
Not here: the names (reference/divisions.py), which address of a firm is placed (place_subjects.py).
"""

import polars as pl

from reference.divisions import Gazetteer
from transforms.place_text import find_city, main_text, split_at_county

METHODS: dict[str, float] = {
    "code12": 0.97,
    "code9": 0.97,
    "town_name": 0.98,
    "town_former": 0.95,
    "town_core": 0.88,
    "village_name": 0.93,
    "town_in_city": 0.95,
    "town_in_province": 0.90,
    "county_text": 0.97,
    "county_code": 0.95,
    "county_hint": 0.93,
    "city_text": 0.95,
}
"""Methods from strongest evidence to weakest, with the share of right answers each has earned."""

OUTPUT = (
    "division_code",
    "province",
    "city",
    "county",
    "township",
    "community",
    "level",
    "method",
    "confidence",
    "place_note",
)


def place_addresses(rows: pl.LazyFrame, gazetteer: Gazetteer) -> pl.LazyFrame:
    """One row per row: row_id, division_code (12 digits), names, level, method, confidence, place_note.

    Takes row_id, address, division_code (6, 9 or 12 digits or null), city_hint and county_hint (names or
    codes). No place is ever assumed: without evidence of a town the row stays at county or city level.
    """
    read = _read_text(rows, gazetteer)
    found = _found_names(read, gazetteer)
    return _named(_decided(found), gazetteer).select("row_id", *OUTPUT)


def _read_text(rows: pl.LazyFrame, gazetteer: Gazetteer) -> pl.LazyFrame:
    """The rows with city_code, scope (county name as met) and `rest`, the text after the county."""
    scopes, cities = gazetteer.scopes["scope"].to_list(), gazetteer.cities["spelling"].to_list()
    code = pl.col("division_code").str.replace_all(r"\D", "")
    hint = pl.concat_str(pl.col("county_hint").fill_null(""), pl.lit("|"), pl.col("city_hint").fill_null(""))
    of_code = {"old": gazetteer.codes["code"], "new": gazetteer.codes["scope"]}
    text_county, rest = split_at_county(pl.col("_text"), scopes, cities)
    hint_county, _ = split_at_county(pl.col("_hint"), scopes, cities)
    scope_of_code = (
        pl.col("_code")
        .str.slice(0, 6)
        .replace_strict(of_code["old"], of_code["new"], default=None, return_dtype=pl.String)
    )
    scope_of_hint = (
        pl.col("county_hint")
        .str.slice(0, 6)
        .replace_strict(of_code["old"], of_code["new"], default=None, return_dtype=pl.String)
    )
    return (
        rows.with_columns(_text=main_text(pl.col("address")), _hint=hint, _code=code)
        .with_columns(
            text_scope=text_county,
            rest=rest,
            code_scope=scope_of_code,
            hint_scope=pl.coalesce(hint_county, scope_of_hint),
            text_city=find_city(pl.col("_text"), gazetteer.cities),
            hint_city=find_city(pl.col("_hint"), gazetteer.cities),
        )
        .with_columns(scope=pl.coalesce("text_scope", "code_scope", "hint_scope"))
        .with_columns(rest=pl.coalesce("rest", "_text"))
        .join(gazetteer.scopes.lazy(), on="scope", how="left", validate="m:1")
        .with_columns(city_code=pl.coalesce("text_city", "city_code", "hint_city"), scope_city="city_code")
    )


def _found_names(read: pl.LazyFrame, gazetteer: Gazetteer) -> pl.LazyFrame:
    """The rows with every candidate: town0, town1 by name, core_town, village0, village1, and wider ones."""
    towns = pl.concat([gazetteer.towns["alias"], gazetteer.city_towns["alias"]]).unique(maintain_order=True)
    villages = gazetteer.villages["village"].unique(maintain_order=True)
    cores = gazetteer.cores["core"].unique().sort(descending=True)
    lists = read.with_columns(
        _towns=pl.col("rest").str.extract_many(towns.to_list(), leftmost=True),
        _villages=pl.col("rest").str.extract_many(villages.to_list(), leftmost=True),
        core=pl.col("rest").str.extract(f"^({'|'.join(_longest_first(cores))})(?:$|[^路街巷市区县大桥])"),
    ).with_columns(
        alias=pl.col("_towns").list.get(0, null_on_oob=True),
        alias1=pl.col("_towns").list.get(1, null_on_oob=True),
        village=pl.col("_villages").list.get(0, null_on_oob=True),
        village1=pl.col("_villages").list.get(1, null_on_oob=True),
    )
    town = gazetteer.towns.lazy()
    second = town.select("scope", alias1="alias", town1="township_code", exact1="is_exact")
    village = gazetteer.villages.lazy().select("scope", "village", village_town="township_code")
    second_village = village.rename({"village": "village1", "village_town": "village_town1"})
    return (
        lists.join(town.rename({"township_code": "town0"}), on=["scope", "alias"], how="left")
        .join(second, on=["scope", "alias1"], how="left")
        .join(gazetteer.cores.lazy().rename({"township_code": "core_town"}), on=["scope", "core"], how="left")
        .join(village, on=["scope", "village"], how="left")
        .join(second_village, on=["scope", "village1"], how="left")
        .join(
            gazetteer.city_towns.lazy().rename({"township_code": "city_town"}),
            on=["city_code", "alias"],
            how="left",
        )
        .join(
            gazetteer.province_towns.lazy().rename({"township_code": "province_town"}), on="alias", how="left"
        )
        .join(_communities(gazetteer), left_on="_code", right_on="community_code", how="left")
    )


def _longest_first(names: pl.Series) -> list[str]:
    return sorted(names.to_list(), key=lambda name: (-len(name), name))


def _communities(gazetteer: Gazetteer) -> pl.LazyFrame:
    codes = gazetteer.divisions.lazy().filter(pl.col("level").is_in(["township", "community"]))
    nine = codes.filter(pl.col("level") == "township").select(community_code="code", code_town="code")
    padded = nine.with_columns(community_code=pl.col("community_code") + "000")
    twelve = codes.filter(pl.col("level") == "community").select(
        community_code="code", code_town=pl.col("code").str.slice(0, 9)
    )
    return pl.concat([nine, padded, twelve])


def _decided(found: pl.LazyFrame) -> pl.LazyFrame:
    """The rows with township_code, county_code, city_code decided, method, and a note on contradictions."""
    ladder = _ladder()
    town = pl.coalesce(*(pl.when(holds).then(code) for holds, code, _ in ladder))
    method = pl.coalesce(*(pl.when(holds).then(name) for holds, _, name in ladder))
    county = pl.coalesce(pl.col("township_code").str.slice(0, 6), "county_code")
    in_county = pl.when(pl.col("county_code").is_not_null()).then(_county_method())
    in_city = pl.when(pl.col("city_code").is_not_null()).then(pl.lit("city_text"))
    return (
        found.with_columns(township_code=town, method=method)
        .with_columns(county_code=county, city_code=pl.coalesce(county.str.slice(0, 4), "city_code"))
        .with_columns(method=pl.coalesce("method", in_county, in_city), place_note=_note(_town_by_name()))
    )


def _town_by_name() -> pl.Expr:
    return pl.when(pl.col("town0").is_not_null()).then("town0").otherwise("town1")


def _ladder() -> list[tuple[pl.Expr, pl.Expr, pl.Expr]]:
    """The rungs from strong to weak: whether it holds, the township it gives, the method's name."""
    town_by_name = _town_by_name()
    exact = pl.when(pl.col("town0").is_not_null()).then("is_exact").otherwise("exact1")
    village_town = pl.coalesce("village_town", "village_town1")
    # 东湖社区 is a community by its whole name, wherever a town called 东湖街道 lies in the county.
    is_village_of_same_name = pl.col("village_town").is_not_null() & pl.col("village").str.starts_with(
        pl.col("core")
    )
    no_scope = pl.col("scope").is_null()
    no_place = no_scope & pl.col("city_code").is_null()
    return [
        (
            pl.col("code_town").is_not_null(),
            pl.col("code_town"),
            pl.when(pl.col("_code").str.ends_with("000") | (pl.col("_code").str.len_chars() == 9))
            .then(pl.lit("code9"))
            .otherwise(pl.lit("code12")),
        ),
        (
            town_by_name.is_not_null(),
            town_by_name,
            pl.when(exact).then(pl.lit("town_name")).otherwise(pl.lit("town_former")),
        ),
        (is_village_of_same_name, pl.col("village_town"), pl.lit("village_name")),
        (pl.col("core_town").is_not_null(), pl.col("core_town"), pl.lit("town_core")),
        (village_town.is_not_null(), village_town, pl.lit("village_name")),
        (no_scope & pl.col("city_town").is_not_null(), pl.col("city_town"), pl.lit("town_in_city")),
        (
            no_place & pl.col("province_town").is_not_null(),
            pl.col("province_town"),
            pl.lit("town_in_province"),
        ),
    ]


def _county_method() -> pl.Expr:
    return (
        pl.when(pl.col("text_scope").is_not_null())
        .then(pl.lit("county_text"))
        .when(pl.col("code_scope").is_not_null())
        .then(pl.lit("county_code"))
        .when(pl.col("hint_scope").is_not_null())
        .then(pl.lit("county_hint"))
    )


def _note(town_by_name: pl.Expr) -> pl.Expr:
    differs = (pl.col("code_scope") != pl.col("text_scope")) & pl.col("text_scope").is_not_null()
    hinted = (pl.col("hint_scope") != pl.col("text_scope")) & pl.col("text_scope").is_not_null()
    other_city = (pl.col("text_city") != pl.col("scope_city")).fill_null(False)
    return (
        pl.when(differs | (pl.col("code_town") != town_by_name))
        .then(pl.lit("code_text_conflict"))
        .when(hinted)
        .then(pl.lit("hint_text_conflict"))
        .when(other_city)
        .then(pl.lit("city_county_conflict"))
        .when(pl.col("township_code").is_null() & pl.col("alias").is_not_null())
        .then(pl.lit("town_not_in_county"))
        .when(pl.col("township_code").is_null() & pl.col("scope").is_not_null())
        .then(pl.lit("no_town_evidence"))
        .when(pl.col("township_code").is_null() & pl.col("city_code").is_not_null())
        .then(pl.lit("no_county_evidence"))
        .when(pl.col("township_code").is_null())
        .then(pl.lit("no_evidence"))
    )


def _named(decided: pl.LazyFrame, gazetteer: Gazetteer) -> pl.LazyFrame:
    """The rows with community, names per level, level, padded code and confidence."""
    inside = gazetteer.town_villages.lazy().rename({"division_code": "community_code"})
    joined = decided.join(inside, on=["township_code", "village"], how="left").with_columns(
        community_code=pl.coalesce(pl.when(pl.col("method") == "code12").then("_code"), "community_code")
    )
    names = gazetteer.divisions
    keys = [
        ("province", "_province"),
        ("city", "city_code"),
        ("county", "county_code"),
        ("township", "township_code"),
        ("community", "community_code"),
    ]
    coded = joined.with_columns(_province=pl.when(pl.col("city_code").is_not_null()).then(pl.lit("33")))
    named = coded.with_columns(
        **{
            level: pl.col(key).replace_strict(
                names["code"], names["name"], default=None, return_dtype=pl.String
            )
            for level, key in keys
        }
    )
    deepest = [(level, key) for level, key in reversed(keys)]
    return named.with_columns(
        level=pl.coalesce(
            *(pl.when(pl.col(key).is_not_null()).then(pl.lit(level)) for level, key in deepest)
        ),
        division_code=pl.coalesce(*(pl.col(key) for _, key in deepest)).str.pad_end(12, "0"),
        confidence=pl.col("method").replace_strict(METHODS, default=None, return_dtype=pl.Float64),
    )
