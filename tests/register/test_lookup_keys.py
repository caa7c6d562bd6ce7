"""Every reference list has one line a key: the joins that look rows up in it do not ask again (a line twice
would double rows), and no list ships without its key being named here."""

import csv
from pathlib import Path

import polars as pl
import pytest

from reference.batches import load_change_reasons
from reference.classes import load_classes
from reference.divisions import load_gazetteer
from reference.link import load_link_tables
from reference.places import load_places
from reference.register import load_register_codes

ROOT = Path(__file__).parents[2] / "reference"
KEYS = {
    "batches/change_reasons.csv": "reason_kind change rule_id",
    "divisions/county_spills.csv": "name also_county_code",
    "divisions/divisions_zhejiang_2023.csv": "division_code",
    "divisions/town_aliases.csv": "county_code alias",
    "divisions/zones.csv": "zone",
    "feedback/issues.csv": "code",
    "industry/consumption.csv": "industry_prefix",
    "industry/gbt4754_2017.csv": "code level",
    "industry/private_types.csv": "kind code_prefix",
    "industry/tech_tags.csv": "tag",
    "link/blocks.csv": "rule",
    "link/calibration.csv": "share",
    "link/conflicts.csv": "conflict order",
    "link/compared.csv": "class",
    "link/thresholds.csv": "name",
    "link/weights.csv": "feature level",
    "names/forms.csv": "form",
    "names/trade_words.csv": "word",
    "names/variants.csv": "written",
    "places/confidence.csv": "",  # a curve, read at the nearest margin; lines may repeat
    "places/former_villages.csv": "township_code village",
    "places/methods.csv": "method",
    "places/name_kinds.csv": "suffix",
    "places/names.csv": "county_code name township_code",
    "places/near_trust.csv": "distance_band",
    "places/other_provinces.csv": "name",
    "places/roads.csv": "county_code road from_number township_code",
    "places/trust.csv": "slot level support_band purity_band common_band",
    "places/villages.csv": "township_code village",
    "register/confusions.csv": "written scope",
    "register/county_successors.csv": "old_code old_name",
    "register/legal_forms.csv": "written place",
    "register/name_patterns.csv": "order",
    "register/status_codes.csv": "spelling",
    "register/statuses.csv": "status",
    "register/subject_type_patterns.csv": "order",
    "register/subject_type_texts.csv": "text",
    "register/subject_types.csv": "code",
    "size/size_groups.csv": "industry_prefix",
    "size/size_thresholds.csv": "group indicator",
    "text/currencies.csv": "spelling",
    "text/lookalikes.csv": "found",
    "text/null_spellings.csv": "spelling applies",
    "text/reject_reasons.csv": "reason_code",
    "text/units.csv": "spelling",
}
"""The key of each list as it ships; lines that begin with "# " are provenance."""

CODES, PLACES, NAMES, LINK = load_register_codes(), load_places(), load_gazetteer(), load_link_tables()
LOOKED_UP = {
    "reasons of change": (load_change_reasons(), "reason_kind change rule_id"),
    "industries": (load_classes().industries, "industry_as_written"),
    "statuses": (CODES.statuses, "status"),
    "status spellings": (CODES.status_spellings, "spelling"),
    "subject types": (CODES.subject_types, "code"),
    "wordings of types": (CODES.type_texts, "text"),
    "counties": (CODES.counties, "code"),
    "places": (CODES.places, "spelling"),
    "prefixes": (CODES.name_prefixes, "prefix"),
    "name forms": (CODES.name_forms, "form"),
    "towns of the census": (LINK.towns, "town_code"),
    "divisions": (NAMES.divisions, "code"),
    "towns of a city": (NAMES.city_towns, "city_code alias"),
    "towns of the province": (NAMES.province_towns, "alias"),
    "town names without suffix": (NAMES.city_cores, "city_code core"),
    "villages of a town": (NAMES.town_villages, "township_code village"),
    "methods of placing": (PLACES.methods, "method"),
    "trust": (PLACES.trust, "slot level support_band purity_band common_band"),
    "trust of numbers": (PLACES.near_trust, "distance_band"),
}
"""Frames that transforms join rows to, many to one."""


def doubled(rows: pl.DataFrame, key: str) -> list[tuple[object, ...]]:
    columns = key.split()
    return rows.select(columns).filter(pl.struct(columns).is_duplicated()).unique().rows()


def test_every_list_has_its_key_named() -> None:
    assert {path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.csv")} == set(KEYS)


@pytest.mark.parametrize("name", [name for name, key in KEYS.items() if key])
def test_one_line_a_key(name: str) -> None:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("# ")))
    assert doubled(pl.DataFrame(rows, infer_schema_length=None), KEYS[name]) == []


@pytest.mark.parametrize("name", LOOKED_UP)
def test_one_row_a_key_where_rows_are_looked_up(name: str) -> None:
    rows, key = LOOKED_UP[name]
    assert rows.height > 0
    assert doubled(rows, key) == []


def test_a_line_twice_is_seen() -> None:
    rows = pl.DataFrame({"code": ["1", "2", "1"], "name": ["甲", "乙", "丙"]})
    assert doubled(rows, "code") == [("1",)]
