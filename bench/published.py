"""What a simulated province truly holds, and what the pipeline published of it, as frames that compare.

Here: reading truth/, lake and warehouse into the same shapes.
Not here: the comparison (truth.py).
"""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from flows.batches import batch_files, read_pointers
from flows.home import Home
from warehouse.publish import published_file
from warehouse.read import opened

ROW = ("source_file", "row_no")
TRUTH_TABLES = ("subjects", "rules", "links", "defects", "files")


@dataclass(frozen=True)
class Truth:
    """The tables of truth/, as the simulator wrote them (simulator/truth_files.py)."""

    subjects: pl.DataFrame
    rules: pl.DataFrame
    links: pl.DataFrame
    defects: pl.DataFrame
    files: pl.DataFrame

    @property
    def registered(self) -> pl.DataFrame:
        """Return the subjects that are on the register on the batch date."""
        return self.subjects.filter("on_register")


@dataclass(frozen=True)
class Lake:
    """The newest published batch: curated tables, linked census rows, evidence that counts, account."""

    enterprises: pl.DataFrame
    hits: pl.DataFrame
    targets: pl.DataFrame
    units: pl.DataFrame
    evidence: pl.DataFrame
    quarantine: pl.DataFrame
    account: pl.DataFrame
    warehouse: Path


@dataclass(frozen=True)
class Province:
    """A simulated province after one whole run: its folders, its truth and what was published."""

    inbox: Path
    home: Path
    truth: Truth
    lake: Lake


def load_truth(inbox: Path) -> Truth:
    """Return the truth beside an inbox that `zoufang simulate` wrote."""
    return Truth(**{t: pl.read_parquet(inbox / "truth" / t / "*.parquet") for t in TRUTH_TABLES})


def load_lake(home: Path) -> Lake:
    """Return the newest published batch of a home."""
    installed = Home(home.resolve())
    pointer = read_pointers(installed)[-1]
    files = batch_files(installed, pointer)
    work = installed.run(pointer.record.run_id) / "work"
    routed = [path for path in sorted(work.glob("*/*.parquet")) if path.parent.name not in NOT_EVIDENCE]
    rows = [pl.scan_parquet(p).select(*ROW, "subject_key") for p in routed]
    return Lake(
        enterprises=pl.read_parquet(list(files.enterprises)),
        hits=pl.read_parquet(list(files.rule_hits)).select("subject_key", "rule_id", "severity"),
        targets=pl.read_parquet(list(files.visit_targets)),
        units=pl.read_parquet(sorted((work / "units").glob("*.parquet"))),
        evidence=pl.concat(rows).collect(),
        quarantine=pl.read_parquet(installed.quarantine / "*" / "*" / "*.parquet"),
        account=pl.read_parquet(list(files.account)),
        warehouse=published_file(installed.root),
    )


NOT_EVIDENCE = ("subjects", "units", "open_units", "shared")


def warehouse_table(lake: Lake, query: str) -> pl.DataFrame:
    """Return the rows of a query on the published warehouse."""
    with opened(lake.warehouse) as con:
        return pl.DataFrame(con.sql(query).to_arrow_table())
