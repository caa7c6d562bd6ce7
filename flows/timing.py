"""How long the steps of a run took, by the clock and by the processors, and whether each did anything.

Here: measuring.  Not here: what a step is (compute.py), showing it (run_report.py).
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from flows.manifest import How


@dataclass
class StepTime:
    """One step: seconds after the run's beginning, seconds by the clock, its share of processor seconds.

    `how` is what became of it: made, resumed, linked, or failed.
    """

    step: str
    began_seconds: float
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    how: How = "made"


class StepClock:
    """The steps of one run and the seconds they took; begins when it is made, serves several threads.

    A process knows only what all its threads worked together, and the libraries' own threads belong to no
    step. So the processor seconds of each moment are shared evenly among the steps at work in it: their sum
    is what the process worked while any of them did.
    """

    def __init__(self) -> None:
        self.began = datetime.now(UTC)
        self._lock = threading.Lock()
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        self._shared = self._cpu
        self._at_work: list[StepTime] = []
        self._ended: list[StepTime] = []
        self._elsewhere = 0.0

    @property
    def ended(self) -> list[StepTime]:
        """Return the steps that have ended, in the order they began."""
        with self._lock:
            return sorted(self._ended, key=lambda one: one.began_seconds)

    @property
    def totals(self) -> tuple[float, float]:
        """Return the seconds since the beginning by the clock, and those process and workers worked."""
        return time.perf_counter() - self._wall, time.process_time() - self._cpu + self._elsewhere

    def worked(self, one: StepTime) -> None:
        """Add a step that another process took and measured by itself."""
        with self._lock:
            self._elsewhere += one.cpu_seconds
            self._ended.append(one)

    def worked_for(self, step: StepTime, cpu_seconds: float) -> None:
        """Add what another process worked for a step that is measured here."""
        with self._lock:
            self._elsewhere += cpu_seconds
            step.cpu_seconds += cpu_seconds

    @contextmanager
    def timing(self, step: str) -> Iterator[StepTime]:
        """Measure what is done inside; a fault inside makes the step one that failed."""
        one = StepTime(step, time.perf_counter() - self._wall)
        self._share(begins=one)
        try:
            yield one
        except BaseException:
            one.how = "failed"
            raise
        finally:
            self._share(ends=one)
            one.wall_seconds = time.perf_counter() - self._wall - one.began_seconds

    def _share(self, *, begins: StepTime | None = None, ends: StepTime | None = None) -> None:
        """Share what was worked since the last call among the steps at work since then."""
        with self._lock:
            now = time.process_time()
            for one in self._at_work:
                one.cpu_seconds += (now - self._shared) / len(self._at_work)
            self._shared = now
            if begins:
                self._at_work.append(begins)
            if ends:
                self._at_work = [one for one in self._at_work if one is not ends]
                self._ended.append(ends)
