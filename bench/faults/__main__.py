"""Every kind of fault: `python -m bench.faults --dir DIR [--kills 200] [--seed N] [--only KIND …]`.

DIR keeps inbox and homes for the next call. While it lasts, four processes query the published file of the
home at work. At the end one line a kind, how its cases ended; the last line is one JSON object: sums, and
cases and faults by kind. 1 if anything was found.
One Prefect server serves all runs that are forked (attempts.py); kinds that test the server's own start,
and a share of the kills, run the installed command.
Here: arguments, order, figures.  Not here: any fault (kills.py, disk.py, …).
"""

import argparse
import json
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

from prefect.settings import PREFECT_API_URL
from prefect.testing.utilities import prefect_test_harness

from bench.faults import KINDS
from bench.faults.attempts import QUIET
from bench.faults.clock import run_clock
from bench.faults.damage import run_lake, run_stopped
from bench.faults.disk import run_disk
from bench.faults.inputs import count_rows, run_inputs
from bench.faults.kills import Kills
from bench.faults.moving import run_moving
from bench.faults.permission import run_permission
from bench.faults.published import run_published
from bench.faults.readers import Readers
from bench.faults.stage import Expected, Stage
from bench.faults.tally import Tally
from bench.faults.together import run_together
from warehouse.publish import published_file
from warehouse.read import read_account

READERS = 4


def kinds(stage: Stage, tally: Tally, asked: argparse.Namespace) -> dict[str, Callable[[], None]]:
    """Return what runs each kind; each draws its own numbers: one alone does what it does among all."""
    whole, after = Expected.of(stage.whole), Expected.of(stage.next)

    def draw(kind: str) -> random.Random:
        return random.Random(f"{asked.seed} {kind}")

    return {
        "kill": lambda: Kills(stage, tally, draw("kill"), whole).run(asked.kills),
        "disk": lambda: run_disk(stage, tally, draw("disk"), whole),
        "permission": lambda: run_permission(stage, tally, draw("permission"), whole),
        "input": lambda: run_inputs(stage, tally, draw("input")),
        "lake": lambda: run_lake(stage, tally, draw("lake"), after, asked.files),
        "stopped": lambda: run_stopped(stage, tally, draw("stopped"), whole),
        "published": lambda: run_published(stage, tally, draw("published"), whole, after),
        "together": lambda: run_together(stage, tally, draw("together"), whole),
        "moving": lambda: run_moving(stage, tally, draw("moving"), whole),
        "clock": lambda: run_clock(stage, tally, whole, after),
    }


def run(asked: argparse.Namespace) -> int:
    """Run the kinds asked for, print what was found, and return the exit status."""
    stage, tally, started = Stage(asked.dir), Tally(asked.seed), time.monotonic()
    stage.prepare()
    with tally.case("rows", "every row of the inbox is in the account"):
        account = {row["source"]: row["rows_in"] for row in read_account(published_file(stage.whole))}
        counted = {source: n for source, n in count_rows(stage.inbox).items() if n}
        assert account == counted, f"account {account}, files {counted}"
    by_kind = kinds(stage, tally, asked)
    with Readers(stage.root, READERS) as readers:
        for kind in KINDS:
            if kind in asked.only:
                by_kind[kind]()
    for told in readers.failed[:20]:
        print(f"FAULT reader: {told}", flush=True)
    print("\n".join(["", *tally.lines()]))
    figures = {
        **tally.figures(),
        "reads": readers.reads,
        "failed_reads": len(readers.failed),
        "seconds": round(time.monotonic() - started),
    }
    print(json.dumps(figures, ensure_ascii=False))
    return 1 if readers.failed or sum(tally.found.values()) else 0


def main() -> None:
    """Run with a Prefect server that lasts as long as the cases do."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--only", nargs="+", default=KINDS, choices=KINDS, help="kinds to run; all by default"
    )
    parser.add_argument("--files", nargs="*", default=[""], help="lake: only patterns that hold such a text")
    asked = parser.parse_args()
    os.environ.update(QUIET)
    asked.dir.mkdir(parents=True, exist_ok=True)
    with prefect_test_harness(server_startup_timeout=120):
        os.environ["PREFECT_API_URL"] = str(PREFECT_API_URL.value())
        status = run(asked)
    sys.exit(status)


if __name__ == "__main__":
    main()
