"""Readers of the published warehouse, as many processes as asked, that query it all the time as BI would.

`python -m bench.faults.readers ROOT NUMBER` is one of them: it reads ROOT/shown/warehouse/zoufang.duckdb
until its standard input is closed, and says at the end how often it did and what it could not believe.
Here: what a reader asks and expects.  Not here: what happens to the file meanwhile.
"""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from warehouse.publish import published_file

PAUSE, MOST_BUSY = 1.0, 0.03
"""Seconds between two reads, more where a read costs much: a reader leaves the processors to the runs."""
UNBALANCED = """
SELECT batch_id, source FROM meta_row_account
WHERE rows_in <> used + superseded + out_of_scope + excluded + quarantined
"""
LISTS = """
SELECT b.batch_id, b.run_id, b.version, count(f.batch_id) AS targets, any_value(a.used) AS used,
    (SELECT count(*) FROM meta_quality AS q WHERE q.run_id = b.run_id) AS checks,
    (SELECT max(h.targets) FROM mart_headlines AS h
     WHERE h.batch_id = b.batch_id AND h.region = 'province') AS headline
FROM dim_batch AS b
LEFT JOIN fact_visit_target AS f USING (batch_id)
LEFT JOIN meta_row_account AS a ON a.batch_id = b.batch_id AND a.source = 'registry'
GROUP BY b.batch_id, b.run_id, b.version
ORDER BY b.batch_id
"""
Seen = dict[str, int]
"""The version of each batch that a home showed."""


class Readers:
    """Processes that read as long as the context lasts; `told` says afterwards what they saw."""

    def __init__(self, root: Path, number: int) -> None:
        self.root, self.number = root, number
        self.reads, self.failed = 0, list[str]()
        self._processes: list[subprocess.Popen[str]] = []

    def __enter__(self) -> "Readers":
        command = [sys.executable, "-m", "bench.faults.readers", str(self.root)]
        self._processes = [
            subprocess.Popen(
                [*command, str(n)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                env=os.environ | {"POLARS_MAX_THREADS": "1"}, start_new_session=True,
            )
            for n in range(self.number)
        ]  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            out = process.communicate()[0] or '{"reads": 0, "failed": ["a reader died"]}'
            told = json.loads(out.splitlines()[-1])
            self.reads += told["reads"]
            self.failed += told["failed"]


def read_until_closed(root: Path, number: int) -> None:
    """Read again and again; one line of JSON at the end: reads, failed."""
    known: dict[str, int] = json.loads((root / "lists.json").read_text(encoding="utf-8"))
    seen: dict[Path, Seen] = {}
    reads, failed, pause = 0, list[str](), PAUSE
    while not select.select([sys.stdin], [], [], pause)[0]:
        busy = time.process_time()
        home = (root / "shown").readlink()
        try:
            faults: list[str] = _read(published_file(home), number, known, seen.setdefault(home, {}))
        except Exception as fault:
            faults = [f"{type(fault).__name__}: {fault}"]
        reads += 1
        pause = max(PAUSE, (time.process_time() - busy) / MOST_BUSY)
        failed += [f"{home.parent.name} at {time.strftime('%H:%M:%S')}: {fault}" for fault in faults]
    print(json.dumps({"reads": reads, "failed": failed}))


def _read(path: Path, number: int, known: dict[str, int], seen: Seen) -> list[str]:
    with _connected(path, number) as con:
        first = con.execute(LISTS).fetchall()
        faults = [
            f"{batch} {source}: rows unaccounted" for batch, source in con.execute(UNBALANCED).fetchall()
        ]
        if number % 4 == 3:
            # This one looks again, as a report left open does: its file must not change under it.
            time.sleep(2 * PAUSE)
            if con.execute(LISTS).fetchall() != first:
                faults.append("an open file changed under its reader")
    for listed, run, version, targets, used, checks, headline in first:
        if not targets == used == headline == known.get(run, targets) or not checks:
            faults.append(
                f"{listed} v{version} {run}: {targets} firms, account {used}, headline {headline}, "
                f"undisturbed {known.get(run)}, {checks} checks"
            )
    versions = {batch: version for batch, _, version, *_ in first}
    back = [batch for batch, version in seen.items() if versions.get(batch, 0) < version]
    if back and not list(path.parents[2].glob("may-go-back")):
        faults.append(f"went back: {seen} and then {versions}")
    seen.update(versions)
    return faults


@contextmanager
def _connected(path: Path, number: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the file itself, or attach it, as clients of both kinds do."""
    config: dict[str, str | bool | int | float | list[str]] = {"threads": 1, "memory_limit": "200MB"}
    if number % 2:
        with duckdb.connect(str(path), read_only=True, config=config) as con:
            con.execute("SET disabled_optimizers = 'compressed_materialization'")
            yield con
    else:
        with duckdb.connect(config=config) as con:
            con.execute("ATTACH ? AS w (READ_ONLY)", [str(path)])
            con.execute("SET disabled_optimizers = 'compressed_materialization'")
            con.execute("USE w")
            yield con


if __name__ == "__main__":
    read_until_closed(Path(sys.argv[1]), int(sys.argv[2]))
