"""The page in a headless Chromium: drawn, coloured, opened level by level, in both languages, by keyboard.

Skipped where no Chromium is installed. Accessibility is checked where WALL_AXE names an axe.min.js.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from wall_case import HOSTILE, publish_case

from bench.browser import Browser, find_browser
from cli.dashboard import KEY_VARIABLE
from dashboard.editions import read_edition
from dashboard.export import export
from dashboard.facts import Document
from dashboard.scope import sign
from dashboard.words import Words
from warehouse.publish import published_file
from warehouse.read import opened

PROGRAM = find_browser()
AXE = os.environ.get("WALL_AXE")
pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="no Chromium here: apt-get install chromium"),
    pytest.mark.xdist_group("wall"),
]
SHOWN = (
    "Object.fromEntries([...document.querySelectorAll('#drawing [data-code]')]"
    ".map(e => [e.dataset.code, {}]))"
)
AREAS = SHOWN.format("[...e.classList].find(c => c.startsWith('fill-'))")
TILES = SHOWN.format("[...e.classList].find(c => c !== 'tile')")
FIGURE = "document.querySelector('[data-figure={}]').textContent"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    assert PROGRAM is not None
    with Browser(PROGRAM, tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(scope="module")
def live_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of its own: one test publishes again."""
    return publish_case(tmp_path_factory.mktemp("live"))


@contextmanager
def serving(home: Path, key: str | None = None) -> Iterator[str]:
    """Start `zoufang dashboard` on a free port and give the address it listens at."""
    command = [sys.executable, "-c", "from cli.app import main; main()", "dashboard",
               "--home", str(home), "--port", "0"]  # fmt: skip
    own = {name: value for name, value in os.environ.items() if name != KEY_VARIABLE}
    own |= {KEY_VARIABLE: key} if key else {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=own) as server:
        assert server.stdout is not None
        yield server.stdout.readline().split()[0]
        server.terminate()


@pytest.fixture(scope="module")
def address(live_home: Path) -> Iterator[str]:
    """Where the wall of that home is shown to anybody on this machine."""
    with serving(live_home) as found:
        yield found


def colours(home: Path, level: str, where: str = "true") -> dict[str, str]:
    """Return the colour of each area as SQL has it, by code."""
    query = f"""SELECT {level}_code, CASE WHEN targets = 0 THEN 'none'
        WHEN visited / targets < 0.8 * 60 / 90 THEN 'red'
        WHEN visited / targets < 0.95 * 60 / 90 THEN 'yellow' ELSE 'green' END
        FROM mart_progress_{level} WHERE {level}_code IS NOT NULL AND {where}"""
    with opened(published_file(home)) as con:
        return dict(con.execute(query).fetchall())


def test_the_map_is_drawn_in_the_colours_of_the_marts(
    browser: Browser, address: str, live_home: Path
) -> None:
    browser.open(address)
    drawn = browser.js(AREAS)
    assert drawn == {code: f"fill-{colour}" for code, colour in colours(live_home, "city").items()}
    assert browser.js("document.querySelector('path[data-code=\"330200\"]').getBBox().width") > 50
    assert browser.js("getComputedStyle(document.querySelector('path.fill-red')).fill") == "rgb(217, 83, 79)"
    assert browser.js(FIGURE.format("targets")) == "1,401"
    assert "ZJ-202503-31" in browser.js("document.getElementById('batch').textContent")
    assert browser.complaints == []
    assert [url for url in browser.asked if not url.startswith((address, "about:", "data:"))] == []


def test_drill_down_by_keyboard_to_the_community(browser: Browser, address: str, live_home: Path) -> None:
    browser.open(address)
    for code in ("330100", "330106", "330106001"):
        browser.js(f"document.querySelector('#drawing [data-code=\"{code}\"]').focus()")
        browser.press("Enter")
        browser.wait(f"document.body.dataset.at === '{code}'")
        if code == "330100":
            expected = colours(live_home, "county", "city_code = '330100'")
            assert browser.js(AREAS) == {county: f"fill-{colour}" for county, colour in expected.items()}
        if code == "330106":
            assert browser.js(TILES) == colours(live_home, "township", "county_code = '330106'")
    assert browser.js("document.querySelector('#ranking tbody tr').textContent").startswith("友谊社区")
    browser.js("history.back()")
    browser.wait("document.body.dataset.at === '330106'")
    assert browser.complaints == []


def test_tab_reaches_areas_and_shows_where_it_is(browser: Browser, address: str) -> None:
    browser.open(address)
    seen = set()
    for _ in range(14):
        browser.press("Tab")
        seen.add(browser.js("document.activeElement.dataset.code || document.activeElement.id"))
    assert {"skip", "ningbo", "language", "330100", "330200"} <= seen


def test_targets_without_a_township_are_shown_and_cannot_be_opened(browser: Browser, address: str) -> None:
    browser.open(f"{address}#at=330106&lang=en")
    pool = "[...document.querySelectorAll('#ranking tbody tr')].find(e => e.dataset.code === undefined)"
    assert browser.js(f"{pool}.textContent").startswith("Awaiting a place")
    assert browser.js(f"{pool}.querySelectorAll('button').length") == 0


def test_the_last_of_quick_steps_is_the_one_shown(browser: Browser, address: str) -> None:
    browser.open(address)
    browser.js("location.hash = 'at=330106'; location.hash = 'at=330203'; location.hash = 'at=330100'; 0")
    browser.wait("document.body.dataset.at === '330100'")
    browser.js("new Promise(done => setTimeout(done, 500))")
    assert browser.js("document.body.dataset.at") == "330100"
    assert browser.js("document.querySelectorAll('#drawing path').length") == 3


def test_languages(browser: Browser, address: str) -> None:
    browser.open(address)
    assert browser.js("document.getElementById('title').textContent") == "走访挂图作战"
    browser.js("document.getElementById('language').click()")
    browser.wait("document.documentElement.lang === 'en'")
    assert browser.js("document.getElementById('title').textContent") == "Visit campaign wall"
    words = browser.js("[...document.querySelectorAll('h2, thead th, dt')].map(e => e.textContent).join('')")
    assert not [letter for letter in words if "一" <= letter <= "鿿"]


def test_paper_writes_figures_as_the_page_does(browser: Browser, address: str) -> None:
    small = [0, 0.0005, 0.00049999, 0.1225, 0.12345, 0.6665, 0.99949, 1, 1.005, 2.675]
    values = [*small, 999, 1234.5, 1234567, 49999.5, 99999999.99, 1.005e8, 26495000.125, 123456789012.345]
    for lang in ("zh", "en"):
        browser.open(f"{address}#lang={lang}")
        words = Words(lang)
        for write in ("count", "share", "money"):
            shown = browser.js(f"{json.dumps(values)}.map(value => Wall.{write}(value))")
            assert shown == [getattr(words, write)(value) for value in values]
        gains = browser.js(f"{json.dumps(values)}.map(value => `+${{(100 * value).toFixed(1)}}`)")
        assert gains == [words.points(value) for value in values]


def test_renewals_reach_the_township(browser: Browser, address: str) -> None:
    browser.open(f"{address}#at=330106001")
    assert browser.js(FIGURE.format("uncontacted")) == "2"
    rows = "[...document.querySelectorAll('#renewals tr')].map(e => e.textContent)"
    assert browser.js(rows) == ["30日内到期（笔）4", "提前一月对接1", "续贷未对接2"]


def test_without_ningbo(browser: Browser, address: str, documents: dict[str, Document]) -> None:
    browser.open(address)
    browser.js("document.getElementById('ningbo').click()")
    browser.wait("!document.querySelector('path[data-code=\"330200\"]')")
    without = documents["wall"]["regions"]["province_excl_ningbo"]
    assert browser.js(FIGURE.format("targets")) == f"{without['targets']:,}" == "1,001"


def test_a_hostile_name_is_text(browser: Browser, address: str) -> None:
    browser.open(address)
    assert browser.js("document.querySelector('#banks tbody td').textContent") == HOSTILE
    assert browser.js("document.querySelectorAll('main script, main img').length") == 0


def test_a_drill_down_answers_within_a_fifth_of_a_second(browser: Browser, address: str) -> None:
    browser.open(f"{address}#at=330100")
    took = browser.js(
        "new Promise(done => { const t = performance.now(); location.hash = 'at=330106';"
        "const look = () => document.body.dataset.at === '330106' ? done(performance.now() - t)"
        " : setTimeout(look, 1); look(); })"
    )
    assert took < 200 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def test_a_new_batch_appears_by_itself(
    browser: Browser, address: str, live_home: Path, tmp_path: Path
) -> None:
    browser.open(address)
    before = browser.js("document.body.dataset.edition")
    publish_case(tmp_path, live_home, run="cccccccccccc")
    browser.wait(f"document.body.dataset.edition !== '{before}'")
    assert "新批次" in browser.wait("document.getElementById('news').textContent")


def test_the_folder_opens_from_disk_without_a_network(browser: Browser, home: Path, tmp_path: Path) -> None:
    page = export(read_edition(home), tmp_path / "out", "33")
    browser.open(page.as_uri())
    assert browser.js(AREAS) == {code: f"fill-{colour}" for code, colour in colours(home, "city").items()}
    browser.js("location.hash = 'at=330106'")
    browser.wait("document.body.dataset.at === '330106'")
    assert browser.js(TILES) == colours(home, "township", "county_code = '330106'")
    assert browser.complaints == []
    assert [url for url in browser.asked if not url.startswith(("file:", "about:", "data:"))] == []


def test_a_folder_of_a_county_opens_at_the_county(browser: Browser, home: Path, tmp_path: Path) -> None:
    page = export(read_edition(home), tmp_path / "out", "330106")
    browser.open(page.as_uri())
    assert browser.js("document.body.dataset.at") == "330106"
    assert browser.js("document.getElementById('path').textContent") == "西湖区"
    assert browser.complaints == []


def test_a_link_opens_its_county_and_says_when_it_is_over(browser: Browser, home: Path) -> None:
    key = "k" * 32
    with serving(home, key) as address:
        browser.open(f"{address}?token={sign('330106', int(time.time()) + 3600, key.encode())}")
        assert browser.js("[location.search, document.cookie]") == ["", ""]
        assert browser.js("document.body.dataset.at") == "330106"
        assert browser.js(TILES) == colours(home, "township", "county_code = '330106'")
        browser.js("location.hash = 'at=330203'")
        browser.wait("new URLSearchParams(location.hash.slice(1)).get('at') !== '330203'")
        assert browser.js("document.body.dataset.at") == "330106"
        # A browser drops the cookie when the link is over.
        browser.send("Network.clearBrowserCookies")
        assert "链接已过期" in browser.wait("document.getElementById('news').textContent")


@pytest.mark.skipif(AXE is None, reason="WALL_AXE names no axe.min.js (npm pack axe-core)")
@pytest.mark.parametrize("at", ["", "#at=330106", "#at=330106001&lang=en"])
def test_axe_finds_nothing(browser: Browser, address: str, at: str) -> None:
    browser.open(address + at)
    browser.js(Path(str(AXE)).read_text(encoding="utf-8") + ";0")
    found = browser.js(
        "axe.run().then(r => r.violations.map("
        "v => v.id + ': ' + v.nodes.map(n => n.html.slice(0, 90)).join(' | ')))"
    )
    assert found == []
