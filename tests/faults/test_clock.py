"""The harness's clock: a program under it lives at another time, and its stopwatch goes on as it did."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.faults.attempts import plain_environment
from bench.faults.clock import make_library, moved

SCRIPT = (
    "import datetime, json, time; "
    "print(json.dumps([time.time(), datetime.datetime.now().timestamp(), time.monotonic(), time.tzname[0]]))"
)


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
@pytest.mark.parametrize("days", [-1, 400])
def test_a_command_lives_at_another_time(tmp_path: Path, days: int) -> None:
    compiler = shutil.which("cc")
    assert compiler is not None
    environment = plain_environment() | moved(
        make_library(tmp_path, compiler), days * 86_400, 0, "Asia/Shanghai"
    )
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True
    )
    clock, date, stopwatch, zone = json.loads(ended.stdout)
    assert clock - time.time() == pytest.approx(days * 86_400, abs=60)
    assert date == pytest.approx(clock, abs=5)
    assert stopwatch == pytest.approx(time.monotonic(), abs=60)
    assert zone == "CST"
