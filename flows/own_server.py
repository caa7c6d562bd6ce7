"""A Prefect server for the time of one command, started before the flows are loaded: both come up at once.

Here: what Prefect does where it finds no server (its `SubprocessASGIServer`), without loading the server into
this process too, which takes two seconds of a processor before the server has even begun.
Not here: a server of the user's own (PREFECT_API_URL, a profile), which is used as it is.
"""

import atexit
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection, HTTPException

from flows.faults import server_fault
from flows.hash_key import VARIABLE
from flows.served import ADDRESS, SERVE

_URL = "PREFECT_API_URL"
_FOR_ONE_RUN = {"PREFECT_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1", "PREFECT__SERVER_FINAL": "1"}
_PAUSE, _REPLY = 0.05, 1.0
"""Seconds between two questions, and for the reply to one."""
_LAST_WORDS = 5.0
"""Seconds a server that was told to end may take to write down what it knows."""


def start_server() -> Callable[[], None]:
    """Start a server if the user has none; return a function that waits until it answers.

    The function raises OSError if no server comes up. The server ends with this process, even a killed one.
    """
    if os.environ.get(_URL):
        return lambda: None
    port = _free_port()
    server = _loading(port)
    # Prefect's threads write their last events when the process ends: what is registered later ends before.
    atexit.register(_end, server)
    # Loaded only now: what takes this process a second of a core takes the server three of another.
    from prefect.context import refresh_global_settings_context
    from prefect.settings import get_current_settings

    settings = get_current_settings()
    if settings.api.url or not settings.server.ephemeral.enabled:
        _end(server)
        return lambda: None
    _let_serve(server)
    os.environ[_URL] = f"http://{ADDRESS}:{port}/api"
    refresh_global_settings_context()
    patience = settings.server.ephemeral.startup_timeout_seconds
    return lambda: wait_for(server, port, patience)


def load_engine() -> None:
    """Load what Prefect loads only when a flow is called: it costs no time while a server comes up."""
    import fastapi.encoders  # noqa: F401


def _free_port() -> int:
    with socket.create_server((ADDRESS, 0)) as held:
        port: int = held.getsockname()[1]
        return port


def _loading(port: int) -> subprocess.Popen[bytes]:
    """Start a server that loads its program, and does nothing before it is told to serve."""
    # The key that personal numbers are hashed with is no business of the server's.
    own = {name: value for name, value in os.environ.items() if name != VARIABLE}
    command = [sys.executable, "-m", "flows.served", str(port)]
    return subprocess.Popen(command, env={**_FOR_ONE_RUN, **own}, stdin=subprocess.PIPE)


def _let_serve(server: subprocess.Popen[bytes]) -> None:
    assert server.stdin is not None
    # If it has ended already, whoever waits for it says so.
    with suppress(BrokenPipeError):
        server.stdin.write(SERVE)
        server.stdin.flush()


def wait_for(server: subprocess.Popen[bytes], port: int, patience: float) -> None:
    """Return when the server answers at its port; OSError if it ended, or does not within so many seconds."""
    deadline = time.monotonic() + patience
    answers = False
    while not answers:
        answers = _answers(port)
        # Whoever else answers there is not asked: the server that lost its port to it has ended.
        if server.poll() is not None or time.monotonic() > deadline:
            raise server_fault()
        time.sleep(0 if answers else _PAUSE)


def _answers(port: int) -> bool:
    asked = HTTPConnection(ADDRESS, port, timeout=_REPLY)
    try:
        asked.request("GET", "/api/health")
        return asked.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        asked.close()


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(_LAST_WORDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
