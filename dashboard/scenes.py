"""The places that are printed: which pages a scope asks for, and what stands on each.

Here: a place, what lies below it, how both are ranked.  Not here: the contents of a page (briefing.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dashboard.board import Area
from dashboard.facts import NINGBO, Document
from dashboard.scope import PROVINCE
from dashboard.words import Words


@dataclass(frozen=True)
class Scene:
    """A place and what lies below it; `rank` names the figure that ranks, `level` the map, empty for none."""

    area: Area
    name: str
    below: Sequence[Area]
    level: str
    rank: str
    rank_title: str
    banks: Sequence[Document] | None = None


def scenes(documents: Mapping[str, Document], scope: str, words: Words) -> Iterator[Scene]:
    """Yield the province with and without 宁波, each city and each county, as far as the scope reaches."""
    wall = documents["wall"]
    if scope == PROVINCE:
        for region, without, name in (
            ("province", False, "province"),
            ("province_excl_ningbo", True, "province_excl"),
        ):
            area = wall["regions"].get(region)
            if area:
                cities = [one for one in wall["cities"] if not (without and one["city_code"] == NINGBO)]
                banks = [one for one in wall["banks"] if not (without and one["is_ningbo"])]
                rank = "rank_excl_ningbo" if without else "rank"
                yield Scene(area, words.say(name), cities, "cities", rank, "rank_province", banks)
    for area in wall["cities"]:
        code = area["code"] or ""
        if code and scope in (PROVINCE, code[:4]):
            counties = [one for one in wall["counties"] if one["city_code"] == code]
            yield Scene(area, area["name"], counties, "counties", "rank", "rank_province")
    for area in wall["counties"]:
        code = area["code"] or ""
        if code and code.startswith(scope):
            towns = documents.get(f"county/{code}", {}).get("townships", [])
            yield Scene(area, area["name"], towns, "", "rank", "rank_county")
