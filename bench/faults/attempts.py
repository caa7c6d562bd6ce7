"""One attempt of the command `zoufang` in a process group of its own, to be killed at any moment.

`Attempt.forked` starts from a process that has the two slow libraries loaded already, so that a kill costs
seconds instead of half a minute; `Attempt.real` starts the installed command, Prefect's server included.
"""

import fnmatch
import itertools
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, NamedTuple

PRELOADED = ["typer", "prefect", "prefect.task_runners", "great_expectations.expectations", "duckdb_engine"]
"""Slow to import and without threads of their own: Polars has some, and would not survive a fork."""
BUSY = 10
"""Limits are seconds of processor time; so many times as long by the clock, where others use the machine."""
TICK = os.sysconf("SC_CLK_TCK")
Rename = Callable[[Path, Path], Path]
ZOUFANG = Path(sys.executable).with_name("zoufang")
QUIET = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "OPENBLAS_NUM_THREADS": "1",
}
"""Environment in which nothing leaves the machine and Prefect is silent."""


def plain_environment() -> dict[str, str]:
    """Return an environment for commands that start a Prefect server of their own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")} | QUIET


class Moment(NamedTuple):
    """When to kill: `seconds` of processor time after the progress line that starts with `after`."""

    after: str | None
    seconds: float


class FileCall(NamedTuple):
    """Where to die: before or after the renaming of the so many-th path that matches; `never` only counts."""

    when: str
    match: str
    number: int = 1


@dataclass
class Attempt:
    """A started command: its process group, and the file its messages go to."""

    process: Any
    log: Path

    @classmethod
    def forked(
        cls,
        arguments: list[str],
        log: Path,
        die_at: FileCall | None = None,
        prepare: Callable[[], None] | None = None,
    ) -> "Attempt":
        """Start the command's own `main` in a forked process, after `prepare` was called there."""
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        process = context.Process(target=_main, args=(arguments, str(log), die_at, prepare))
        process.start()
        return cls(process, log)

    @classmethod
    def real(
        cls, arguments: list[str], log: Path, environment: Mapping[str, str], before: Sequence[str] = ()
    ) -> "Attempt":
        """Start the installed command, under the command `before` if one is given."""
        command = [*before, str(ZOUFANG), *arguments]
        with log.open("w") as out:
            process = subprocess.Popen(
                command, stdout=out, stderr=out, env=environment, start_new_session=True
            )
        return cls(process, log)

    def text(self) -> str:
        """Return what the command has said so far."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def steps(self) -> list[str]:
        """Return the names of the steps whose progress line has appeared."""
        return re.findall(r"^\[[^\]]*\] ([^:\n]+).*\n", self.text(), re.MULTILINE)

    def cpu(self) -> float | None:
        """Return the processor time of the process; None if it has ended."""
        try:
            stat = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii")
        except (FileNotFoundError, ProcessLookupError):
            return None
        fields = stat.rpartition(")")[2].split()
        return None if fields[0] == "Z" else (int(fields[11]) + int(fields[12])) / TICK

    def kill(self) -> None:
        """Kill the whole process group at once, as a power cut would."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            self.process.kill()
        self.wait()

    def wait(self, seconds: float = 120) -> int:
        """Wait for the end and return the exit status; the group is killed if it does not come."""
        started = time.monotonic()
        while not self._is_over(started, seconds):
            status = self._ended_within(1)
            if status is not None:
                return status
        os.killpg(self.process.pid, signal.SIGKILL)
        raise TimeoutError(f"not ended after {seconds} s:\n{self.text()}")

    def _ended_within(self, seconds: float) -> int | None:
        """Wait so long by the clock; return the exit status, None if the command goes on."""
        if not isinstance(self.process, subprocess.Popen):
            self.process.join(seconds)
            return None if self.process.exitcode is None else int(self.process.exitcode)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def _is_over(self, started: float, seconds: float) -> bool:
        """Whether so much processor time is used up, or so much by the clock that the command must hang."""
        return (self.cpu() or 0) > seconds or time.monotonic() - started > BUSY * seconds

    def timeline(self, seconds: float = 120) -> list[tuple[str | None, float]]:
        """Follow the command to its end; return each step with the processor time when it was reported."""
        seen: list[tuple[str | None, float]] = [(None, 0.0)]
        cpu, started = 0.0, time.monotonic()
        while (now := self.cpu()) is not None and not self._is_over(started, seconds):
            cpu = now
            seen += [(step, cpu) for step in self.steps()[len(seen) - 1 :]]
            time.sleep(0.02)
        return [*seen, ("", cpu)]

    def kill_at(self, moment: Moment, seconds: float = 120) -> bool:
        """Kill the command at that moment; False if it ended first."""
        start, started = None if moment.after else 0.0, time.monotonic()
        while not self._is_over(started, seconds):
            cpu = self.cpu()
            if cpu is None:
                return False
            if start is None and moment.after in self.steps():
                start = cpu
            if start is not None and cpu >= start + moment.seconds:
                self.kill()
                return True
            time.sleep(0.01)
        self.kill()
        raise TimeoutError(f"{moment} did not come:\n{self.text()}")


def _main(
    arguments: list[str], log: str, die_at: FileCall | None, prepare: Callable[[], None] | None
) -> None:
    os.setsid()
    out = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    os.dup2(out, 1)
    os.dup2(out, 2)
    if prepare is not None:
        prepare()
    if die_at is not None:
        calls = itertools.count(1)
        for name in ("rename", "replace"):
            setattr(Path, name, _deadly(getattr(Path, name), die_at, calls, Path(log)))
    [command] = entry_points(group="console_scripts", name="zoufang")
    sys.argv = ["zoufang", *arguments]
    command.load()()


def _deadly(original: Rename, die_at: FileCall, calls: Iterator[int], log: Path) -> Rename:
    """Wrap a method of Path; which calls there were stands beside the log."""

    def call(path: Path, target: Path) -> Path:
        matches = fnmatch.fnmatch(str(path), die_at.match)
        hit = matches and next(calls) == die_at.number
        if matches:
            with log.with_suffix(".calls").open("a", encoding="utf-8") as told:
                told.write(f"{path}\n")
        if hit and die_at.when == "before":
            os.killpg(0, signal.SIGKILL)
        moved = original(path, target)
        if hit and die_at.when == "after":
            os.killpg(0, signal.SIGKILL)
        return moved

    return call
