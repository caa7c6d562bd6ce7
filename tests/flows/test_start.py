"""What is refused at the start: with the server under way already, it still leaves nothing behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.faults.attempts import plain_environment
from cli.start import RECORDS


def refused(inbox: Path, home: Path) -> tuple[int, str]:
    """Run the command on an inbox that cannot be read; return its status and what it says.

    No process that it started may outlive it.
    """
    (home / RECORDS).mkdir(parents=True)
    command = [Path(sys.executable).with_name("zoufang"), "run", "--inbox", inbox, "--home", home]
    with subprocess.Popen(
        [*map(str, command), "--as-of", "2025-01-31"],
        env=plain_environment(), stderr=subprocess.PIPE, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        _, told = process.communicate(timeout=120)
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    return process.returncode, told


def test_a_wrong_inbox_is_refused_and_the_server_ends_with_the_command(tmp_path: Path) -> None:
    (tmp_path / "inbox" / "registry").mkdir(parents=True)
    (tmp_path / "inbox" / "registry" / "3301.csv").write_text("nothing,of,use\n1,2,3\n")
    status, told = refused(tmp_path / "inbox", tmp_path / "home")
    assert status == 2, told
    assert "3301.csv" in told
    assert "Traceback" not in told
    written = {path.name for path in (tmp_path / "home").iterdir()} - {RECORDS, "runs"}
    assert written == set()
    assert [path.name for path in (tmp_path / "home" / "runs").iterdir()] == [".lock"]
