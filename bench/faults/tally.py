"""How many cases of each kind there were, and each broken promise with what it takes to see it again.

Here: counting and printing.  Not here: judging (judge.py).
"""

import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.faults.stage import Broken


class Tally:
    """Cases and findings by kind."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.cases: Counter[str] = Counter()
        self.found: Counter[str] = Counter()
        self.ended: dict[str, Counter[str]] = {}
        self.skipped: dict[str, str] = {}

    @contextmanager
    def case(self, kind: str, told: str, home: Path | None = None) -> Iterator[None]:
        """Count one case; what breaks inside is printed with seed and moment, and its home is kept."""
        self.cases[kind] += 1
        try:
            yield
        except Exception as fault:
            self.found[kind] += 1
            why = str(fault) if isinstance(fault, Broken) else traceback.format_exc()
            print(f"FAULT {kind}, seed {self.seed}, {told}\n  home {home}\n  {why}", flush=True)
            if home is not None:
                (home.parent / "keep").touch()

    def say(self, kind: str, outcome: str, told: str = "") -> None:
        """Count how a case ended, and print it."""
        self.ended.setdefault(kind, Counter())[outcome] += 1
        print(f"{kind}: {told}{': ' if told else ''}{outcome}", flush=True)

    def skip(self, kind: str, why: str) -> None:
        """Say that a kind cannot be tried here."""
        self.skipped[kind] = why
        print(f"SKIPPED {kind}: {why}", flush=True)

    def figures(self) -> dict[str, Any]:
        """Return cases, findings and outcomes by kind."""
        kinds = {
            kind: {"cases": count, "faults": self.found[kind], "ended": dict(self.ended.get(kind, {}))}
            for kind, count in sorted(self.cases.items())
        }
        return {"seed": self.seed, **kinds, "skipped": self.skipped}
