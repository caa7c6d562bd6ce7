"""A real server and a worker on loopback run what prefect.yaml declares: late, killed, refused, failing."""

import json
import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from services import BIN, PROJECT, Server, postgres, prefect, until

from bench.faults.attempts import QUIET
from flows.home import Home
from flows.journal import read_journal
from simulator.events import load_shares, play, read_list
from warehouse.publish import published_file
from warehouse.read import read_batches, read_headlines

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.xdist_group("server")]
DUE, SUNDAY = "2025-03-03T03:00:00+08:00", date(2025, 3, 2)
"""A Monday the schedule of the weekly list hits, and the batch date it means."""
LATER = "2025-03-17T03:00:00+08:00"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Iterator[Server]:
    """A server over SQLite, without a worker yet."""
    with prefect(tmp_path_factory.mktemp("server"), environment) as started:
        yield started


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")} | QUIET


@pytest.fixture(scope="module")
def folders(one_city: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An inbox to add to, and the home of the tests of this file, in their order."""
    folder = tmp_path_factory.mktemp("scheduled")
    shutil.copytree(one_city, folder / "inbox")
    return {"inbox": str(folder / "inbox"), "home": str(folder / "home")}


@pytest.fixture(scope="module")
def caught_up(server: Server, folders: dict[str, str]) -> Iterator[list[str]]:
    """Two runs of the same Monday that nobody was there to run, and a worker that comes at last."""
    late = [
        server.schedule("zoufang-run/weekly", DUE, **folders).raise_for_status().json()["id"] for _ in "12"
    ]
    with server.worker():
        yield late


def test_a_missed_schedule_catches_up_without_doubling(
    server: Server, folders: dict[str, str], caught_up: list[str]
) -> None:
    ended = [server.ended(flow_run_id) for flow_run_id in caught_up]
    assert [row["state"]["type"] for row in ended] == ["COMPLETED"] * 2, [row["state"] for row in ended]
    home = Path(folders["home"])
    assert [row["as_of"] for row in read_batches(published_file(home))] == [SUNDAY]
    assert [line.state for line in read_journal(Home(home))] == ["draft", "gated", "published"]


def test_the_page_of_a_run_shows_progress_counts_and_gate(
    server: Server, folders: dict[str, str], caught_up: list[str]
) -> None:
    shown = {flow_run_id: server.artifacts(flow_run_id) for flow_run_id in caught_up}
    (page,) = [found for found in shown.values() if "zoufang-progress" in found]
    assert page["zoufang-progress"]["data"] == 100
    account = json.loads(page["zoufang-row-account"]["data"])
    columns = ("used", "superseded", "out_of_scope", "excluded", "quarantined")
    assert {"registry", "census"} <= {row["source"] for row in account}
    assert all(row["rows_in"] == sum(row[column] for column in columns) for row in account)
    suites = json.loads(page["zoufang-gate"]["data"])
    assert sum(row["passed"] for row in suites) > 100
    assert [row["blocked"] + row["errored"] for row in suites] == [0] * len(suites)
    report = next(Path(folders["home"]).glob("runs/*/report.html"))
    assert report.as_uri() in page["zoufang-report"]["data"]
    docs = next(Path(folders["home"]).glob("runs/*/data_docs/index.html"))
    assert docs.as_uri() in page["zoufang-gate"]["description"]
    assert docs.as_uri() in page["zoufang-data-docs"]["data"]


def test_feedback_by_day_and_headlines_by_month(
    server: Server, folders: dict[str, str], caught_up: list[str]
) -> None:
    home, day = Path(folders["home"]), date(2025, 4, 15)
    firms = read_list(home, SUNDAY)
    truth = play(firms, Path(folders["inbox"]), shares=load_shares(SUNDAY), seed=5, until=day)
    told = server.run("zoufang-feedback/daily", "2025-04-16T05:00:00+08:00", **folders)
    assert told["state"]["type"] == "COMPLETED", told["state"]
    assert read_headlines(published_file(home))[0]["visited"] > 0.9 * truth["visited"] > 0
    counted = server.run("zoufang-reconcile/monthly", home=folders["home"])
    assert counted["state"]["type"] == "COMPLETED", counted["state"]
    rows = json.loads(server.artifacts(counted["id"])["zoufang-reconcile"]["data"])
    assert {"targets", "excluded", "visited", "loan_amount"} <= {row["figure"] for row in rows}
    assert all(row["published"] == row["by_city"] == row["recounted"] for row in rows)


@pytest.mark.parametrize(
    ("name", "given"),
    [("cities", ["3399"]), ("since", "last week"), ("every", "fortnight"), ("scope", "everything")],
)
def test_the_form_refuses_what_is_not_a_value(
    server: Server, folders: dict[str, str], name: str, given: object
) -> None:
    refused = server.schedule("zoufang-backfill/backfill", **{**folders, name: given})
    assert refused.is_client_error
    assert str(given).strip("[]'") in refused.text


def test_a_run_that_fails_says_why_and_how_to_go_on(
    server: Server, folders: dict[str, str], caught_up: list[str]
) -> None:
    home = Path(folders["home"])
    before = set(Home(home).failures.glob("*"))
    months = {"since": "2025-02-01", "until": "2025-02-28"}
    run_id = server.schedule("zoufang-backfill/backfill", **folders, **months, rules="absent.yml")
    turned = server.run("zoufang-backfill/backfill", **folders, since="2025-02-28", until="2025-02-01")
    wrong = server.ended(run_id.raise_for_status().json()["id"])
    assert [row["state"]["type"] for row in (wrong, turned)] == ["FAILED"] * 2
    assert "absent.yml: cannot be read as a rules file" in wrong["state"]["message"]
    assert "from 2025-02-28 is after to 2025-02-01" in turned["state"]["message"]
    (report,) = [path for path in Home(home).failures.glob("*") if turned["id"][:8] in path.name]
    text = report.read_text(encoding="utf-8")
    assert "from 2025-02-28 is after to 2025-02-01; write the earlier date first" in text
    assert f"zoufang backfill --inbox {folders['inbox']} --home {home} --from 2025-02-28" in text
    assert "Traceback" not in text
    assert server.artifacts(turned["id"])["zoufang-failure"]["data"] == text
    assert len(set(Home(home).failures.glob("*")) - before) == 2


def test_a_killed_run_leaves_a_report_whose_command_ends_it(
    server: Server, folders: dict[str, str], caught_up: list[str]
) -> None:
    home = Path(folders["home"])
    run_id = server.schedule("zoufang-run/weekly", LATER, **folders).raise_for_status().json()["id"]
    until(lambda: next(home.glob("runs/20250316-*/steps/older.json"), None), 120, "step older")
    os.kill(running_flow(run_id), signal.SIGKILL)
    crashed = server.ended(run_id)
    assert crashed["state"]["type"] == "CRASHED", crashed["state"]
    report = until(lambda: next(Home(home).failures.glob(f"*{run_id[:8]}.md"), None), 30, "report")
    text = until(lambda: report.read_text(encoding="utf-8") or None, 5, "text")
    assert "finished before 已完成: older" in text
    assert "A killed run" in text
    (command,) = [line for line in text.splitlines() if line.startswith(".venv/bin/zoufang")]
    words = [str(BIN / "zoufang"), *shlex.split(command)[1:]]
    ended = subprocess.run(words, env=server.environment, cwd=PROJECT, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr.decode()
    assert [str(row["as_of"]) for row in read_batches(published_file(home))] == ["2025-03-16", str(SUNDAY)]


def test_a_backfill_with_postgresql_behind_the_server(
    environment: dict[str, str], one_city: Path, tmp_path: Path
) -> None:
    folders = {"inbox": str(one_city), "home": str(tmp_path / "home")}
    with postgres() as database, prefect(tmp_path, environment, database) as server, server.worker():
        ended = server.run("zoufang-backfill/backfill", **folders, since="2025-01-31", until="2025-02-27")
        assert ended["state"]["type"] == "COMPLETED", ended["state"]
        assert not list((tmp_path / "prefect").glob("*.db"))
    warehouse = published_file(tmp_path / "home")
    assert [str(row["as_of"]) for row in read_batches(warehouse)] == ["2025-01-31"]


def running_flow(flow_run_id: str) -> int:
    """Return the process that runs a flow run: the one whose environment names it, and no child of such."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"FLOW_RUN_ID={flow_run_id}".encode() in (folder / "environ").read_bytes():
                parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
                found[int(folder.name)] = int(parent)
        except OSError:
            continue
    (first,) = [pid for pid, parent in found.items() if parent not in found]
    return first
