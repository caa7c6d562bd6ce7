"""The Prefect server of one command: it answers, ends with its process, gives way to the user's own."""

import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from bench.faults.attempts import plain_environment
from flows.own_server import wait_for

START = """
import os, sys
from urllib.request import urlopen
from flows.own_server import start_server
answers = start_server()
answers()
url = os.environ["PREFECT_API_URL"]
assert urlopen(f"{url}/health").status == 200
from prefect.client.orchestration import get_client
with get_client(sync_client=True) as client:
    assert str(client.api_url).rstrip("/") == url
assert "prefect.server.api.server" not in sys.modules
print(url)
"""


def _environment(home: Path, **more: str) -> dict[str, str]:
    no_tables = {"PREFECT_API_DATABASE_MIGRATE_ON_START": "0", "PREFECT_API_BLOCKS_REGISTER_ON_START": "0"}
    return plain_environment() | no_tables | {"PREFECT_HOME": str(home), **more}


def _python(script: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=False)


def test_the_server_answers_and_ends_with_the_process(tmp_path: Path) -> None:
    ended = _python(START, _environment(tmp_path))
    assert ended.returncode == 0, ended.stderr
    with pytest.raises(URLError):
        urlopen(f"{ended.stdout.strip()}/health")


def test_the_server_ends_when_its_process_is_killed(tmp_path: Path) -> None:
    killed = START + "import os, signal; sys.stdout.flush(); os.kill(os.getpid(), signal.SIGKILL)"
    ended = _python(killed, _environment(tmp_path))
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    deadline = time.monotonic() + 30
    while _is_up(ended.stdout.strip()):
        assert time.monotonic() < deadline
        time.sleep(0.2)


def _is_up(url: str) -> bool:
    try:
        return bool(urlopen(f"{url}/health", timeout=5).status == 200)
    except OSError:
        return False


def test_a_port_where_nobody_replies_is_not_waited_for_for_ever() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, subprocess.Popen(["sleep", "60"]) as server:
        try:
            with pytest.raises(OSError, match="did not start"):
                wait_for(server, silent.getsockname()[1], patience=0.5)
        finally:
            server.kill()


def test_a_server_that_lost_its_port_to_another_is_not_taken_for_it() -> None:
    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Other) as other, subprocess.Popen(["true"]) as server:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        server.wait()
        with pytest.raises(OSError, match="did not start"):
            wait_for(server, other.server_port, patience=5)
        other.shutdown()


def test_a_server_that_does_not_come_up_is_a_fault_of_the_machine(tmp_path: Path) -> None:
    environment = _environment(tmp_path, PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS="1")
    ended = _python("from flows.own_server import start_server; start_server()()", environment)
    assert "Prefect's own server did not start" in ended.stderr.splitlines()[-1]


def test_a_server_of_the_users_own_is_used_as_it_is(tmp_path: Path) -> None:
    script = """
import os
from flows.own_server import start_server
start_server()()
print(os.environ["PREFECT_API_URL"])
"""
    ended = _python(script, _environment(tmp_path, PREFECT_API_URL="http://127.0.0.1:9/api"))
    assert ended.stdout.strip() == "http://127.0.0.1:9/api", ended.stderr


def test_a_server_the_user_has_by_a_profile_lets_no_other_serve(tmp_path: Path) -> None:
    profile = 'active = "own"\n[profiles.own]\nPREFECT_API_URL = "http://127.0.0.1:9/api"\n'
    (tmp_path / "profiles.toml").write_text(profile)
    script = """
import os
from flows.own_server import start_server
start_server()()
print(os.environ.get("PREFECT_API_URL"))
"""
    ended = _python(script, _environment(tmp_path))
    assert (ended.stdout.strip(), ended.stderr) == ("None", "")
    assert not list(tmp_path.glob("*.db"))


def test_a_server_that_is_never_told_to_serve_ends_with_its_process(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "flows.served", str(port)]
    ended = subprocess.run(
        command, env=_environment(tmp_path), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=180, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, "")
    assert not list(tmp_path.glob("*.db"))
