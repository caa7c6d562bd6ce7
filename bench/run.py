"""A whole run at full scale against the floor: DuckDB reading the same files and writing Parquet.

`python -m bench.run --enterprises 900000 --households 100000 --dir DIR`: simulates an inbox unless DIR holds
one, runs `zoufang run` in a process of its own, then measures the floor on the same machine: the bare
transcoding of what is not UTF-8, and DuckDB on what came of it. `--province` is Zhejiang whole, 11.2 million
subjects. The last line is one JSON object, kept as `run.json` beside the inbox.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from bench.kept import program
from simulator.simulate import simulate
from warehouse.publish import published_file

AS_OF = date(2025, 3, 31)
PROVINCE = {"enterprises": 4_020_000, "households": 7_200_000}
"""Enterprises, branches and co-operatives; individual households (个体工商户)."""
RESULT = "run.json"
STEP = re.compile(r"^\[\s*([\d.]+)s cpu\s+([\d.]+)s\] ([a-z-]+[0-9]*)")


@dataclass(frozen=True)
class Measured:
    """One measured piece of work: seconds on the clock, seconds of processor, peak memory in MB."""

    wall: float
    cpu: float
    peak_mb: float


def run_once(inbox: Path, home: Path) -> tuple[Measured, list[tuple[str, float, float]]]:
    """Run the command on a home without data; return its cost and the (step, wall, cpu) of each step.

    Prefect's own database stays if a run before made it: a home makes it once, in some ten seconds.
    """
    for part in home.glob("[!.]*"):
        shutil.rmtree(part, ignore_errors=True)
    cost, log = run_again(inbox, home)
    return cost, _steps(log)


def run_again(inbox: Path, home: Path) -> tuple[Measured, str]:
    """Run the command on a home as it stands; return its cost and its messages."""
    log = home.with_suffix(".log")
    zoufang = Path(sys.executable).with_name("zoufang")
    command = [str(zoufang), "run", "--inbox", str(inbox), "--home", str(home)]
    started = time.monotonic()
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [*command, "--as-of", AS_OF.isoformat()], stderr=errors, stdout=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"the run failed; its messages are in {log}")
    wall = time.monotonic() - started
    cost = Measured(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
    return cost, log.read_text(encoding="utf-8", errors="replace")


def overhead(home: Path, wall: float) -> tuple[float, float]:
    """Return the seconds in which no step was at work (orchestration), and those waited for the gate alone.

    The gate measures the lake while the warehouse is built: what it takes then counts as the build's.
    The steps' times are of the run's report; before the first of them the command has started, found its
    inputs and begun Prefect.
    """
    report = json.loads(max(home.glob("runs/2*/report.json")).read_text(encoding="utf-8"))
    steps = sorted((s["began_seconds"], s["began_seconds"] + s["wall_seconds"], s["step"])
                   for s in report["durations"]["steps"])  # fmt: skip
    gate = sum(end - began for began, end, step in steps if step == "gate")
    busy, until = 0.0, 0.0
    for began, end, _ in steps:
        busy += max(0.0, end - max(began, until))
        until = max(until, end)
    return wall - busy, gate


def _steps(log: str) -> list[tuple[str, float, float]]:
    marks = [(m[3].split("-")[0], float(m[1]), float(m[2])) for m in map(STEP.match, log.splitlines()) if m]
    spent: dict[str, tuple[float, float]] = {}
    before = (0.0, 0.0)
    for name, wall, cpu in marks:
        old = spent.get(name, (0.0, 0.0))
        spent[name] = (old[0] + wall - before[0], old[1] + cpu - before[1])
        before = (wall, cpu)
    return [(name, *cost) for name, cost in spent.items()]


def simulated(folder: Path, asked: dict[str, int]) -> Path:
    """Return the folder's inbox, simulated as asked and whole; SystemExit if it holds another."""
    inbox, draft, note = folder / "inbox", folder / "inbox.draft", folder / "simulated.json"
    if not inbox.is_dir():
        shutil.rmtree(draft, ignore_errors=True)
        print(simulate(draft, **asked, as_of=AS_OF))
        note.write_text(json.dumps(asked), encoding="utf-8")
        draft.rename(inbox)
    elif note.exists() and json.loads(note.read_text(encoding="utf-8")) != asked:
        raise SystemExit(f"{inbox} is another draw ({note.read_text(encoding='utf-8')}); give another --dir")
    return inbox


def read_once(folder: Path) -> int:
    """Read every file of an inbox, or a home, and return their bytes: what the floor reads was just written.

    So both find in memory what there is room for, whatever ran on the machine before.
    """
    return sum(len(path.read_bytes()) for path in _files(folder))


def _files(inbox: Path) -> list[Path]:
    return sorted(p for p in inbox.rglob("*") if p.is_file() and "truth" not in p.parts)


def transcode(inbox: Path, out: Path) -> Measured:
    """Write every CSV of the inbox as UTF-8 and every workbook as CSV; the floor starts from these."""
    shutil.rmtree(out, ignore_errors=True)
    started, cpu = time.monotonic(), time.process_time()
    for path in _files(inbox):
        target = out / path.relative_to(inbox).with_suffix(".csv")
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".xlsx":
            pl.read_excel(path, infer_schema_length=0).write_csv(target)
            continue
        content = path.read_bytes()
        try:
            content.decode("utf-8")
        except UnicodeDecodeError:
            content = content.decode("gb18030", "replace").encode()
        target.write_bytes(content)
    return Measured(time.monotonic() - started, time.process_time() - cpu, 0)


def floor(folder: Path) -> Measured:
    """Read every file with DuckDB as text and write it as Parquet, two threads."""
    started, cpu = time.monotonic(), time.process_time()
    with duckdb.connect(config={"threads": 2}) as connection:
        for path in sorted(folder.rglob("*.csv")):
            read = connection.read_csv(str(path), all_varchar=True, ignore_errors=True, parallel=True)
            read.write_parquet(str(path.with_suffix(".parquet")))
    return Measured(time.monotonic() - started, time.process_time() - cpu, 0)


def main() -> None:
    """Print the run's cost, where it went, the floor and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--enterprises", type=int, default=900_000)
    parser.add_argument("--households", type=int, default=100_000)
    parser.add_argument(
        "--province", action="store_true", help="3.97 M firms, 0.05 M co-ops, 7.2 M households"
    )
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--dir", type=Path, default=Path("bench-data"))
    arguments = parser.parse_args()
    counts = {"enterprises": arguments.enterprises, "households": arguments.households}
    counts, version = PROVINCE if arguments.province else counts, program()
    inbox = simulated(arguments.dir, {**counts, "seed": arguments.seed})
    size = read_once(inbox)
    cost, steps = run_once(inbox, arguments.dir / "home")
    utf8 = arguments.dir / "utf8"
    bare, reading = transcode(inbox, utf8), floor(utf8)
    print(f"\n{'':22}{'wall s':>9}{'cpu s':>9}")
    for name, wall, cpu in steps:
        print(f"  {name:20}{wall:>9.1f}{cpu:>9.1f}")
    print(
        f"{'run':22}{cost.wall:>9.1f}{cost.cpu:>9.1f}   peak {cost.peak_mb:,.0f} MB, {size / 1e6:,.0f} MB in"
    )
    print(f"{'transcoding alone':22}{bare.wall:>9.1f}{bare.cpu:>9.1f}")
    print(f"{'floor (DuckDB)':22}{reading.wall:>9.1f}{reading.cpu:>9.1f}")
    print(f"run : DuckDB = {cost.wall / reading.wall:.1f}   run : (DuckDB + transcoding) = "
          f"{cost.wall / (reading.wall + bare.wall):.1f}")  # fmt: skip
    between, gate = overhead(arguments.dir / "home", cost.wall)
    print(
        f"orchestration {between:.1f} s + gate {gate:.1f} s = {(between + gate) / cost.wall:.1%} of the run"
    )
    told = _as_json(
        cost, reading.wall + bare.wall, arguments.dir / "home", (between + gate) / cost.wall,
        sum(counts.values()), version,
    )  # fmt: skip
    (arguments.dir / RESULT).write_text(told, encoding="utf-8")
    print(told)


def _as_json(
    cost: Measured, floor_seconds: float, home: Path, overhead_share: float, subjects: int, version: str
) -> str:
    """Return the figures of run and floor on one line; `rows`: of all files, as the account has it."""
    with duckdb.connect(str(published_file(home)), read_only=True) as connection:
        rows = connection.sql("SELECT sum(rows_in)::BIGINT FROM meta_row_account").fetchall()[0][0]
    return json.dumps({
        "seconds": round(cost.wall, 1), "floor_seconds": round(floor_seconds, 1),
        "ratio": round(cost.wall / floor_seconds, 2), "peak_rss_mb": round(cost.peak_mb), "rows": rows,
        "overhead_share": round(overhead_share, 3), "cpu_seconds": round(cost.cpu, 1), "subjects": subjects,
        "program": version,
    })  # fmt: skip


if __name__ == "__main__":
    main()
