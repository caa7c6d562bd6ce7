"""The harness waits for a command that gets little of a busy machine, not for one that hangs."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.faults.attempts import Attempt


def started(folder: Path, script: str) -> Attempt:
    command = [sys.executable, "-c", script]
    return Attempt(subprocess.Popen(command, start_new_session=True), folder / "log")


def test_time_by_the_clock_in_which_nothing_was_done_does_not_count(tmp_path: Path) -> None:
    attempt = started(tmp_path, "import time; time.sleep(1.5); raise SystemExit(3)")
    assert attempt.wait(1) == 3


@pytest.mark.parametrize("script", ["while True: pass", "import time; time.sleep(600)"])
def test_a_command_that_does_not_end_is_killed(tmp_path: Path, script: str) -> None:
    attempt = started(tmp_path, script)
    with pytest.raises(TimeoutError, match="not ended"):
        attempt.wait(0.3)
    assert attempt.process.wait(10) == -9
