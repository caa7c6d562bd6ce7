"""A real server, `prefect deploy --all` and a process worker on loopback run what prefect.yaml declares."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from warehouse.publish import published_file
from warehouse.read import read_batches, read_headlines

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.xdist_group("server")]
T = TypeVar("T")
PROJECT = Path(__file__).parents[2]
PREFECT = str(Path(sys.executable).with_name("prefect"))


def until(done: Callable[[], T | None], seconds: float, what: str) -> T:
    """Return the first answer that is not None; fail if there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = done()
        if answer is not None:
            return answer
        time.sleep(0.25)
    pytest.fail(f"no {what} after {seconds} s")


@contextmanager
def service(log: Path, environment: dict[str, str], *arguments: str) -> Iterator[None]:
    """Run a Prefect service; end it and all its children, whatever happens."""
    with log.open("w") as out:
        process = subprocess.Popen(
            [PREFECT, *arguments],
            env=environment,
            cwd=PROJECT,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        yield
    finally:
        for sign in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):  # a worker asks to be told twice
            if process.poll() is None:
                os.killpg(process.pid, sign)
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    continue
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture
def server(tmp_path: Path, quiet_environment: dict[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """A server with its deployments and a worker; its address, and the environment of its clients."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    home = tmp_path / "prefect"
    home.mkdir()
    url = f"http://127.0.0.1:{port}/api"
    environment = quiet_environment | {"PREFECT_HOME": str(home), "PREFECT_API_URL": url}
    with service(
        tmp_path / "server.log", environment, "server", "start", "--host", "127.0.0.1", "--port", port
    ):
        until(lambda: is_healthy(url), 90, "server")
        for arguments in (
            ["work-pool", "create", "local", "--type", "process"],
            ["--no-prompt", "deploy", "--all"],
        ):
            subprocess.run(
                [PREFECT, *arguments], env=environment, cwd=PROJECT, check=True, capture_output=True
            )
        with service(tmp_path / "worker.log", environment, "worker", "start", "--pool", "local"):
            yield url, environment


def is_healthy(url: str) -> bool | None:
    try:
        return httpx.get(f"{url}/health", timeout=5).status_code == httpx.codes.OK or None
    except httpx.TransportError:
        return None


def run_deployment(url: str, name: str, **parameters: str) -> str:
    """Start a deployment with these parameters and return the name of the state it ends in."""
    deployment = httpx.get(f"{url}/deployments/name/{name}", timeout=30).json()
    body = {"parameters": parameters, "state": {"type": "SCHEDULED"}}
    created = httpx.post(f"{url}/deployments/{deployment['id']}/create_flow_run", json=body, timeout=30)
    run_id = created.raise_for_status().json()["id"]

    def ended() -> dict[str, Any] | None:
        state: dict[str, Any] = httpx.get(f"{url}/flow_runs/{run_id}", timeout=30).json()["state"]
        return state if state["type"] in {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"} else None

    state = until(ended, 240, f"end of {name}")
    return f"{state['type']} {state['message'] or ''}".strip()


def test_the_deployments_of_the_file_publish_batches(
    server: tuple[str, dict[str, str]], one_city: Path, tmp_path: Path
) -> None:
    url, _ = server
    folders = {"inbox": str(one_city), "home": str(tmp_path / "home")}
    assert run_deployment(url, "zoufang-run/monthly", **folders, as_of="2025-01-31") == "COMPLETED"
    warehouse = published_file(tmp_path / "home")
    assert [str(row["as_of"]) for row in read_batches(warehouse)] == ["2025-01-31"]
    assert read_headlines(warehouse)[0]["targets"] > 0

    months = {"since": "2025-01-31", "until": "2025-02-28"}
    assert run_deployment(url, "zoufang-backfill/backfill", **folders, **months) == "COMPLETED"
    assert [str(row["as_of"]) for row in read_batches(warehouse)] == ["2025-02-28", "2025-01-31"]
    schedules = httpx.get(f"{url}/deployments/name/zoufang-run/monthly", timeout=30).json()["schedules"]
    assert [s["schedule"]["timezone"] for s in schedules if s["active"]] == ["Asia/Shanghai"]
