"""Killed at any moment and resumed, a run gives what it would have given; the published file is never half.

One run of two cities is killed again and again, each time further on, then resumed to its end and
compared with a run that nobody disturbed. The moments are drawn by a seeded generator over the whole
duration of the undisturbed run, in processor time, so that a busy machine does not move them.
"""

import json
import random
import subprocess
import time
from datetime import datetime
from pathlib import Path

import pytest

from bench.faults.attempts import Attempt, FileCall, Moment
from bench.faults.compare import batches, contents, curated
from flows.batches import read_pointers
from flows.home import Home
from flows.known_bytes import hash_file
from warehouse.publish import published_file

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kill")]
BEFORE, DAY = "2025-02-28", "2025-03-31"
KILLS, SEED = 7, 20250331
SWAPPED = FileCall("after", "*/.next.duckdb")
NAMED: list[tuple[str | None, FileCall]] = [
    (None, FileCall("before", "*/staged/registry/.file=*")),  # quarantined rows named, staged ones not
    ("shared", FileCall("before", "*/steps/city-3308.tmp")),  # curated files written, manifest not
    ("ready", FileCall("before", "*.duckdb.building")),  # candidate written, not named
    ("", SWAPPED),  # warehouse swapped, pointers not
]
"""Moments that chance may miss: the step after which they come, and the last file operation of the run."""


def arguments(inbox: Path, home: Path, day: str = DAY) -> list[str]:
    return ["run", "--inbox", str(inbox), "--home", str(home), "--as-of", day, "--resume"]


@pytest.fixture(scope="module")
def homes(prefect_server: str, one_city: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two homes alike, with an earlier batch of few files, so that the later one has some to stage."""
    folder = tmp_path_factory.mktemp("faults")
    first = folder / "undisturbed"
    attempt = Attempt.forked(arguments(one_city, first, BEFORE), folder / "before.log")
    assert attempt.wait() == 0, attempt.log.read_text(encoding="utf-8")
    # The published file is a hard link to its version; shutil.copytree would make two files of it.
    subprocess.run(["cp", "-a", first, folder / "killed"], check=True)
    return first, folder / "killed"


def test_killed_again_and_again_it_ends_like_an_undisturbed_run(
    homes: tuple[Path, Path], two_cities: Path, tmp_path: Path, quiet_environment: dict[str, str]
) -> None:
    undisturbed, home = homes
    reference = Attempt.forked(arguments(two_cities, undisturbed), tmp_path / "reference.log")
    timeline = reference.timeline()
    assert reference.wait() == 0, reference.log.read_text(encoding="utf-8")
    untouched = hash_file(published_file(home))

    kill_while_its_server_starts(arguments(two_cities, home), home, tmp_path, quiet_environment)
    for number, (_, what) in enumerate(plan(timeline)):
        log = tmp_path / f"{number}.log"
        if isinstance(what, Moment):
            attempt = Attempt.forked(arguments(two_cities, home), log)
            assert attempt.kill_at(what), f"ended before {what}\n{log.read_text(encoding='utf-8')}"
        else:
            attempt = Attempt.forked(arguments(two_cities, home), log, what)
            assert attempt.wait() == -9, f"{what} did not come\n{log.read_text(encoding='utf-8')}"
        if what != SWAPPED:
            assert hash_file(published_file(home)) == untouched
        assert batches(published_file(home)) == [BEFORE, DAY][: 2 if what == SWAPPED else 1]

    last = Attempt.real(arguments(two_cities, home), tmp_path / "last.log", quiet_environment)
    assert last.wait() == 0, last.log.read_text(encoding="utf-8")
    assert curated(home) == curated(undisturbed)
    assert contents(published_file(home)) == contents(published_file(undisturbed))
    # The two homes published at different times; what counts is that the kills did not move the time.
    assert published_at(home) == recorded_at(home)


def plan(timeline: list[tuple[str | None, float]]) -> list[tuple[float, Moment | FileCall]]:
    """Return random moments over the whole run and the named ones among them, in the order of the run.

    A moment keeps off the end of its step, so that it comes although the machine is faster this time.
    """
    draw, end = random.Random(SEED), timeline[-1][1]
    found: list[tuple[float, Moment | FileCall]] = []
    for number in range(KILLS):
        at = end * (number + draw.random()) / KILLS
        step, start = [mark for mark in timeline if mark[1] <= at][-1]
        found.append((at, Moment(step, 0.8 * (at - start))))
    times = dict(timeline)
    # A named moment stands before the random ones of its step: these may finish what it has to interrupt.
    return sorted([*found, *((times[step], call) for step, call in NAMED)], key=lambda one: one[0])


def kill_while_its_server_starts(
    command: list[str], home: Path, folder: Path, environment: dict[str, str]
) -> None:
    """Kill the installed command and its server while the server sets up its database."""
    attempt = Attempt.real(command, folder / "server.log", environment)
    deadline = time.monotonic() + 60
    while not list((home / ".prefect").glob("*.db")):
        assert time.monotonic() < deadline, attempt.log.read_text(encoding="utf-8")
        time.sleep(0.01)
    time.sleep(random.Random(SEED).uniform(0, 1))
    attempt.kill()


def published_at(home: Path) -> datetime:
    return read_pointers(Home(home))[-1].record.published_at


def recorded_at(home: Path) -> datetime:
    manifests = list(home.glob("runs/20250331-*/steps/ready.json"))
    text = json.loads(manifests[0].read_text(encoding="utf-8"))["figures"]["published_at"]
    return datetime.fromisoformat(text)
