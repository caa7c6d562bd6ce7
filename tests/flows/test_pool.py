"""How many threads Polars has: set where the package flows begins, unless the environment says it."""

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
