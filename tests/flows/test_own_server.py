"""The Prefect server of one command: it answers, ends with its process, and gives way to the user's own."""

import subprocess
import sys
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from bench.faults.attempts import plain_environment

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
