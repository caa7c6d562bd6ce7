"""The limits of the ladder are data: what is read is checked, and what is changed changes the answer."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
import yaml

from reference.places import PLACES_DIR, load_places, read_limits
from transforms.place import OUTPUT
from transforms.place_index import PlaceFacts, common_names, with_bands
from transforms.place_subjects import place_by_registrar

ENTRIES = yaml.safe_load((PLACES_DIR / "limits.yml").read_text(encoding="utf-8"))["limits"]


def written(folder: Path, entries: list[dict[str, object]]) -> Path:
    path = folder / "limits.yml"
    path.write_text(yaml.safe_dump({"limits": entries}), encoding="utf-8")
    return path


def test_the_limits_are_those_of_the_file(tmp_path: Path) -> None:
    changed = [{**entry, "value": 0.7} if entry["name"] == "least_confidence" else entry for entry in ENTRIES]
    assert read_limits(written(tmp_path, changed)) == replace(load_places().limits, least_confidence=0.7)


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        (ENTRIES[1:], "not those of PlaceLimits"),
        ([*ENTRIES, ENTRIES[0]], "not those of PlaceLimits"),
        ([*ENTRIES[1:], {**ENTRIES[0], "name": "least"}], "not those of PlaceLimits"),
        ([{**ENTRIES[0], "set_by": None}, *ENTRIES[1:]], "lack means or set_by"),
    ],
)
def test_an_incomplete_file_is_refused(tmp_path: Path, entries: list[dict[str, object]], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_limits(written(tmp_path, entries))


def test_the_tables_hold_the_bands_that_the_limits_cut() -> None:
    places = load_places()
    assert places.trust["support_band"].max() == len(places.limits.support_bands)
    assert places.trust["common_band"].max() == len(places.limits.common_bands)
    assert places.near_trust["distance_band"].to_list() == list(range(len(places.limits.distance_bands) + 1))
    assert places.limits.number_reach > places.limits.distance_bands[-1]


def test_bands_are_cut_where_the_limits_say() -> None:
    limits = replace(load_places().limits, support_bands=(4,), common_bands=(2,))
    names = pl.DataFrame(
        {
            "county_code": ["330110", "330109", "330108", "330110", "330109"],
            "slot": "inner",
            "name": ["人民路", "人民路", "人民路", "丹霄路", "丹霄路"],
            "township_code": ["330110005", "330109001", "330108001", "330110005", "330109001"],
            "support": [1, 1, 1, 1, 1],
        },
        schema_overrides={"support": pl.Int64},
    )
    common = common_names(PlaceFacts(names, pl.DataFrame()), limits)
    assert dict(common.select("name", "common_band").iter_rows()) == {"人民路": 1, "丹霄路": 0}
    ranked = pl.LazyFrame(
        {"unit": "330110", "slot": "inner", "name": "人民路", "support": [4, 5], "purity": 1.0}
    )
    banded = with_bands(ranked, common, limits).select("support", "support_band").collect()
    assert sorted(banded.iter_rows()) == [(4, 0), (5, 1)]


def test_a_registrar_s_pool_is_stated_with_the_confidence_of_the_limits() -> None:
    limits = replace(load_places().limits, registrar_confidence=0.42)
    placed = pl.LazyFrame({"row_id": [0], **dict.fromkeys(OUTPUT), "level": ["county"]})
    homeless = pl.LazyFrame({"row_id": [0], "subject_key": ["F"]})
    assert place_by_registrar(homeless, placed, limits).collect()["confidence"].to_list() == [0.42]
