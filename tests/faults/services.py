"""A real Prefect server on loopback with its worker, over SQLite or a PostgreSQL of its own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

T = TypeVar("T")
Row = dict[str, Any]
PROJECT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
IMPATIENT = {
    "PREFECT_WORKER_QUERY_SECONDS": "1",
    "PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS": "1",
}
"""Waits that nothing here depends on."""


@dataclass(frozen=True)
class Server:
    """A server that has the deployments of prefect.yaml, and the environment of its clients."""

    url: str
    environment: dict[str, str]
    folder: Path

    def schedule(self, name: str, due: str | None = None, **parameters: Any) -> httpx.Response:  # noqa: ANN401
        """Ask for a run of a deployment, due now or at a moment, and return the answer."""
        deployment = httpx.get(f"{self.url}/deployments/name/{name}", timeout=30).json()
        state: Row = {"type": "SCHEDULED", "state_details": {"scheduled_time": due} if due else {}}
        body = {"parameters": parameters, "state": state}
        url = f"{self.url}/deployments/{deployment['id']}/create_flow_run"

        def answer() -> httpx.Response | None:
            found = httpx.post(url, json=body, timeout=30)
            return None if found.status_code == httpx.codes.SERVICE_UNAVAILABLE else found

        return until(answer, 30, f"answer; SQLite is busy, see {self.folder}")

    def run(self, name: str, due: str | None = None, **parameters: Any) -> Row:  # noqa: ANN401
        """Run a deployment to its end and return the flow run."""
        return self.ended(self.schedule(name, due, **parameters).raise_for_status().json()["id"])

    def ended(self, flow_run_id: str) -> Row:
        """Wait for the end of a flow run and return it."""

        def found() -> Row | None:
            row: Row = httpx.get(f"{self.url}/flow_runs/{flow_run_id}", timeout=30).json()
            return row if row["state"]["type"] in ENDED else None

        return until(found, 240, f"end of flow run {flow_run_id}; see {self.folder}")

    def artifacts(self, flow_run_id: str) -> dict[str, Row]:
        """Return what the page of a flow run shows, by key."""
        body = {"artifacts": {"flow_run_id": {"any_": [flow_run_id]}}}
        rows = httpx.post(f"{self.url}/artifacts/filter", json=body, timeout=30).json()
        return {row["key"]: row for row in rows}

    @contextmanager
    def worker(self) -> Iterator[None]:
        """Run a worker meanwhile."""
        command = [BIN / "prefect", "worker", "start", "--pool", "local"]
        with service(self.folder / "worker.log", self.environment, *command):
            yield


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
def service(log: Path, environment: dict[str, str], *command: str | Path) -> Iterator[None]:
    """Run a service; end it and all its children, whatever happens."""
    with log.open("w") as out:
        process = subprocess.Popen(
            command, env=environment, cwd=PROJECT, stdout=out, stderr=out, start_new_session=True
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


@contextmanager
def prefect(folder: Path, environment: dict[str, str], database: str | None = None) -> Iterator[Server]:
    """Start a server, make the pool and deploy prefect.yaml, as docs/operations.md has it."""
    home, port = folder / "prefect", free_port()
    home.mkdir()
    url = f"http://127.0.0.1:{port}/api"
    own = environment | IMPATIENT | {"PREFECT_HOME": str(home), "PREFECT_API_URL": url}
    if database:
        own["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = database
    start = [BIN / "prefect", "server", "start", "--host", "127.0.0.1", "--port", port]
    with service(folder / "server.log", own, *start):
        until(lambda: is_healthy(url), 90, f"server; see {folder}")
        for arguments in (
            ["work-pool", "create", "local", "--type", "process"],
            ["--no-prompt", "deploy", "--all"],
        ):
            subprocess.run(
                [BIN / "prefect", *arguments], env=own, cwd=PROJECT, check=True, capture_output=True
            )
        yield Server(url, own, folder)


@contextmanager
def postgres() -> Iterator[str]:
    """Start a PostgreSQL of its own on loopback and give the URL of an empty database in it.

    Skips where there is none. It refuses to run as root: then the system's user `postgres` runs it.
    """
    found = [*Path("/usr/lib/postgresql").glob("*/bin/initdb"), shutil.which("initdb")]
    initdb = next((Path(path) for path in found if path), None)
    if initdb is None:
        pytest.skip("PostgreSQL is not installed here (Debian: apt-get install postgresql)")
    folder, port = Path(tempfile.mkdtemp(prefix="zoufang-postgres-")), free_port()
    as_user: list[str] = []
    if os.geteuid() == 0:
        try:
            shutil.chown(folder, "postgres", "postgres")
        except LookupError:
            pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
    data, bins = folder / "data", initdb.resolve().parent
    own = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    make = [*as_user, bins / "initdb", "-D", data, "-A", "trust", "-U", "prefect", "--no-sync"]
    options = [f"-cport={port}", "-clisten_addresses=127.0.0.1", "-cunix_socket_directories=", "-cfsync=off"]
    ready = [bins / "pg_isready", "-q", "-h", "127.0.0.1", "-p", port]
    new = [bins / "createdb", "-h", "127.0.0.1", "-p", port, "-U", "prefect", "prefect"]
    try:
        subprocess.run(make, env=own, cwd=folder, check=True, capture_output=True)
        with service(folder / "postgres.log", own, *as_user, bins / "postgres", "-D", data, *options):
            until(lambda: subprocess.run(ready, env=own, check=False).returncode == 0 or None, 60, "database")
            subprocess.run(new, env=own, cwd=folder, check=True, capture_output=True)
            yield f"postgresql+asyncpg://prefect@127.0.0.1:{port}/prefect"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> str:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def is_healthy(url: str) -> bool | None:
    """Return whether a server answers there, None if not."""
    try:
        return httpx.get(f"{url}/health", timeout=5).status_code == httpx.codes.OK or None
    except httpx.TransportError:
        return None
