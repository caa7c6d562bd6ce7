"""Code lists of the market-subject register: statuses, subject types, confusions, names, county successors.

Here: reading `register/*.csv`, `names/*.csv` and the county rows of the division table into small frames.
Not here: applying them (transforms/conform.py, names.py, registrar.py).
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

REGISTER_DIR = Path(__file__).parent / "register"
NAMES_DIR = Path(__file__).parent / "names"
DIVISIONS_FILE = Path(__file__).parent / "divisions" / "divisions_zhejiang_2023.csv"


@dataclass(frozen=True)
class RegisterCodes:
    """Every code list that conform and link take as an argument; all frames are small."""

    statuses: pl.DataFrame  # status, zh, on_register, rank (1 wins when two rows of a subject tie)
    status_spellings: pl.DataFrame  # spelling (brackets and blanks removed), status, rank
    subject_types: pl.DataFrame  # code, zh, entity_class
    type_texts: pl.DataFrame  # text (brackets and blanks removed), code
    type_patterns: pl.DataFrame  # pattern, entity_class; the first that matches decides
    name_patterns: pl.DataFrame  # pattern, entity_class; the first that matches decides
    confusions: pl.DataFrame  # written, meant, scope (forced|single)
    legal_forms: pl.DataFrame  # written, form, place (anywhere|end)
    counties: pl.DataFrame  # code, city_code, county_code (of today; null where a split left several)
    places: pl.DataFrame  # spelling, kind (city|county|district), is_full, city_code, county_code
    name_prefixes: pl.DataFrame  # prefix: a place that may stand in front of a subject's name
    variants: pl.DataFrame  # written, meant: traditional and variant characters, for comparing only
    trade_words: pl.DataFrame  # word, count: what a firm does, between its own word and its legal form
    name_forms: pl.DataFrame  # form, kind: how a name ends


@cache
def load_register_codes() -> RegisterCodes:
    """Return the code lists of `reference/register/`, read once per process."""
    divisions = _read(DIVISIONS_FILE)
    successors = _read(REGISTER_DIR / "county_successors.csv")
    types = _list("subject_types", "code", "zh", "entity_class")
    places = _places(divisions, successors)
    statuses = _list("statuses", "status", "zh", "on_register", "rank").with_columns(
        pl.col("rank").cast(pl.Int8), pl.col("on_register") == "true"
    )
    return RegisterCodes(
        statuses=statuses,
        status_spellings=_list("status_codes", "spelling", "status"),
        subject_types=types,
        type_texts=_type_texts(types),
        type_patterns=_list("subject_type_patterns", "pattern", "entity_class"),
        name_patterns=_list("name_patterns", "pattern", "entity_class"),
        confusions=_list("confusions", "written", "meant", "scope"),
        legal_forms=_list("legal_forms", "written", "form", "place").with_columns(
            pl.col("form").fill_null("")
        ),
        counties=_counties(divisions, successors),
        places=places,
        name_prefixes=_name_prefixes(places),
        variants=_read(NAMES_DIR / "variants.csv").select("written", "meant"),
        trade_words=_read(NAMES_DIR / "trade_words.csv").select("word", pl.col("count").cast(pl.Int64)),
        name_forms=_read(NAMES_DIR / "forms.csv").select("form", "kind"),
    )


def bare_text(text: pl.Expr) -> pl.Expr:
    """The text without blanks, brackets, hyphens and separators: how code lists are looked up."""
    return text.str.normalize("NFKC").str.replace_all(r"[^\p{L}\p{N}]", "")


def _read(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, infer_schema=False)


def _list(name: str, *columns: str) -> pl.DataFrame:
    return _read(REGISTER_DIR / f"{name}.csv").select(columns)


def _type_texts(types: pl.DataFrame) -> pl.DataFrame:
    """One row per wording of a subject type; two codes with one wording keep the lower code."""
    official = types.select(pl.col("zh").alias("text"), "code")
    wordings = pl.concat([official, _list("subject_type_texts", "text", "code")])
    return (
        wordings.with_columns(bare_text(pl.col("text")))
        .sort("code")
        .unique("text", keep="first")
        .sort("text")
    )


def _current_counties(divisions: pl.DataFrame) -> pl.DataFrame:
    code = pl.col("division_code").str.slice(0, 6)
    return divisions.filter(pl.col("level") == "county").select(
        code.alias("code"),
        pl.col("name"),
        code.str.slice(0, 4).alias("city_code"),
        code.alias("county_code"),
    )


def _counties(divisions: pl.DataFrame, successors: pl.DataFrame) -> pl.DataFrame:
    """One row per 6-digit code of a city of Zhejiang, with where it lies today.

    Codes no list knows (市辖区, development zones) still tell their city by the first four digits.
    """
    columns = ("code", "city_code", "county_code")
    current = _current_counties(divisions)
    old = successors.rename({"old_code": "code"}).unique("code")
    cities = current.select("city_code").unique()
    rest = pl.DataFrame({"last": [f"{number:02d}" for number in range(100)]})
    any_code = cities.join(rest, how="cross").select(
        pl.concat_str("city_code", "last").alias("code"),
        "city_code",
        pl.lit(None, pl.String).alias("county_code"),
    )
    ranked = pl.concat([frame.select(columns) for frame in (current, old, any_code)])
    return ranked.unique("code", keep="first", maintain_order=True).sort("code")


def _places(divisions: pl.DataFrame, successors: pl.DataFrame) -> pl.DataFrame:
    """One row per spelling of a city or county name, full or without its last character, current or old."""
    cities = divisions.filter(pl.col("level") == "city").select(
        "name",
        pl.lit("city").alias("kind"),
        pl.col("division_code").str.slice(0, 4).alias("city_code"),
        pl.lit(None, pl.String).alias("county_code"),
    )
    is_district = pl.col("name").str.ends_with("区")
    kind = pl.when(is_district).then(pl.lit("district")).otherwise(pl.lit("county")).alias("kind")
    old = successors.rename({"old_name": "name"}).filter(~pl.col("name").is_in(["城区", "郊区"]))
    counties = pl.concat(
        [
            frame.select("name", kind, "city_code", "county_code")
            for frame in (_current_counties(divisions), old)
        ]
    )
    full = pl.concat([cities, counties]).unique("name", keep="first", maintain_order=True)
    short = full.with_columns(_without_suffix(pl.col("name")))
    both = pl.concat([full.with_columns(is_full=True), short.with_columns(is_full=False)])
    return (
        both.rename({"name": "spelling"})
        .filter(pl.col("spelling").str.len_chars() >= 2)
        .unique("spelling", keep="first", maintain_order=True)
        .select("spelling", "kind", "is_full", "city_code", "county_code")
    )


def _name_prefixes(places: pl.DataFrame) -> pl.DataFrame:
    """One row per place that may stand before a firm's own name.

    A short district name counts only after its city (宁波海曙…): alone it is too often the firm's own word.
    """
    full = places.filter("is_full")
    towns = full.filter(pl.col("kind") != "district")
    short_towns = towns.select(prefix=_without_suffix(pl.col("spelling"))).filter(
        pl.col("prefix").str.len_chars() >= 2
    )
    cities = places.filter(pl.col("kind") == "city").select("city_code", pl.col("spelling").alias("city"))
    districts = places.filter(pl.col("kind") == "district").select("city_code", "spelling")
    after_city = cities.join(districts, on="city_code").select(prefix=pl.col("city") + pl.col("spelling"))
    province = pl.DataFrame({"prefix": ["浙江省", "浙江"]})
    return (
        pl.concat([province, full.select(prefix="spelling"), short_towns, after_city]).unique().sort("prefix")
    )


def _without_suffix(name: pl.Expr) -> pl.Expr:
    return name.str.replace(r"(?:.族自治县|[市县区])$", "")
