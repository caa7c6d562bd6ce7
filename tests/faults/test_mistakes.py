"""Mistakes of people and bureaus: exit status, a message that names file and remedy, nothing written."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from verbs import Ended, run, text_of, zoufang

from bench.faults.attempts import ZOUFANG
from flows.home import Home
from flows.journal import read_journal
from warehouse.publish import history

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("runs")]
DAY = "2025-03-31"
Spoil = Callable[[Path], None]


@pytest.fixture
def inbox(one_city: Path, tmp_path: Path) -> Path:
    """An inbox to spoil: every text file in UTF-8."""
    shutil.copytree(one_city, tmp_path / "inbox")
    for path in (tmp_path / "inbox").glob("*/*.csv"):
        path.write_text(text_of(path), encoding="utf-8")
    return tmp_path / "inbox"


def registry(inbox: Path) -> Path:
    return next((inbox / "registry").glob("*.csv"))


def is_refused(ended: Ended, home: Path, *texts: str) -> None:
    assert (ended.status, ended.out) == (2, "")
    assert "Traceback" not in ended.err
    assert [text for text in texts if text not in ended.err] == []
    assert not home.exists()


def test_a_wrong_inbox_folder(tmp_path: Path) -> None:
    is_refused(
        run(tmp_path / "nowhere", tmp_path / "home", DAY), tmp_path / "home", "nowhere", "--inbox must"
    )


def test_an_inbox_without_the_register(inbox: Path, tmp_path: Path) -> None:
    shutil.rmtree(inbox / "registry")
    is_refused(run(inbox, tmp_path / "home", DAY), tmp_path / "home", "registry", "required")


def test_an_empty_file(inbox: Path, tmp_path: Path) -> None:
    (inbox / "registry" / "new.csv").touch()
    is_refused(
        run(inbox, tmp_path / "home", DAY), tmp_path / "home", "registry/new.csv", "0 bytes", "ask for it"
    )


def change_header(path: Path, change: Callable[[list[str]], list[str]]) -> None:
    first, _, rest = path.read_text(encoding="utf-8").partition("\n")
    path.write_text(",".join(change(first.split(","))) + "\n" + rest, encoding="utf-8")


def test_a_missing_column_and_an_unknown_header_are_told_together(inbox: Path, tmp_path: Path) -> None:
    change_header(registry(inbox), lambda names: [f"{name}?" if "状态" in name else name for name in names])
    ended = run(inbox, tmp_path / "home", DAY)
    is_refused(ended, tmp_path / "home", f"registry/{registry(inbox).name}", "状态?")


@pytest.mark.parametrize("city", ["3201", "杭州", "330"])
def test_a_wrong_city(inbox: Path, tmp_path: Path, city: str) -> None:
    ended = run(inbox, tmp_path / "home", DAY, "--city", city)
    is_refused(ended, tmp_path / "home", f"city code {city}", "3301 … 3311")


def test_a_wrong_scope(inbox: Path, tmp_path: Path) -> None:
    is_refused(run(inbox, tmp_path / "home", DAY, "--scope", "some"), tmp_path / "home", "choose one of")


@pytest.mark.parametrize("day", ["2025-02-30", "31.03.2025", "yesterday"])
def test_a_date_that_is_none(inbox: Path, tmp_path: Path, day: str) -> None:
    is_refused(run(inbox, tmp_path / "home", day), tmp_path / "home", day, "--as-of")


def test_a_backfill_of_no_month(inbox: Path, tmp_path: Path) -> None:
    command = ["backfill", "--inbox", inbox, "--home", tmp_path / "home"]
    ended = zoufang(*command, "--from", "2025-03-01", "--to", "2025-03-30")
    is_refused(ended, tmp_path / "home", "no month ends between", "widen --from and --to")
    ended = zoufang(*command, "--from", "2025-03-31", "--to", "2025-01-31")
    is_refused(ended, tmp_path / "home", "from 2025-03-31 is after to 2025-01-31", "the earlier date first")


@pytest.mark.parametrize("verb", ["gate", "history", "report", "rollback", "screen"])
def test_a_home_that_holds_nothing(verb: str, tmp_path: Path) -> None:
    more = {"rollback": ["--to", "ZJ-202503-31"], "screen": ["--explain", "91330000000000000X"]}
    ended = zoufang(verb, "--home", tmp_path / "none", *more.get(verb, []))
    assert ended.status == 2, ended
    assert "Traceback" not in ended.err
    assert not (tmp_path / "none").exists()


def test_the_installed_command_ends_with_the_same_status(inbox: Path, tmp_path: Path) -> None:
    registry(inbox).write_bytes(b"")
    command = [ZOUFANG, "run", "--inbox", inbox, "--home", tmp_path / "home", "--as-of", DAY]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    is_refused(Ended(ended.returncode, ended.stdout, ended.stderr), tmp_path / "home", registry(inbox).name)


def test_two_runs_at_once(inbox: Path, tmp_path: Path) -> None:
    with Home(tmp_path / "home").locked():
        command = [ZOUFANG, "run", "--inbox", inbox, "--home", tmp_path / "home", "--as-of", DAY]
        ended = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
        dates = ["--from", "2025-01-31", "--to", DAY]
        filled = zoufang("backfill", "--inbox", inbox, "--home", tmp_path / "home", *dates)
    assert (ended.returncode, filled.status) == (3, 3)
    assert f"another run is writing to {tmp_path / 'home'}; wait for it to end" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["runs"]


def test_a_date_before_every_extract(prefect_server: str, inbox: Path, tmp_path: Path) -> None:
    """Its list would hold the few rows left over from older extracts, and every gate would pass it."""
    ended = run(inbox, tmp_path / "home", "2024-12-31")
    assert (ended.status, ended.out) == (2, ""), ended.err
    for text in ("2024-12-31 lies before every register extract", registry(inbox).name, "--as-of 2025-01-31"):
        assert text in ended.err
    assert "Traceback" not in ended.err
    assert history(tmp_path / "home") == []
    assert not list((tmp_path / "home" / "lake" / "batches").glob("*"))


def test_a_blocked_gate_publishes_nothing_and_says_what_to_do(
    prefect_server: str, inbox: Path, tmp_path: Path
) -> None:
    """A status the code list does not know, in every row that is on the register."""
    path = registry(inbox)
    path.write_text(path.read_text(encoding="utf-8").replace("存续", "说不清"), encoding="utf-8")
    ended = run(inbox, tmp_path / "home", DAY)
    assert ended.status == 1, ended.err
    assert "Traceback" not in ended.err
    assert "status_known" in ended.err
    assert "to do     List status_text where status is 9 and add the spellings" in ended.err
    assert history(tmp_path / "home") == []
    assert not list((tmp_path / "home" / "lake" / "batches").glob("*.json"))
    assert [line.state for line in read_journal(Home(tmp_path / "home"))] == ["draft"]
    assert zoufang("gate", "--home", tmp_path / "home").status == 1
    shown = zoufang("report", "--home", tmp_path / "home", "--json")
    report = json.loads(shown.out)
    assert (report["status"], report["gate"]["verdict"]) == ("blocked", "blocked")
    assert [one["severity"] for one in report["gate"]["not_passed"] if one["expectation"] == "status_known"]
    assert report["counts"]["dispositions"]
    (written,) = (tmp_path / "home" / "runs").glob("*/report.html")
    assert "未通过质量门" in written.read_text(encoding="utf-8")
    assert f"report: {written}" in ended.err
    told = {"artifacts": {"key": {"any_": ["zoufang-gate"]}}, "sort": "CREATED_DESC", "limit": 1}
    (page,) = httpx.post(f"{prefect_server}/artifacts/filter", json=told, timeout=30).json()
    assert page["description"].startswith("质量门 blocked")
    assert [row["suite"] for row in json.loads(page["data"]) if "status_known" in row["not passed"]]
