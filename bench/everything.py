"""Every figure of operation, one bench after another, each beside its floor, its peer or its bound.

`python -m bench.everything --dir DIR [--skip NAME …]`: each bench in a process of its own, so that none
inherits another's memory. Ends with one line a bench, and with 1 if one of them failed.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def benches(folder: Path) -> dict[str, list[str]]:
    """Return the benches in order, by name, with their arguments."""
    own = ["--dir", str(folder)]
    return {
        "run": own,
        "incremental": own,
        "growth": ["--dir", str(folder / "growth")],
        "cluster": ["--dir", str(folder / "cluster")],
        "faults": ["--dir", str(folder / "faults"), "--kills", "20"],
        "fuzz": [],
    }


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
    asked = parser.parse_args()
    asked.dir.mkdir(parents=True, exist_ok=True)
    rows, failed = [], []
    for name, arguments in benches(asked.dir).items():
        if name in asked.skip:
            continue
        print(f"\n== bench.{name} {' '.join(arguments)}", flush=True)
        started = time.monotonic()
        status, figures = run_bench(name, arguments)
        failed += [name] if status else []
        rows.append((name, time.monotonic() - started, status, figures))
    print()
    for name, seconds, status, figures in rows:
        print(f"{name:12}{seconds:>7.0f} s  {'failed' if status else 'done  '}  {json.dumps(figures)}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
