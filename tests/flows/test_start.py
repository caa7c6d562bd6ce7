"""What is refused at the start: with the server under way already, it still leaves nothing behind."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from bench.faults.attempts import plain_environment
from cli import app
from cli.start import RECORDS, has_work, prepare
from flows import fingerprints, identity
from flows.fingerprints import take_fingerprints
from flows.inbox_files import inbox_files
from flows.settings import Settings, make_settings
from reference.errors import InputProblem


def test_the_server_is_started_before_the_inbox_is_looked_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a home that Prefect has records in, with them as its home; elsewhere nothing is started yet."""
    from flows import own_server

    started: list[str] = []
    monkeypatch.setattr(own_server, "start_server", lambda: started.append(os.environ["PREFECT_HOME"]))
    monkeypatch.setenv("PREFECT_HOME", "elsewhere")  # so that it is as before afterwards
    monkeypatch.delenv("PREFECT_HOME")
    for records, expected in ((False, []), (True, [str(tmp_path / RECORDS)])):
        if records:
            (tmp_path / RECORDS).mkdir()
        with pytest.raises(InputProblem):
            prepare(tmp_path / "no inbox", tmp_path, date(2025, 1, 31))
        assert started == expected


def test_a_profile_of_the_user_s_is_not_asked_where_to_report(tmp_path: Path) -> None:
    """Prefect reads its settings when it is first loaded: by then its home must be the home's own."""
    (tmp_path / ".prefect").mkdir()
    profile = 'active = "cloud"\n[profiles.cloud]\nPREFECT_API_URL = "http://192.0.2.1:4200/api"\n'
    (tmp_path / ".prefect" / "profiles.toml").write_text(profile)
    (tmp_path / "home" / RECORDS).mkdir(parents=True)
    script = (
        "import sys, datetime, pathlib, cli.start as s\n"
        "s._start_again(s.Home(pathlib.Path(sys.argv[1])))\n"
        "from prefect.settings import PREFECT_API_URL as url\n"
        "print(url.value())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "home")],
        env=plain_environment() | {"HOME": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("http://127.0.0.1:")


def refused(inbox: Path, home: Path) -> tuple[int, str]:
    """Run the command on an inbox that cannot be read; return its status and what it says.

    No process that it started may outlive it.
    """
    (home / RECORDS).mkdir(parents=True)
    command = [Path(sys.executable).with_name("zoufang"), "run", "--inbox", inbox, "--home", home]
    with subprocess.Popen(
        [*map(str, command), "--as-of", "2025-01-31"],
        env=plain_environment(), stderr=subprocess.PIPE, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        _, told = process.communicate(timeout=120)
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    return process.returncode, told


def test_a_wrong_inbox_is_refused_and_the_server_ends_with_the_command(tmp_path: Path) -> None:
    (tmp_path / "inbox" / "registry").mkdir(parents=True)
    (tmp_path / "inbox" / "registry" / "3301.csv").write_text("nothing,of,use\n1,2,3\n")
    status, told = refused(tmp_path / "inbox", tmp_path / "home")
    assert status == 2, told
    assert "3301.csv" in told
    assert "Traceback" not in told
    written = {path.name for path in (tmp_path / "home").iterdir()} - {RECORDS, "runs"}
    assert written == set()
    assert [path.name for path in (tmp_path / "home" / "runs").iterdir()] == [".lock"]


@pytest.fixture
def read_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An inbox of two files whose fingerprints a run has taken."""
    monkeypatch.setattr(fingerprints, "SETTLED_NS", -1)
    (tmp_path / "inbox" / "registry").mkdir(parents=True)
    for city in ("3301", "3302"):
        (tmp_path / "inbox" / "registry" / f"{city}.csv").write_text(city)
    settings = make_settings(tmp_path / "inbox", tmp_path / "home", date(2025, 1, 31))
    take_fingerprints(settings.home, inbox_files(settings.inbox))
    return settings


def test_a_file_that_changed_came_or_went_is_work(read_before: Settings, tmp_path: Path) -> None:
    folder, moved = read_before.inbox / "registry", tmp_path / "moved.csv"
    assert not has_work(read_before)
    (folder / "3302.csv").rename(moved)
    assert has_work(read_before)
    (folder / "3303.csv").write_text("3302")
    assert has_work(read_before), "as many files, and one of another name"
    (folder / "3303.csv").rename(folder / "3302.csv")
    assert not has_work(read_before), "the bytes may be the same: whoever reads them tells"
    (folder / "3302.csv").write_text("33 02")
    assert has_work(read_before)
    take_fingerprints(read_before.home, inbox_files(read_before.inbox))
    assert not has_work(read_before)
    os.mkfifo(folder / "3304.csv")
    assert has_work(read_before), "the check of the inbox tells all that is wrong with it"


def test_a_file_written_just_now_is_no_work_by_itself(
    read_before: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprints, "SETTLED_NS", 10**18)
    take_fingerprints(read_before.home, inbox_files(read_before.inbox))
    assert not has_work(read_before)


def test_work_starts_the_server_before_a_fingerprint_is_taken_and_no_work_starts_none(
    read_before: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    did: list[str] = []

    def start(*_: object) -> None:
        did.append("server")
        raise InputProblem

    monkeypatch.setattr(app, "prepare", start)
    monkeypatch.setattr(identity, "nothing_to_do", lambda _: did.append("identity") or {})
    monkeypatch.setattr("flows.summary.text_summary", str)
    asked = (read_before.inbox, read_before.home.root, read_before.as_of, None, read_before.scope, False)
    app._run(*asked, as_json=False)
    assert did == ["identity"]
    (read_before.inbox / "registry" / "3302.csv").write_text("33 02")
    with pytest.raises(InputProblem):
        app._run(*asked, as_json=False)
    assert did == ["identity", "server"]
