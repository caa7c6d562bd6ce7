"""Progress of a run for the person at the terminal: one line per finished step, on standard error."""

import sys
import time
from collections.abc import Mapping
from typing import Any

_START = time.monotonic()


def say(text: str) -> None:
    """Print one line with the seconds since the program started, and those its processors worked."""
    wall, cpu = time.monotonic() - _START, time.process_time()
    # One write a line: steps of several threads report at once.
    print(f"[{wall:6.1f}s cpu {cpu:6.1f}s] {text}\n", end="", file=sys.stderr, flush=True)


def brief(figures: Mapping[str, Any]) -> str:
    """Return the counts among a step's figures as one line."""
    flat = {k: v for k, v in figures.items() if isinstance(v, int)}
    inner = {
        k: v for d in figures.values() if isinstance(d, dict) for k, v in d.items() if isinstance(v, int)
    }
    return ", ".join(f"{k} {v:,}" for k, v in {**flat, **inner}.items()) or "done"
