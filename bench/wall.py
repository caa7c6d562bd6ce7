"""How fast the wall is on a published file: `python -m bench.wall --home HOME`.

First paint and each drill-down in a headless Chromium, bytes on the wire, and twenty viewers while files are
published. Here: a server on a copy of the file, the measurements, pictures on request.
Not here: whether figures are right (tests/dashboard).
"""

import argparse
import gzip
import http.client
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from bench.browser import Browser, find_browser
from warehouse.publish import published_file

VIEWERS, PUBLISHED = 20, 3
PAINT = """(() => {
    const at = (kind, name) => performance.getEntriesByName(name, kind)[0].startTime;
    const sent = performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'));
    const bytes = sent.reduce((n, e) => n + e.transferSize, 0);
    return [at('paint', 'first-contentful-paint'), at('mark', 'drawn'), bytes];
})()"""
DRILL = """new Promise(done => {{
    const t = performance.now(); location.hash = 'at={0}';
    const end = () => done(performance.now() - t);
    const look = () => document.body.dataset.at === '{0}' ? requestAnimationFrame(end) : setTimeout(look, 1);
    look();
}})"""


def main() -> None:
    """Measure and print; status 1 where a limit of the wall is broken."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--pictures", type=Path, help="folder for a WebP of each level")
    given = parser.parse_args()
    program = find_browser()
    if program is None:
        raise SystemExit("no Chromium here: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder, _server(given.home, Path(folder) / "home") as address:
        print(f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
        with Browser(program, Path(folder) / "profile") as browser:
            broken = _page(browser, address)
            if given.pictures:
                _pictures(browser, address, given.pictures)
        broken |= _viewers(address, published_file(Path(folder) / "home"))
    raise SystemExit(broken)


@contextmanager
def _server(home: Path, copy: Path) -> Iterator[str]:
    """Serve a copy of the home's published file and give the address; tell how long the start took."""
    published_file(copy).parent.mkdir(parents=True)
    shutil.copyfile(published_file(home), published_file(copy))
    program = str(Path(sys.executable).with_name("zoufang"))
    command = [program, "dashboard", "--home", str(copy), "--port", "0"]
    started = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = server.stdout.readline().split()[0]
        print(f"start, the file read and every document made: {time.monotonic() - started:.1f} s")
        yield address
        server.terminate()


def _page(browser: Browser, address: str) -> bool:
    """Measure the first paint and drill-downs; true if a limit is broken."""
    paints, draws, sizes = [], [], []
    for _ in range(5):
        browser.send("Network.clearBrowserCache")
        browser.open(address)
        paint, drawn, size = browser.js(PAINT)
        paints.append(paint)
        draws.append(drawn)
        sizes.append(size)
    print(f"first paint {_said(paints)}, map and figures drawn {_said(draws)}, limit 1,500 ms")
    print(f"on the wire, page and province: {max(sizes):,.0f} bytes, limit 1,500,000")
    codes = browser.js("[...document.querySelectorAll('#drawing [data-code]')].map(e => e.dataset.code)")
    took: dict[str, list[float]] = {"city": [], "county": [], "township": []}
    for city in codes:
        took["city"].append(browser.js(DRILL.format(city)))
        for county in browser.js(
            "[...document.querySelectorAll('#drawing [data-code]')].map(e => e.dataset.code).slice(0, 4)"
        ):
            took["county"].append(browser.js(DRILL.format(county)))
            town = browser.js("document.querySelector('button.tile')?.dataset.code")
            if town:
                took["township"].append(browser.js(DRILL.format(town)))
    for level, times in took.items():
        print(f"drill-down to a {level}: {_said(times)} of {len(times)}, limit 200 ms")
    worst = max(_most(times) for times in took.values())
    return _most(draws) > 1500 or max(sizes) > 1_500_000 or worst > 200


def _pictures(browser: Browser, address: str, folder: Path) -> None:
    """Write what the window shows at each level."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, at in (("province", ""), ("city", "#at=330300"), ("county-en", "#at=330302&lang=en")):
        browser.open(address + at)
        browser.picture(folder / f"wall-{name}.webp")


def _viewers(address: str, file: Path) -> bool:
    """Let viewers read while files are published; true if a request failed."""
    times: list[float] = []
    failed: list[str] = []
    stop = threading.Event()
    threads = [threading.Thread(target=_viewer, args=(address, times, failed, stop)) for _ in range(VIEWERS)]
    for thread in threads:
        thread.start()
    for _ in range(PUBLISHED):
        following = file.with_name(".next.duckdb")
        shutil.copyfile(file, following)
        following.replace(file)
        time.sleep(6)
    stop.set()
    for thread in threads:
        thread.join()
    print(
        f"{VIEWERS} viewers, {PUBLISHED} files published meanwhile: {len(times):,} requests, "
        f"{_said(times)}, failed {len(failed)} {failed[:1] or ''}"
    )
    return bool(failed)


def _viewer(address: str, times: list[float], failed: list[str], stop: threading.Event) -> None:
    """Ask for the edition, the province and one county after another, half a second apart."""
    host = urlsplit(address).netloc
    paths = ["/facts/{}/wall.json", *(f"/facts/{{}}/county/3301{n:02}.json" for n in (2, 5, 6, 8, 9, 10))]
    connection = http.client.HTTPConnection(host, timeout=30)
    while not stop.is_set():
        for path in paths:
            try:
                connection.request("GET", "/now")
                edition = _edition(connection.getresponse())
                started = time.perf_counter()
                connection.request("GET", path.format(edition))
                answer = connection.getresponse()
                answer.read()
                times.append((time.perf_counter() - started) * 1000)
                if answer.status != 200:
                    failed.append(f"{path}: {answer.status}")
            except OSError as error:
                failed.append(str(error))
            if stop.wait(0.5):
                return


def _edition(answer: http.client.HTTPResponse) -> str:
    return str(json.loads(gzip.decompress(answer.read()))["edition"])


def _most(times: Sequence[float]) -> float:
    """Return the 95th percentile."""
    return sorted(times)[int(0.95 * (len(times) - 1))] if times else 0.0


def _said(times: Sequence[float]) -> str:
    return f"p50 {statistics.median(times):.0f} ms p95 {_most(times):.0f} ms" if times else "none"


if __name__ == "__main__":
    main()
