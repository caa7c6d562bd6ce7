"""How cost grows with the province: runs of several sizes, and several provinces one after another.

`python -m bench.growth --dir DIR --sizes 250000 1000000 [--provinces 4]`: each size simulated, run and
removed; `--provinces`: that many whole provinces of 11.2 million subjects besides, each with a seed of its
own, their seconds added up; `--whole DIR …`: the provinces that `bench.run --province` measured there are
the first of them. DIR/SEED-SUBJECTS/inbox may have been simulated before, whole; what was measured stays in
DIR/SEED-SUBJECTS.json and is not measured again while the program is the same.
Prints seconds, peak memory and the exponents between neighbours; the last line is one JSON object.
"""

import argparse
import json
import math
import shutil
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from bench.kept import keep, kept, program
from bench.run import PROVINCE, RESULT, read_once, run_once, simulated

HOUSEHOLDS = 0.64
"""Share of individual households among the subjects, as in Zhejiang."""
SEED = 11
MOST_EXPONENT = 1.05


@dataclass(frozen=True)
class Point:
    """One size: subjects, seconds by the clock and of the processors, and the highest peak of memory."""

    subjects: int
    wall: float
    cpu: float
    peak_mb: float


def measured(folder: Path, enterprises: int, households: int, seed: int) -> Point:
    """Simulate an inbox, unless it is there already, run it from nothing, remove both, and keep the cost."""
    own = folder / f"{seed}-{enterprises + households}"
    file, arguments = own.with_suffix(".json"), [str(enterprises), str(households), str(seed)]
    if before := kept(file, arguments):
        shutil.rmtree(own, ignore_errors=True)
        return Point(**before)
    inbox = simulated(own, {"enterprises": enterprises, "households": households, "seed": seed})
    read_once(inbox)
    cost, _ = run_once(inbox, own / "home")
    point = Point(enterprises + households, cost.wall, cost.cpu, cost.peak_mb)
    keep(file, arguments, asdict(point))
    shutil.rmtree(own)
    return point


def measured_before(folder: Path) -> Point:
    """Return what `bench.run` measured in a folder."""
    told = json.loads((folder / RESULT).read_text(encoding="utf-8"))
    if (told.get("subjects"), told.get("program")) != (sum(PROVINCE.values()), program()):
        raise SystemExit(
            f"{folder / RESULT} is not of a whole province by this program: "
            f"run python -m bench.run --province --dir {folder}"
        )
    return Point(told["subjects"], told["seconds"], told["cpu_seconds"], told["peak_rss_mb"])


def exponent(small: Point, large: Point) -> float:
    """Return b of cost = a × subjects ** b, for processor seconds: they suffer less from neighbours."""
    return math.log(large.cpu / small.cpu) / math.log(large.subjects / small.subjects)


def main() -> None:
    """Print one line a size and the exponents between them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, default=Path("bench-data/growth"))
    parser.add_argument("--sizes", type=int, nargs="+", default=[250_000, 1_000_000])
    parser.add_argument("--provinces", type=int, default=0)
    parser.add_argument("--whole", type=Path, nargs="*", default=[])
    asked = parser.parse_args()
    points = []
    for size in asked.sizes:
        households = round(size * HOUSEHOLDS)
        points.append(measured(asked.dir, size - households, households, SEED))
        print(_told(points[-1]), flush=True)
    runs = [measured_before(folder) for folder in asked.whole]
    for seed in range(SEED, SEED + asked.provinces - len(runs)):
        runs.append(measured(asked.dir, **PROVINCE, seed=seed))
        print(_told(runs[-1]), flush=True)
    if runs:
        points.append(runs[0])
    if len(runs) > 1:
        subjects, peak = sum(run.subjects for run in runs), max(run.peak_mb for run in runs)
        points.append(Point(subjects, sum(run.wall for run in runs), sum(run.cpu for run in runs), peak))
        print(_told(points[-1]), flush=True)
    exponents = [exponent(*pair) for pair in pairwise(points)]
    print(json.dumps({
        "subjects": [p.subjects for p in points], "seconds": [round(p.wall, 1) for p in points],
        "cpu_seconds": [round(p.cpu, 1) for p in points], "peak_rss_mb": [round(p.peak_mb) for p in points],
        "exponents": [round(e, 3) for e in exponents], "holds": all(e <= MOST_EXPONENT for e in exponents),
    }))  # fmt: skip


def _told(point: Point) -> str:
    return (
        f"{point.subjects:>12,} subjects {point.wall:>8.1f} s {point.cpu:>8.1f} cpu s "
        f"{point.peak_mb:>7,.0f} MB peak {point.wall / point.subjects * 1e6:>7.1f} s a million"
    )


if __name__ == "__main__":
    main()
