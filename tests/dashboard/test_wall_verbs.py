"""The verbs `dashboard`, `wall export` and `wall link`: what they refuse, and what they print."""

import socket
import time
from pathlib import Path

import pytest

from cli.dashboard import KEY_VARIABLE, dashboard, export_wall, link_wall
from dashboard.scope import read_token
from reference.errors import EnvironmentProblem, InputProblem

KEY = "k" * 32


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)


def test_beyond_loopback_a_key_is_asked_for(home: Path) -> None:
    with pytest.raises(InputProblem, match=KEY_VARIABLE):
        dashboard(home, host="10.20.0.5")


def test_a_home_without_a_batch_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputProblem, match="publish a batch first"):
        dashboard(tmp_path)
    with pytest.raises(InputProblem, match="publish a batch first"):
        export_wall(tmp_path, tmp_path / "out")


def test_a_port_in_use_is_said(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(EnvironmentProblem, match="choose another --port"):
            dashboard(home, host="127.0.0.1", port=port)


def test_a_link_opens_what_it_says_for_as_long_as_it_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    link_wall("330106", days=2, base="https://wall.example/")
    address, token = capsys.readouterr().out.strip().split("?token=")
    assert address == "https://wall.example/"
    scope, ends_at = read_token(token, KEY.encode(), time.time())
    assert scope == "330106"
    assert abs(ends_at - time.time() - 2 * 86_400) < 60


def test_links_need_a_key_and_a_scope_that_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputProblem, match=KEY_VARIABLE):
        link_wall("330106")
    monkeypatch.setenv(KEY_VARIABLE, "short")
    with pytest.raises(InputProblem, match="at least 32"):
        link_wall("330106")
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    with pytest.raises(InputProblem, match="330106 a county"):
        link_wall("330106001")
