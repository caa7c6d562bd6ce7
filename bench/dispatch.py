"""Dispatch at the scale of the province: 3.3 million rows, 1,387 towns, beside writing the same rows as CSV.

    python -m bench.dispatch --dir DIR [--rows 3300000] [--largest 20000]

publishes a synthetic batch under DIR unless it holds one, runs `zoufang dispatch` in a process of its own and
watches the memory of it and its workers; the floor is Polars writing the same rows into one CSV file.
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import polars as pl

from bench.listed import publish_list, skewed_cities
from flows.batches import batch_files, read_pointers
from flows.home import Home
from warehouse.items import write_items
from warehouse.publish import published_file


def run_watched(command: list[str]) -> tuple[float, float, dict[str, object]]:
    """Run a command; return seconds, peak resident MB of it and all below it, and the JSON it prints."""
    started, peak = time.monotonic(), 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            peak = max(peak, _resident_mb(process.pid))
            time.sleep(0.2)
        printed = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return time.monotonic() - started, peak, json.loads(printed)


def _resident_mb(root: int) -> float:
    """Sum the resident memory of a process and everything below it (Linux)."""
    parents, sizes = {}, {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
        except (OSError, ValueError):
            continue
        pid = int(fields["Pid"])
        parents[pid], sizes[pid] = int(fields["PPid"]), int(fields.get("VmRSS", "0 kB").split()[0])
    below = {root}
    while grown := {pid for pid, parent in parents.items() if parent in below} - below:
        below |= grown
    return sum(sizes.get(pid, 0) for pid in below) / 1024


def floor_seconds(home: Path, folder: Path) -> float:
    """Stage the list as dispatch does, then time one plain CSV of it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    installed = Home(home.resolve())
    pointer = read_pointers(installed)[-1]
    files = batch_files(installed, pointer)
    tables = {"enterprises": files.enterprises, "rule_hits": files.rule_hits}
    write_items(published_file(installed.root), pointer.record.batch_id, tables, folder / "items")
    started = time.monotonic()
    pl.scan_parquet(folder / "items" / "*" / "*.parquet").sink_csv(folder / "all.csv")
    return time.monotonic() - started


def main() -> None:
    """Print seconds, rows a second, peak memory and the ratio to the floor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=3_300_000)
    parser.add_argument("--largest", type=int, default=20_000)
    arguments = parser.parse_args()
    home = arguments.dir / "home"
    if not published_file(home).exists():
        publish_list(home, skewed_cities(arguments.rows, arguments.largest, seed=1))
    shutil.rmtree(home / "dispatch", ignore_errors=True)
    zoufang = str(Path(sys.executable).with_name("zoufang"))
    command = [zoufang, "dispatch", "--home", str(home), "--json"]
    seconds, peak, told = run_watched(command)
    again, _, _ = run_watched(command)
    floor = floor_seconds(home, arguments.dir / "floor")
    files = [p for p in (home / "dispatch").rglob("*") if p.is_file()]
    size = sum(p.stat().st_size for p in files) / 1e6
    rows = int(str(told["rows"]))
    print(f"{rows:,} rows, {told['workbooks']:,} workbooks, {len(files):,} files, {size:,.0f} MB")
    print(f"dispatch {seconds:.1f} s, {rows / seconds:,.0f} rows/s, peak {peak:,.0f} MB in all processes")
    print(f"dispatched again {again:.1f} s; floor (one CSV) {floor:.1f} s, ratio {seconds / floor:.1f}")


if __name__ == "__main__":
    main()
