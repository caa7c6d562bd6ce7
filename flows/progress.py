"""Progress of a run for the person at the terminal: one line per finished step, on standard error."""

import sys
import time

_START = time.monotonic()


def say(text: str) -> None:
    """Print one line with the seconds since the program started."""
    print(f"[{time.monotonic() - _START:6.1f}s] {text}", file=sys.stderr, flush=True)
