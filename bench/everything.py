"""Every figure of operation, one bench after another, each beside its floor, its peer or its bound.

`python -m bench.everything --dir DIR [--only NAME …] [--small]`: each bench in a process of its own, so that
none inherits another's memory. All take hours, so the next call takes up where this one was left: what a
bench found stands in DIR/figures/NAME.json and is shown, not measured again, while the program is the same;
remove the file to have it measured. `--small` shows in minutes that all run, its figures mean nothing.
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

from bench.faults import KINDS
from bench.kept import keep, kept

SMALL = {
    "run": ["--enterprises", "9000", "--households", "1000"],
    "incremental": [],
    "growth": ["--sizes", "2500", "10000"],
    "cluster": ["--enterprises", "4000", "--households", "1000"],
    "faults-kill": ["--kills", "3"],
    "fuzz": ["--only", "sheet-"],
}
WHOLE = {"run": ["--province"], "growth": ["--sizes", "1000000", "--provinces", "5"]}
"""What each is asked besides its folder: to end within a minute or two, or at full scale."""
AFTER_RUN = ("incremental", "growth")
"""Benches whose figures stand beside those of `run`: measured anew when it was."""


def benches(folder: Path, *, small: bool) -> dict[str, list[str]]:
    """Return the benches in order, by name, with the arguments of `python -m`."""
    province = ["--dir", str(folder / "province")]
    found = {
        "run": ["bench.run", *province],
        "incremental": ["bench.incremental", *province],
        "growth": ["bench.growth", "--dir", str(folder / "growth")],
        "cluster": ["bench.cluster", "--dir", str(folder / "cluster")],
        **{f"faults-{kind}": _faults(folder, kind) for kind in KINDS},
        "fuzz": ["bench.fuzz"],
    }
    if small:
        return {name: [*given, *SMALL.get(name, [])] for name, given in found.items() if name in SMALL}
    found["growth"] += ["--whole", str(folder / "province")]
    return {name: [*given, *WHOLE.get(name, [])] for name, given in found.items()}


def _faults(folder: Path, kind: str) -> list[str]:
    """Kills, half of the work, have a folder of their own, so another call may run them beside the others."""
    own = folder / ("kills" if kind == "kill" else "faults")
    return ["bench.faults", "--dir", str(own), "--only", kind]


def run_bench(arguments: list[str]) -> tuple[int, dict[str, Any]]:
    """Run one bench, showing what it prints; return its exit status and the JSON of its last line."""
    last = ""
    command = [sys.executable, "-m", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            last = line.strip() or last
    return process.returncode, json.loads(last) if last.startswith("{") else {}


def outcome(name: str, arguments: list[str], figures_of: Path) -> dict[str, Any]:
    """Return how a bench ended, its seconds and its figures, now or in a call before.

    `figures_of`: the folder in which what a bench found is kept.
    """
    file, run = figures_of / f"{name}.json", figures_of / "run.json"
    rests_on = [run.read_text(encoding="utf-8")] if name in AFTER_RUN and run.exists() else []
    before = kept(file, [*arguments, *rests_on])
    if before is not None:
        return {**before, "when": "before"}
    print(f"\n== {name}: {' '.join(arguments)}", flush=True)
    started = time.monotonic()
    status, figures = run_bench(arguments)
    how = "failed" if status else "missed" if figures.get("holds") is False else "done"
    told = {"how": how, "seconds": round(time.monotonic() - started), "figures": figures}
    if not status:
        keep(file, [*arguments, *rests_on], told)
    return {**told, "when": "now"}


def main() -> None:
    """Run them and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, default=Path("bench-data"))
    parser.add_argument("--only", nargs="+", metavar="NAME", default=[])
    parser.add_argument("--small", action="store_true")
    asked = parser.parse_args()
    folder = asked.dir / "small" if asked.small else asked.dir
    known = benches(folder, small=asked.small)
    if unknown := set(asked.only) - set(known):
        parser.error(f"{', '.join(sorted(unknown))}: not a bench; choose of {', '.join(known)}")
    ended = {name: outcome(name, arguments, folder / "figures")
             for name, arguments in known.items() if not asked.only or name in asked.only}  # fmt: skip
    print()
    for name, told in ended.items():
        figures = json.dumps(told["figures"], ensure_ascii=False)
        print(f"{name:18}{told['seconds']:>7,} s  {told['when']:7}{told['how']:7} {figures}")
    sys.exit(1 if any(told["how"] == "failed" for told in ended.values()) else 0)


if __name__ == "__main__":
    main()
