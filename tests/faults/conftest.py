"""What the tests of whole runs share: a small province, a Prefect server, homes with published batches."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from loops import JAN, TOLD, Loop
from planted import plant
from verbs import LISTED_ON, MONTHS, run, text_of, zoufang

from bench.faults.attempts import QUIET, Attempt, Moment

CITIES = ("3302", "3308", "3309", "3310")
"""What the number of files and of city steps costs, not the number of firms: four cities stand for eleven."""


@pytest.fixture(scope="session")
def province(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Extracts of the end of January from a synthetic province, some 1,300 subjects; not to be written to."""
    from simulator.simulate import simulate

    inbox = tmp_path_factory.mktemp("province")
    simulate(inbox, enterprises=5_000, households=250, seed=7, as_of=date(2025, 1, 31))
    shutil.rmtree(inbox / "truth")
    for path in inbox.glob("*/*"):
        if not path.name.startswith(CITIES):
            path.unlink()
    return inbox


@pytest.fixture(scope="session")
def one_city(province: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An inbox of one city's files, some 450 subjects; not to be written to."""
    return _files_of(province, ("3310",), tmp_path_factory.mktemp("one_city"))


@pytest.fixture(scope="session")
def two_cities(province: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An inbox of the one city's files and another's, some 600 subjects; not to be written to.

    For those who run it again and again: what the number of files costs, each pays anew.
    """
    return _files_of(province, ("3308", "3310"), tmp_path_factory.mktemp("two_cities"))


def _files_of(province: Path, cities: tuple[str, ...], inbox: Path) -> Path:
    for path in province.glob("*/*"):
        if path.name.startswith(cities):
            copy = inbox / path.relative_to(province)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    return inbox


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Prefect server that runs as long as the tests do; this process uses it."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in QUIET.items():
            patch.setenv(name, value)
        patch.setenv("PREFECT_HOME", str(tmp_path_factory.mktemp("prefect")))
        from prefect.settings import PREFECT_API_URL
        from prefect.testing.utilities import prefect_test_harness

        with prefect_test_harness(server_startup_timeout=120):
            url = str(PREFECT_API_URL.value())
            patch.setenv("PREFECT_API_URL", url)
            yield url


@pytest.fixture
def quiet_environment() -> dict[str, str]:
    """An environment for commands that start a Prefect server of their own."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
    return own | QUIET


@pytest.fixture(scope="session")
def extracts(one_city: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The one city's inbox with a later extract: firms listed as dishonest in mid-February."""
    inbox = tmp_path_factory.mktemp("extracts")
    shutil.copytree(one_city, inbox, dirs_exist_ok=True)
    register = text_of(next((inbox / "registry").glob("*.csv")))
    firms = [line.split(",")[1] for line in register.splitlines()[1:] if ",在业," in line][:20]
    rows = [f"{code},虚假宣传情节严重,{LISTED_ON},,某市场监督管理局" for code in firms]
    table = "\n".join(["统一社会信用代码,列入原因,列入日期,移出日期,列入机关", *rows]) + "\n"
    (inbox / "serious_violations" / "3310_台州市_02_20250228.csv").write_text(table)
    return inbox


@pytest.fixture(scope="session")
def months(prefect_server: str, extracts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home backfilled over three months by a process killed in the second, then by another."""
    home = tmp_path_factory.mktemp("months") / "home"
    arguments = ["backfill", "--inbox", str(extracts), "--home", str(home)]
    arguments += ["--from", "2025-01-01", "--to", "2025-03-31"]
    attempt = Attempt.forked(arguments, home.with_name("killed.log"))
    assert attempt.kill_at(Moment("published batch ZJ-202501-31", 2.0))
    ended = zoufang(*arguments)
    assert ended.status == 0, ended.err
    assert "this run is published already" in ended.err
    return home


@pytest.fixture(scope="session")
def single_runs(prefect_server: str, extracts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the same three months, each published by a run of its own."""
    home = tmp_path_factory.mktemp("single") / "home"
    for day in MONTHS:
        ended = run(extracts, home, day)
        assert ended.status == 0, ended.err
    return home


@pytest.fixture(scope="session")
def loop(prefect_server: str, one_city: Path, tmp_path_factory: pytest.TempPathFactory) -> Loop:
    """A published list of an inbox with planted persons, and what came back for it. xdist_group("feedback").

    Copied before it is changed.
    """
    from simulator.events import load_shares, play, read_list

    folder = tmp_path_factory.mktemp("loop")
    shutil.copytree(one_city, folder / "inbox")
    plant(folder / "inbox")
    ended = run(folder / "inbox", folder / "home", str(JAN))
    assert ended.status == 0, ended.err
    firms = read_list(folder / "home", JAN)
    truth = play(firms, folder / "back", shares=load_shares(JAN), seed=5, until=TOLD)
    return Loop(folder / "home", folder / "back", truth, firms)


@pytest.fixture
def copied(months: Path, tmp_path: Path) -> Path:
    """A copy of the home with three months, to change."""
    subprocess.run(["cp", "-a", months, tmp_path / "home"], check=True)
    return tmp_path / "home"
