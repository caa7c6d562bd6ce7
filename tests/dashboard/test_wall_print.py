"""The wall on paper: figures, dates and colours of pages read back are those of SQL over the same file."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from print_case import Page
from pypdfium2 import raw

from dashboard.editions import Edition
from dashboard.paper import MISSING, glyphs
from dashboard.words import page_texts
from reference.divisions import DIVISIONS_FILE
from warehouse.publish import published_file
from warehouse.read import opened

PAINT = {"red": (217, 83, 79), "yellow": (242, 194, 48), "green": (63, 157, 99)}
SAID = {"red": "红", "yellow": "黄", "green": "绿"}
FIGURES = """
WITH week AS (
    SELECT {code}, count(DISTINCT subject_key) AS fresh FROM fact_visit
    WHERE is_on_list AND visited_on > DATE '2025-05-23' GROUP BY ALL
),
book AS (
    SELECT {code}, count(*) FILTER (WHERE contacted_on IS NULL AND matures_on <= DATE '2025-06-29') AS silent
    FROM fact_renewal GROUP BY ALL
)
SELECT {code} AS code, {name} AS name, targets, visited, recommended, credited, overdue,
    targets - {placed} AS unresolved, coalesce(fresh, 0) AS fresh, silent,
    CASE WHEN visited / targets < 0.8 * 60 / 90 THEN 'red'
         WHEN visited / targets < 0.95 * 60 / 90 THEN 'yellow' ELSE 'green' END AS colour,
    CASE WHEN targets >= 200
         THEN rank() OVER (PARTITION BY targets >= 200, {within} ORDER BY visited / targets DESC) END AS rank
FROM {mart} LEFT JOIN week USING ({code}) LEFT JOIN book USING ({code})
WHERE {code} IS NOT NULL
"""
LEVELS = {
    "city": ("city_code", "city_name", "placed_targets", "1"),
    "county": ("county_code", "county_name", "placed_targets", "1"),
    "township": ("township_code", "township_name", "community_targets", "county_code"),
}


def asked(home: Path, level: str) -> Iterator[dict[str, Any]]:
    code, name, placed, within = LEVELS[level]
    mart = f"mart_progress_{level}"
    with opened(published_file(home)) as con:
        result = con.execute(FIGURES.format(code=code, name=name, placed=placed, within=within, mart=mart))
        columns = [column[0] for column in result.description or ()]
        yield from (dict(zip(columns, row, strict=True)) for row in result.fetchall())


def row_of(area: dict[str, Any]) -> str:
    """The line of the table below, as SQL has its figures."""
    counted = ("targets", "visited", "recommended", "credited", "overdue", "unresolved")
    cells = [
        area["name"],
        str(area["rank"] or "基数小"),
        SAID[area["colour"]],
        f"{area['visited'] / area['targets']:.1%}",
        f"+{100 * area['fresh'] / area['targets']:.1f}",
    ]
    return " ".join([*cells, *(f"{area[name]:,}" for name in counted)])


def test_one_page_of_a4_for_each_place(printed: dict[str, Page]) -> None:
    assert list(printed) == [
        "330000_浙江省", "330000_浙江省_不含宁波", "330100_杭州市", "330105_拱墅区", "330106_西湖区",
        "330108_滨江区", "330200_宁波市", "330203_海曙区",
    ]  # fmt: skip
    for page in printed.values():
        document = pypdfium2.PdfDocument(page.file)
        assert len(document) == 1
        assert document[0].get_size() == pytest.approx((595.28, 841.89), abs=0.1)
        assert page.file.stat().st_size < 200_000


@pytest.mark.parametrize("level", ["city", "county"])
def test_headlines_are_those_of_the_marts(home: Path, printed: dict[str, Page], level: str) -> None:
    for area in asked(home, level):
        page = printed[f"{area['code']}_{area['name']}"]
        coverage = area["visited"] / area["targets"]
        assert page.lines[0] == f"{area['name']} · 走访工作通报"
        assert page.after("走访目标户数") == f"{area['targets']:,}"
        assert page.after("走访户数") == f"{area['visited']:,}"
        assert page.after("走访覆盖率") == f"{coverage:.1%}"
        assert page.after("计划进度") == "66.7%"
        assert page.after("完成计划") == f"{coverage / (60 / 90):.1%}"
        assert page.after(page.after("完成计划")) == SAID[area["colour"]]
        assert page.after("较上周（百分点）") == f"+{100 * area['fresh'] / area['targets']:.1f}"
        assert page.after("全省排名") == str(area["rank"] or "基数小")
        assert page.after("推荐") == f"{area['recommended']:,}"
        assert page.after("银行超期未答复") == f"{area['overdue']:,}"
        assert page.after("待落图") == f"{area['unresolved']:,}"
        assert f"走访户数 {area['visited']:,} {coverage:.1%}" in page.lines


def test_every_row_below_is_what_the_marts_say(home: Path, printed: dict[str, Page]) -> None:
    above = {"city": "330000", "county": "{}00", "township": "{}"}
    seen = 0
    for level, pattern in above.items():
        below: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for area in asked(home, level):
            below[pattern.format(area["code"][: 4 if level == "county" else 6])].append(area)
        for code, areas in below.items():
            (page,) = [page for name, page in printed.items() if name.startswith(code) and "不含" not in name]
            due = any(area["silent"] is not None for area in areas)
            assert due == any(line.endswith("待落图 续贷未对接") for line in page.lines)
            # A township without a loan has none due, a county without one has no book.
            none = "0" if level == "township" else "—"
            for area in areas:
                cell = none if area["silent"] is None else str(area["silent"])
                assert (f"{row_of(area)} {cell}" if due else row_of(area)) in page.lines
                seen += 1
    assert seen == 2 + 4 + 5


def test_the_province_with_and_without_ningbo(home: Path, printed: dict[str, Page]) -> None:
    with opened(published_file(home)) as con:
        rows = con.execute(
            "SELECT region, targets, visited, excluded, recommended FROM mart_headlines"
        ).fetchall()
    for region, *figures in rows:
        page = printed["330000_浙江省" + ("_不含宁波" if region.endswith("ningbo") else "")]
        titles = ("走访目标户数", "走访户数", "剔除", "推荐")
        assert [page.after(title) for title in titles] == [f"{n:,}" for n in figures]
    with_ningbo, without = printed["330000_浙江省"].lines, printed["330000_浙江省_不含宁波"].lines
    assert [line for line in with_ningbo if line.startswith("宁波市")]
    assert not [line for line in without if "宁波市" in line or "（宁波）" in line]


def test_foreign_trade_and_technology(home: Path, printed: dict[str, Page]) -> None:
    figures = (
        "SELECT county_code, targets, visited, recommended FROM mart_{} WHERE level = 'county' ORDER BY 1"
    )
    with opened(published_file(home)) as con:
        found = [con.execute(figures.format(name)).fetchall() for name in ("foreign_trade", "sci_tech")]
    for (code, *foreign), (_, *tech) in zip(*found, strict=True):
        (page,) = [page for name, page in printed.items() if name.startswith(code)]
        for title, a, b in zip(("走访目标户数", "走访户数", "推荐"), foreign, tech, strict=True):
            assert f"{title} {a:,} {b:,}" in page.lines


def test_a_page_is_dated_and_says_where_it_comes_from(edition: Edition, printed: dict[str, Page]) -> None:
    for page in printed.values():
        about = page.lines[1].split(" · ")
        assert about[:3] == ["批次 ZJ-202503-31", "版本 1", "基准日 2025-03-31"]
        assert about[3:5] == ["数据截至 2025-05-30", "截止 2025-06-29 (60/90 天)"]
        assert about[5] == "质量门: 有警告 (2 项检查)"
        run = "批次 ZJ-202503-31 · 版本 1 · 运行 20250331-aaaaaaaaaaaa"
        assert page.lines[-1] == f"{run} · 数据指纹 {edition.id}"
        assert "staged.registry dates_in_order x 3" in page.lines
        told = pypdfium2.PdfDocument(page.file).get_metadata_dict()
        assert told["CreationDate"] == told["ModDate"] == "D:20250530000000Z"


def test_colours_are_those_of_the_marts(home: Path, printed: dict[str, Page]) -> None:
    page = printed["330100_杭州市"]
    document = pypdfium2.PdfDocument(page.file)[0]
    text = document.get_textpage()
    picture = document.render(scale=2).to_pil().convert("RGB")
    counties = [area for area in asked(home, "county") if area["code"].startswith("3301")]
    for area in counties:
        found = text.search(row_of(area)[:12]).get_next()
        left, bottom, _, top = text.get_charbox(found[0])
        # The mark of a row stands at its left, level with the name.
        at = (round(2 * (left - 4)), round(2 * (841.89 - (bottom + top) / 2)))
        assert picture.getpixel(at) == PAINT[area["colour"]], area["name"]
    shapes = picture.crop((60, 330, 590, 780)).getcolors(1 << 20)
    drawn = {colour for count, colour in shapes or () if count > 300}
    assert {PAINT[area["colour"]] for area in counties} <= drawn
    assert PAINT["red"] not in drawn


def test_every_font_is_embedded_and_no_glyph_is_wanting(printed: dict[str, Page]) -> None:
    for page in printed.values():
        document = pypdfium2.PdfDocument(page.file)
        texts = list(document[0].get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT]))
        fonts = [raw.FPDFTextObj_GetFont(text.raw) for text in texts]
        assert len(fonts) > 80
        assert all(raw.FPDFFont_GetIsEmbedded(font) for font in fonts)
        assert MISSING not in "".join(page.lines)


def test_the_font_has_every_character_of_every_place_and_of_both_languages() -> None:
    names = {row.split(",")[1] for row in DIVISIONS_FILE.read_text(encoding="utf-8").splitlines()[1:]}
    assert len(names) > 15_000
    known = glyphs()
    letters = set("".join(names)) | set("".join("".join(pair) for pair in page_texts().values()))
    assert [letter for letter in sorted(letters) if ord(letter) not in known] == []
    assert ord(MISSING) in known
