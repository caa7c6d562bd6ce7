"""Progress of a run for the person at the terminal: one line per finished step, on standard error."""

import sys
import time

_START = time.monotonic()


def say(text: str) -> None:
    """Print one line with the seconds since the program started, and those its processors worked."""
    wall, cpu = time.monotonic() - _START, time.process_time()
    # One write a line: steps of several threads report at once.
    print(f"[{wall:6.1f}s cpu {cpu:6.1f}s] {text}\n", end="", file=sys.stderr, flush=True)
