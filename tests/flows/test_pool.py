"""How many threads Polars has, and how long its allocator keeps pages: set where the package flows begins."""

import os
import subprocess
import sys

import pytest

_ASK = "import flows, polars; print(polars.thread_pool_size(), flows.ARE_THREADS_GIVEN)"


@pytest.mark.parametrize(
    ("given", "told"),
    [({}, f"{(os.cpu_count() or 1) + 2} False"), ({"POLARS_MAX_THREADS": "1"}, "1 True")],
)
def test_polars_has_two_threads_more_than_processors_unless_told(given: dict[str, str], told: str) -> None:
    bare = {name: value for name, value in os.environ.items() if name != "POLARS_MAX_THREADS"}
    asked = subprocess.run(
        [sys.executable, "-c", _ASK], env=bare | given, capture_output=True, text=True, check=True
    )
    assert asked.stdout.strip() == told


_TOLD = "import flows, polars, os; print(os.environ['_RJEM_MALLOC_CONF'])"
_FROM_POLARS = (
    f"import polars, subprocess, sys; subprocess.run([sys.executable, '-c', {_TOLD!r}], check=True)"
)


@pytest.mark.parametrize(
    ("given", "program", "decay"),
    [
        ("", _TOLD, "3000"),
        ("dirty_decay_ms:100", _TOLD, "100"),
        ("", _FROM_POLARS, "3000"),
        ("dirty_decay_ms:100", _FROM_POLARS, "100"),
    ],
)
def test_the_allocator_keeps_pages_unless_the_user_says_otherwise(
    given: str, program: str, decay: str
) -> None:
    """Also where the command is started by a program that has Polars loaded, as a notebook has."""
    bare = {name: value for name, value in os.environ.items() if name != "_RJEM_MALLOC_CONF"}
    told = bare | ({"_RJEM_MALLOC_CONF": given} if given else {})
    asked = subprocess.run(
        [sys.executable, "-c", program], env=told, capture_output=True, text=True, check=True
    )
    # The last word on a setting holds.
    settings = dict(word.split(":") for word in asked.stdout.strip().split(","))
    assert settings["dirty_decay_ms"] == decay
    assert settings["oversize_threshold"] == "0"
