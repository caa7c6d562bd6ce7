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

    def lines(self) -> list[str]:
        """Return one line a kind: cases, findings, how cases ended."""
        width = max(map(len, self.cases), default=0)
        return [
            f"{kind:{width}} {count:>5} cases {self.found[kind]:>3} faults  "
            + ", ".join(f"{number} {how}" for how, number in self.ended.get(kind, Counter()).most_common())
            for kind, count in sorted(self.cases.items())
        ]

    def figures(self) -> dict[str, Any]:
        """Return the sums, and cases and findings by kind."""
        return {
            "seed": self.seed,
            "cases": sum(self.cases.values()),
            "faults": sum(self.found.values()),
            "by_kind": {kind: [count, self.found[kind]] for kind, count in sorted(self.cases.items())},
            "skipped": self.skipped,
        }
