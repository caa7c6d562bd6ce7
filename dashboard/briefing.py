"""What one printed page 通报 says: words and figures, taken from the wall's own documents.

Here: the contents of each page as text.  Not here: the documents (facts.py), which pages there are
(scenes.py), how figures are written (words.py), where they stand on paper (sheet.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from dashboard.board import Area
from dashboard.facts import Document
from dashboard.scenes import Scene, scenes
from dashboard.scope import PROVINCE
from dashboard.words import NONE, Words

_BANKS, _FAILED = 8, 5
_STEPS = ("targets", "visited", "effective", "declared", "recommended", "credited", "disbursed")
_SECTION = ("targets", "visited", "recommended", "credited", "disbursed")
_RENEWAL = ("due_30", "contacted_on_time", "uncontacted", "renewable", "renewed")


@dataclass(frozen=True)
class Tile:
    """One headline figure; `status` colours it, `note` stands small below."""

    title: str
    value: str
    status: str = ""
    note: str = ""


@dataclass(frozen=True)
class Table:
    """Rows of text under titles; the first `texts` columns are words, `statuses` colour the rows."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    statuses: Sequence[str] = ()
    note: str = ""
    texts: int = 1


@dataclass(frozen=True)
class Briefing:
    """One page. `bars` are title, figure, share of the step before, length from 0 to 1."""

    code: str
    name: str
    title: str
    about: str
    tiles: Sequence[Tile]
    funnel_title: str
    bars: Sequence[tuple[str, str, str, float]]
    sections: Table
    below: Table
    renewals: Table
    gate: str
    failed: Table
    legend: Sequence[tuple[str, str]]
    foot: Sequence[str]
    banks: Table | None = None
    level: str = ""
    shapes: Sequence[tuple[str, str, str]] = field(default_factory=tuple)
    """Code, colour and name of each area on the map; `level` says of which map, empty for none."""


def briefings(
    documents: Mapping[str, Document], scope: str, edition: str, words: Words
) -> Iterator[Briefing]:
    """Yield the pages a scope asks for: the province with and without 宁波, each city, each county."""
    for scene in scenes(documents, scope, words):
        yield _page(scene, documents["wall"], edition, words)


def _page(scene: Scene, wall: Document, edition: str, words: Words) -> Briefing:
    area, batch, quality = scene.area, wall["batch"], wall["quality"]
    top = scene.banks is not None
    rows = sorted(scene.below, key=lambda one: (one[scene.rank] or 1e9, -one["targets"]))
    return Briefing(
        code=area["code"] or f"{PROVINCE}0000",
        name=scene.name,
        title=f"{scene.name} · {words.say('briefing')}",
        about=_about(batch, wall["plan"], words),
        tiles=_tiles(scene, wall, words),
        funnel_title=words.say("funnel"),
        bars=_funnel(area, words),
        sections=_sections(area, words),
        below=_below(scene, rows, wall["board"], words),
        renewals=_renewals(area["renewals"], words),
        gate=f"{words.say('gate')}: {words.say(quality['verdict'])} "
        f"({words.count(quality['expectations'])} {words.say('expectations')})",
        failed=_failed(quality["failed"], words),
        legend=_legend(wall["board"], words),
        foot=_foot(batch, edition, wall["board"], words),
        banks=_banks(scene.banks or [], words) if top else None,
        level=scene.level,
        shapes=[(one["code"], one["status"], one["name"]) for one in rows if one["code"]],
    )


def _about(batch: Document, plan: Document, words: Words) -> str:
    say = words.say
    return (
        f"{say('batch')} {batch['batch_id']} · {say('version')} {batch['version']} · "
        f"{say('as_of')} {batch['as_of']} · {say('facts_as_of')} {batch['facts_as_of']} · "
        f"{say('deadline')} {plan['ends_on']} ({plan['elapsed_days']}/{plan['planned_days']} {say('days')})"
    )


def _tiles(scene: Scene, wall: Document, words: Words) -> list[Tile]:
    area, expected = scene.area, wall["plan"]["expected"]
    coverage = _part(area["visited"], area["targets"])
    attained = coverage / expected if expected and coverage is not None else None
    renewals = area["renewals"] or {}

    def tile(name: str, value: str, status: str = "", note: str = "") -> Tile:
        return Tile(words.say(name), value, status, note)

    said = words.say(area["status"])
    figures = [
        tile("targets", words.count(area["targets"])),
        tile("visited", words.count(area["visited"])),
        tile("coverage", words.share(coverage), area["status"], said),
        tile("plan", words.share(expected)),
        tile("attained", words.share(attained), area["status"], said),
        tile("week", words.points(_gained(area))),
        *([_standing_tile(area, wall, words)] if area["code"] else []),
        tile("excluded", words.count(area["excluded"])),
    ]
    counted = ("recommended", "credited", "overdue", "unresolved")
    counts = {name: tile(name, words.count(area[name])) for name in counted}
    return [
        *figures,
        counts["recommended"],
        counts["credited"],
        tile("credit_amount", words.money(area["credit_amount"])),
        tile("loan_amount", words.money(area["loan_amount"])),
        counts["overdue"],
        counts["unresolved"],
        tile("uncontacted", words.count(renewals.get("uncontacted"))),
    ]


def _standing_tile(area: Area, wall: Document, words: Words) -> Tile:
    """Return the place's rank in the province; below it the one without 宁波, where there is another."""
    without = area["rank_excl_ningbo"]
    note = f"{words.say('excl')} {without}" if without and wall["regions"].get("province_excl_ningbo") else ""
    return Tile(words.say("rank_province"), _standing(area, "rank", wall["board"], words), "", note)


def _standing(area: Area, rank: str, board: Document, words: Words) -> str:
    """Return a rank with the places moved within a week; few targets are not ranked."""
    now, before = area[rank], area[f"{rank}_week_ago"]
    if not now:
        few = area["code"] and area["targets"] < board["min_ranked_targets"]
        return words.say("small") if few else NONE
    if not before or before == now:
        return str(now)
    return f"{now} ▲{before - now}" if before > now else f"{now} ▼{now - before}"


def _below(scene: Scene, rows: Sequence[Area], board: Document, words: Words) -> Table:
    counted = ("targets", "visited", "recommended", "credited", "overdue", "unresolved")
    due = any(one["renewals"] for one in rows)
    titles = [
        "area",
        scene.rank_title,
        "status",
        "coverage",
        "week",
        *counted,
        *(["uncontacted"] if due else []),
    ]

    def cells(one: Area) -> list[str]:
        return [
            words.say("pool") if one["code"] is None else one["name"],
            _standing(one, scene.rank, board, words),
            words.say(one["status"]),
            words.share(_part(one["visited"], one["targets"])),
            words.points(_gained(one)),
            *(words.count(one[name]) for name in counted),
            *([words.count((one["renewals"] or {}).get("uncontacted"))] if due else []),
        ]

    return Table(
        words.say("ranking"),
        [words.say(title) for title in titles],
        [cells(one) for one in rows],
        [one["status"] for one in rows],
    )


def _funnel(area: Area, words: Words) -> list[tuple[str, str, str, float]]:
    most = max([1, *(area[name] for name in _STEPS)])
    shares = ["", *(words.share(_part(area[b], area[a])) for a, b in pairwise(_STEPS))]
    return [
        (words.say(name), words.count(area[name]), share, area[name] / most)
        for name, share in zip(_STEPS, shares, strict=True)
    ]


def _sections(area: Area, words: Words) -> Table:
    found = [area["foreign_trade"] or {}, area["sci_tech"] or {}]
    rows = [[words.say(name), *(words.count(one.get(name)) for one in found)] for name in _SECTION]
    covered = [_part(one.get("visited", 0), one.get("targets", 0)) for one in found]
    rows.insert(2, [words.say("coverage"), *(words.share(one) for one in covered)])
    rows.append([words.say("loan_amount"), *(words.money(one.get("loan_amount")) for one in found)])
    rows.append([words.say("insured_usd"), words.count(found[0].get("insured_usd")), NONE])
    return Table(words.say("sections"), [words.say(n) for n in ("item", "foreign_trade", "sci_tech")], rows)


def _renewals(found: Document | None, words: Words) -> Table:
    if not found:
        return Table(words.say("renewals"), [], [], note=words.say("nothing"))
    rows = [[words.say(name), words.count(found[name])] for name in _RENEWAL]
    rows.append([words.say("renew_rate"), words.share(found["renew_rate"])])
    rows.append([words.say("renewal_balance"), words.money(found["renewal_balance"])])
    return Table(words.say("renewals"), [], rows)


def _failed(found: Sequence[Document], words: Words) -> Table:
    titles = [words.say(name) for name in ("suite", "expectation", "column", "rows")]
    rows = [
        [one["suite"], one["expectation"], one["column_name"] or NONE, words.count(one["unexpected_count"])]
        for one in found[:_FAILED]
    ]
    more = words.say("failed_shown").format(_FAILED, len(found)) if len(found) > _FAILED else ""
    return Table(words.say("quality"), titles, rows, note=more, texts=3)


def _banks(found: Sequence[Document], words: Words) -> Table:
    titles = [words.say(name) for name in ("bank", "overdue", "pushed", "due", "on_time_rate")]
    rows = [
        [
            (one["bank_name"] or NONE) + (words.say("ningbo_mark") if one["is_ningbo"] else ""),
            *(words.count(one[name]) for name in ("overdue", "pushed", "due")),
            words.share(one["on_time_rate"]),
        ]
        for one in found[:_BANKS]
    ]
    note = words.say("banks_shown").format(_BANKS, len(found)) if len(found) > _BANKS else ""
    return Table(words.say("banks"), titles, rows, note=note if rows else words.say("nothing"))


def _legend(board: Document, words: Words) -> list[tuple[str, str]]:
    red, yellow = words.share(board["red_below"]), words.share(board["yellow_below"])
    limits = {"green": f"≥ {yellow}", "yellow": f"{red} – {yellow}", "red": f"< {red}"}
    of_plan = words.say("rule_of")
    return [*((name, f"{words.say(name)} {text} {of_plan}") for name, text in limits.items()),
            ("none", words.say("none"))]  # fmt: skip


def _foot(batch: Document, edition: str, board: Document, words: Words) -> list[str]:
    say = words.say
    return [
        f"{say('ranked_from')}{words.count(board['min_ranked_targets'])} · {say('week_rule')}",
        f"{say('origin')} {say('foot')}",
        f"{say('batch')} {batch['batch_id']} · {say('version')} {batch['version']} · {say('run')} "
        f"{batch['run_id']} · {say('edition')} {edition}",
    ]


def _gained(area: Mapping[str, Any]) -> float | None:
    return _part(area["visited"] - area["visited_week_ago"], area["targets"])


def _part(some: float, whole: float) -> float | None:
    return some / whole if whole else None
