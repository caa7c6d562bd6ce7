"""Kills at random moments: a run is killed, and the next one that takes it up too, until one ends by itself.

A chain starts from the first home; each attempt is killed at a random share of the processor time of an
undisturbed run, or before or after a random renaming of a file, when something becomes visible.
Here: chains.  Not here: what a home has to hold (judge.py).
"""

import random
import time
from dataclasses import dataclass
from pathlib import Path

from bench.faults.attempts import Attempt, FileCall, Moment, plain_environment
from bench.faults.judge import require_done, require_same, require_time_kept
from bench.faults.stage import Broken, Expected, Stage
from bench.faults.tally import Tally

LONGEST = 8
RENAMES, AFRESH, REAL = 0.35, 0.2, 0.05
"""Shares: killed at a renaming, taken up without --resume, the installed command with a server of its own."""


@dataclass
class Kills:
    """Kills until so many are done; each chain is one case."""

    stage: Stage
    tally: Tally
    draw: random.Random
    expected: Expected
    done: int = 0

    def run(self, wanted: int) -> None:
        """Kill so many times."""
        started, chain = time.monotonic(), 0
        while self.done < wanted:
            chain += 1
            before = self.done
            self._chain(chain, min(self.draw.randint(1, LONGEST), wanted - self.done))
            spent = time.monotonic() - started
            self.tally.say(
                "kill", f"{self.done - before} kills", f"chain {chain}, {self.done} in {spent:.0f} s"
            )
        self.tally.cases["kill"] = self.done

    def _chain(self, number: int, length: int) -> None:
        home = self.stage.case("kill")
        with self.tally.case("kill", f"chain {number}", home):
            told: list[str] = []
            try:
                while len(told) < length and self._killed(home, told):
                    self.done += 1
                self._finish(home)
            except Broken as fault:
                raise Broken(f"{fault}\n  killed at {told}") from fault

    def _killed(self, home: Path, told: list[str]) -> bool:
        """Start, kill at a random moment, and say when; False if the command ended before it came."""
        afresh = bool(told) and self.draw.random() < AFRESH
        arguments = self.stage.command(home, *([] if afresh else ["--resume"]))
        log = home.parent / f"{len(told):02d}.log"
        timeline, calls = self.stage.measured()
        seconds = timeline[-1][1]
        if self.draw.random() < REAL:
            attempt = Attempt.real(arguments, log, plain_environment())
            told.append(f"wall {(at := self.draw.uniform(0.5, 20)):.2f} s of the installed command")
            return self._at_wall(attempt, at)
        if self.draw.random() < RENAMES:
            call = FileCall(self.draw.choice(["before", "after"]), "*", self.draw.randint(1, calls))
            attempt = Attempt.forked(arguments, log, call)
            told.append(str(call))
            return self._ended(attempt) == -9
        moment = self._moment(seconds)
        told.append(f"{moment.seconds:.2f} s of processor time after {moment.after or 'the start'}")
        attempt = Attempt.forked(arguments, log)
        return attempt.kill_at(moment) or self._ended(attempt) == -9

    def _moment(self, seconds: float) -> Moment:
        """Anywhere in the time a run takes, or within any of its steps, however short."""
        if self.draw.random() < 0.5:
            return Moment(None, self.draw.uniform(0, seconds))
        timeline, _ = self.stage.measured()
        number = self.draw.randrange(len(timeline) - 1)
        (step, start), (_, end) = timeline[number : number + 2]
        return Moment(step, self.draw.uniform(0, end - start))

    @staticmethod
    def _ended(attempt: Attempt) -> int:
        status = attempt.wait()
        if status not in (0, -9):
            raise Broken(f"status {status}: {attempt.text()[-1500:]}")
        return status

    def _at_wall(self, attempt: Attempt, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if attempt.cpu() is None:
                return self._ended(attempt) == -9
            time.sleep(0.02)
        attempt.kill()
        return True

    def _finish(self, home: Path) -> None:
        last = Attempt.forked(self.stage.command(home, "--resume"), home.parent / "last.log")
        require_done(last)
        require_same(home, self.expected)
        require_time_kept(home)
