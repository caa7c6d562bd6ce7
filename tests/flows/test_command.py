"""How the command of a shell ends: with its status, after everybody's last word, and then at once."""

import subprocess
import sys

import pytest

_ENDS = """
import atexit, sys
import cli.app

class Slow:
    def __del__(self):
        print("taken apart")

def main():
    cli.app.kept = Slow()
    atexit.register(print, "last word")
    print("no line end", end="")
    {ending}

cli.app.main = main
cli.app.command()
"""


@pytest.mark.parametrize(
    ("ending", "status"), [("pass", 0), ("sys.exit(3)", 3), ("sys.exit(0)", 0), ("sys.exit()", 0)]
)
def test_a_command_ends_with_its_status_and_takes_nothing_apart(ending: str, status: int) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _ENDS.format(ending=ending)], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (status, "")
    assert ended.stdout == "no line endlast word\n"


def test_what_nobody_foresaw_ends_as_python_ends_it() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _ENDS.format(ending="raise KeyboardInterrupt")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode not in (0, 1)
    assert "KeyboardInterrupt" in ended.stderr
