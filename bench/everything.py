"""Every figure of operation, one bench after another, each beside its floor, its peer or its bound.

`python -m bench.everything --dir DIR [--skip NAME …] [--small]`: each bench in a process of its own, so that
none inherits another's memory; `--small` shows in minutes that all of them run, its figures mean nothing.
Ends with one line a bench, and with 1 if one of them failed or found anything; "missed": a bound does not
hold on this machine.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

SMALL = {
    "run": ["--enterprises", "9000", "--households", "1000"],
    "growth": ["--sizes", "2500", "10000"],
    "cluster": ["--enterprises", "4000", "--households", "1000"],
    "faults": ["--kills", "3", "--only", "kill"],
    "fuzz": ["--only", "sheet-"],
}
"""What makes a bench end within a minute or two."""


def benches(folder: Path, *, small: bool) -> dict[str, list[str]]:
    """Return the benches in order, by name, with their arguments."""
    own = ["--dir", str(folder)]
    found = {
        "run": own,
        "incremental": own,
        "growth": ["--dir", str(folder / "growth")],
        "cluster": ["--dir", str(folder / "cluster")],
        "faults": ["--dir", str(folder / "faults"), "--kills", "20"],
        "fuzz": [],
    }
    return {name: [*given, *(SMALL.get(name, []) if small else [])] for name, given in found.items()}


def run_bench(name: str, arguments: list[str]) -> tuple[int, dict[str, Any]]:
    """Run one bench, showing what it prints; return its exit status and the JSON of its last line."""
    last = ""
    command = [sys.executable, "-m", f"bench.{name}", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            last = line.strip() or last
    return process.returncode, json.loads(last) if last.startswith("{") else {}


def main() -> None:
    """Run them and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, default=Path("bench-data"))
    parser.add_argument("--skip", nargs="*", default=[])
    parser.add_argument("--small", action="store_true")
    asked = parser.parse_args()
    folder = asked.dir / "small" if asked.small else asked.dir
    folder.mkdir(parents=True, exist_ok=True)
    rows, failed = [], []
    for name, arguments in benches(folder, small=asked.small).items():
        if name in asked.skip:
            continue
        print(f"\n== bench.{name} {' '.join(arguments)}", flush=True)
        started = time.monotonic()
        status, figures = run_bench(name, arguments)
        failed += [name] if status else []
        rows.append((name, time.monotonic() - started, status, figures))
    print()
    for name, seconds, status, figures in rows:
        how = "failed" if status else "missed" if figures.get("holds") is False else "done"
        print(f"{name:12}{seconds:>7.0f} s  {how:7} {json.dumps(figures, ensure_ascii=False)}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
