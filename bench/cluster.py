"""A run by 1, 2 and 4 Dask workers beside one by threads: seconds, speed-up, efficiency, and the same bytes.

`python -m bench.cluster --dir DIR`: simulates an inbox unless DIR holds one; each run from nothing, workers
of one processor each, once in a home they share and once over a lake in an object store on loopback. Only
as many workers as there are processors can be faster: the others show what more of them cost. The last line
is one JSON object; 1 if a run gave other bytes.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from bench.object_store import BUCKET, object_store
from bench.run import AS_OF, simulated
from flows.known_bytes import hash_file

WORKERS = (1, 2, 4)
LAST_SPREAD = "city-"
HASH_KEY = "one key for all homes of this bench"


@dataclass(frozen=True)
class Ran:
    """One run: seconds from command to end, of the part that is spread over workers, and of processors."""

    name: str
    workers: int
    seconds: float
    spread_seconds: float
    cpu_seconds: float


def measured(name: str, workers: int, command: list[str], home: Path, environment: dict[str, str]) -> Ran:
    """Run a command on a home without data; Prefect's own database stays."""
    for part in home.glob("[!.]*"):
        shutil.rmtree(part)
    with home.with_suffix(".log").open("wb") as errors:
        started = time.monotonic()
        process = subprocess.Popen(command, stderr=errors, stdout=errors, env=os.environ | environment)
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"the run failed ({status}); its messages are in {home.with_suffix('.log')}")
    return Ran(name, workers, time.monotonic() - started, spread(home), usage.ru_utime + usage.ru_stime)


def spread(home: Path) -> float:
    """Return the seconds from the beginning of ingest to the end of the last city."""
    [report] = home.glob("runs/*/report.json")
    steps: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))["durations"]["steps"]
    began = next(step["began_seconds"] for step in steps if step["step"] == "ingest")
    cities = [step for step in steps if step["step"].startswith(LAST_SPREAD)]
    return float(max(step["began_seconds"] + step["wall_seconds"] for step in cities) - began)


def curated(home: Path) -> dict[str, str]:
    """Return every curated file of a home by its hash."""
    lake = home / "lake" / "curated"
    return {str(path.relative_to(lake)): hash_file(path) for path in sorted(lake.rglob("*.parquet"))}


def main() -> None:
    """Print one line a run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, default=Path("bench-data/cluster"))
    parser.add_argument("--enterprises", type=int, default=100_000)
    parser.add_argument("--households", type=int, default=150_000)
    asked = parser.parse_args()
    asked.dir.mkdir(parents=True, exist_ok=True)
    home = asked.dir / "home"
    counts = {"enterprises": asked.enterprises, "households": asked.households}
    inbox = simulated(asked.dir, {**counts, "seed": 3})
    zoufang = Path(sys.executable).with_name("zoufang")
    command = [str(zoufang), "run", "--inbox", str(inbox), "--home", str(home), "--as-of", str(AS_OF)]
    key = {"ZOUFANG_HASH_KEY": HASH_KEY}
    processors = len(os.sched_getaffinity(0))
    print(f"{processors} processors; efficiency is of as many workers as there are processors at most")
    print(f"{'':18}{'seconds':>9}{'spread':>9}{'cpu s':>9}{'speed-up':>10}{'efficiency':>12}  curated")
    ran, others = [measured("threads", 1, command, home, key)], list[str]()
    expected = curated(home)
    print(_told(ran[0], ran[0], processors, True), flush=True)
    with object_store(asked.dir / "store.log") as store:
        for kind in ("home", "lake"):
            for count in WORKERS:
                lake = ["--lake", f"s3://{BUCKET}/{count}"] if kind == "lake" else []
                own = {**key, **store.environment, "POLARS_MAX_THREADS": "1"}
                options = ["--runner", "dask", "--workers", str(count), *lake]
                ran.append(measured(kind, count, [*command, *options], home, own))
                first = next(one for one in ran if one.name == kind)
                is_same = curated(home) == expected
                others += [] if is_same else [f"{count} workers, {kind}"]
                print(_told(ran[-1], first, processors, is_same), flush=True)
        used = psutil.Process(store.pid).cpu_times()
    print(f"the store itself worked {used.user + used.system:.1f} processor seconds for the last three")
    shutil.rmtree(home)
    print(json.dumps({
        "processors": processors,
        "threads_seconds": round(ran[0].seconds, 1),
        **{
            f"{kind}_{what}": [round(getattr(one, what), 1) for one in ran if one.name == kind]
            for kind in ("home", "lake") for what in ("seconds", "spread_seconds")
        },
        "workers": list(WORKERS),
        "other_bytes": others,
    }))  # fmt: skip
    sys.exit(1 if others else 0)


def _told(one: Ran, first: Ran, processors: int, is_same: bool) -> str:
    speedup = first.spread_seconds / one.spread_seconds
    name = one.name if one.name == "threads" else f"{one.workers} workers, {one.name}"
    return (
        f"{name:18}{one.seconds:>9.1f}{one.spread_seconds:>9.1f}{one.cpu_seconds:>9.1f}{speedup:>10.2f}"
        f"{speedup / min(one.workers, processors):>12.2f}  {'the same' if is_same else 'OTHER BYTES'}"
    )


if __name__ == "__main__":
    main()
