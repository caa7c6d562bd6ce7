"""Malformed files of every kind against every reader: a clear refusal or rows that add up, in bounded memory.

`python -m bench.fuzz [--seed N] [--only TEXT]`: the whole corpus, in two processes of their own with a limit
of memory and of time a file. Ends with 1 if a single file broke a promise.
Here: processes and limits.  Not here: the corpus (fuzz_text.py, …), the judgement (fuzz_judge.py).
"""

import argparse
import json
import os
import random
import resource
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.fuzz_books import book_cases
from bench.fuzz_case import Case
from bench.fuzz_files import file_cases
from bench.fuzz_text import text_cases

GROWTH_MB = 1_024
"""What reading a file may add to the memory of its process; a workbook has 3 GB more, in a process apart."""
SECONDS = 60
PROCESSES = 2


@dataclass(frozen=True)
class Verdict:
    """What became of one case: refused, read or a fault and which; seconds, and MB the process grew by."""

    name: str
    outcome: str
    seconds: float
    grown_mb: float
    told: str = ""


def corpus(seed: int) -> list[Case]:
    """Return every case, the same for the same seed."""
    return [*text_cases(random.Random(seed)), *book_cases(random.Random(seed)), *file_cases()]


def run_cases(names: Sequence[str], seed: int, processes: int = PROCESSES) -> list[Verdict]:
    """Judge the named cases in processes of their own, and return their verdicts."""
    verdicts: list[Verdict] = []
    waiting = list(reversed(names))

    def work() -> None:
        while waiting:
            _until_it_dies(waiting, seed, verdicts)

    threads = [threading.Thread(target=work) for _ in range(processes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return verdicts


def _until_it_dies(waiting: list[str], seed: int, verdicts: list[Verdict]) -> None:
    """Give one process case after case; a case that ends it, or takes too long, is its fault."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder, _child(seed, folder) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdout.readline()
        while waiting:
            try:
                name = waiting.pop()
            except IndexError:
                break
            started = time.monotonic()
            child.stdin.write(name.encode() + b"\n")
            child.stdin.flush()
            ready = select.select([child.stdout], [], [], SECONDS)[0]
            line = child.stdout.readline() if ready else b""
            if not line:
                child.kill()
                died = f"the process died ({child.wait()})" if ready else f"no answer in {SECONDS} s"
                verdicts.append(_told(Verdict(name, "fault", time.monotonic() - started, 0, died)))
                return
            verdicts.append(_told(Verdict(**json.loads(line))))
        child.stdin.close()
        child.wait()


def _told(verdict: Verdict) -> Verdict:
    if verdict.outcome == "fault":
        print(f"FAULT {verdict.name}: {verdict.told} ({verdict.seconds:.1f} s)", flush=True)
    return verdict


def _child(seed: int, folder: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "bench.fuzz", "--child", folder, "--seed", str(seed)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        env=os.environ | {"POLARS_MAX_THREADS": "2", "RUST_BACKTRACE": "0"},
    )


def _serve(folder: Path, seed: int) -> None:
    """Judge the cases whose names come in; one line of JSON each."""
    from bench.fuzz_judge import judge

    cases = {case.name: case for case in corpus(seed)}
    print("ready", flush=True)
    for line in sys.stdin:
        case, before, started, told = cases[line.rstrip("\n")], _reset_peak(), time.monotonic(), ""
        try:
            outcome = judge(case, folder / "case")
        except BaseException as fault:
            outcome, told = "fault", f"{type(fault).__name__}: {str(fault)[:400]}"
        grown = _status("VmHWM") - before
        if outcome != "fault" and grown > GROWTH_MB:
            outcome, told = "fault", f"grew by {grown:,.0f} MB"
        verdict = {"name": case.name, "outcome": outcome, "seconds": time.monotonic() - started}
        print(json.dumps({**verdict, "grown_mb": grown, "told": told}), flush=True)


def _reset_peak() -> float:
    """Forget the peak so far, allow three times what is promised, and return the MB in use."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    most = int(_status("VmSize") + 3 * GROWTH_MB) << 20
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))
    return _status("VmRSS")


def _status(field: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field + ":"))


def main() -> None:
    """Run the corpus and print what became of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="cases whose names hold this text")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        _serve(asked.child, asked.seed)
        return
    names = [case.name for case in corpus(asked.seed) if asked.only in case.name]
    started = time.monotonic()
    verdicts = run_cases(names, asked.seed)
    figures: dict[str, Any] = {
        "files": len(verdicts),
        **Counter(verdict.outcome for verdict in verdicts),
        "seconds": round(time.monotonic() - started),
        "slowest_seconds": round(max(verdict.seconds for verdict in verdicts), 1),
        "most_grown_mb": round(max(verdict.grown_mb for verdict in verdicts)),
    }
    print(json.dumps(figures))
    if len(verdicts) < len(names) or figures.get("fault"):
        sys.exit(1)


if __name__ == "__main__":
    main()
