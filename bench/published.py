"""What a simulated province truly holds, and what the pipeline published of it, as frames that compare.

Here: reading truth/, lake and warehouse into the same shapes, and a batch screened anew.
Not here: the comparison (truth.py).
"""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from flows.batches import Pointer, batch_files, read_pointers
from flows.evidence_store import evidence_path
from flows.home import Home
from flows.split import ROUTED
from flows.what_if import screen_anew
from reference.rules_file import read_rules
from warehouse.publish import published_file
from warehouse.read import opened

ROW = ("source_file", "row_no")
TRUTH_TABLES = (
    "subjects", "rules", "links", "defects", "files", "changed_rules", "changed_decisions", "loan_book",
    "visit_book", "conflicts",
)  # fmt: skip


Pair = tuple[pl.DataFrame, pl.DataFrame]
"""What is expected and what was found: two frames of the same columns, one row per fact."""


@dataclass(frozen=True)
class Truth:
    """The tables of truth/, as the simulator wrote them (simulator/truth_files.py)."""

    subjects: pl.DataFrame
    rules: pl.DataFrame
    links: pl.DataFrame
    defects: pl.DataFrame
    files: pl.DataFrame
    changed_rules: pl.DataFrame
    changed_decisions: pl.DataFrame
    loan_book: pl.DataFrame
    visit_book: pl.DataFrame
    conflicts: pl.DataFrame

    @property
    def registered(self) -> pl.DataFrame:
        """Return the subjects that are on the register on the batch date."""
        return self.subjects.filter("on_register")


@dataclass(frozen=True)
class Lake:
    """The newest published batch: curated tables, census rows, evidence that counts, account."""

    enterprises: pl.DataFrame
    hits: pl.DataFrame
    targets: pl.DataFrame
    units: pl.DataFrame
    open_units: pl.DataFrame
    conflicts: pl.DataFrame
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


@dataclass(frozen=True)
class Screened:
    """Every subject under other rules or evidence: hits (subject_key, rule_id) and what `decide` says."""

    hits: pl.DataFrame
    decided: pl.DataFrame


def load_truth(inbox: Path) -> Truth:
    """Return the truth beside an inbox that `zoufang simulate` wrote."""
    return Truth(**{t: pl.read_parquet(inbox / "truth" / t / "*.parquet") for t in TRUTH_TABLES})


def load_lake(home: Path) -> Lake:
    """Return the newest published batch of a home."""
    installed = Home(home.resolve())
    pointer = read_pointers(installed)[-1]
    files = batch_files(installed, pointer)
    work = installed.run(pointer.record.run_id) / "work"
    routed = [path for source in ROUTED for path in sorted((work / source).glob("*.parquet"))]
    rows = [pl.scan_parquet(p).select(*ROW, "subject_key") for p in routed]
    return Lake(
        enterprises=pl.read_parquet(list(files.enterprises)),
        hits=pl.read_parquet(list(files.rule_hits)).select("subject_key", "rule_id", "severity"),
        targets=pl.read_parquet(list(files.visit_targets)),
        units=pl.read_parquet(sorted((work / "units").glob("*.parquet"))),
        open_units=pl.read_parquet(sorted((work / "open_units").glob("*.parquet"))),
        conflicts=pl.read_parquet([p for p in _conflict_files(installed, pointer) if p.exists()]),
        evidence=pl.concat(rows).collect(),
        quarantine=pl.read_parquet(installed.quarantine / "*" / "*" / "*.parquet"),
        account=pl.read_parquet(list(files.account)),
        warehouse=published_file(installed.root),
    )


def _conflict_files(home: Home, pointer: Pointer) -> list[Path]:
    record = pointer.record
    return [home.curated("link_conflicts", record.as_of, city, record.run_id) for city in pointer.units]


def screened_anew(home: Path, rules_file: Path, work: Path | None = None) -> Screened:
    """Return the newest batch under the rules of a file, on its own evidence or on that of a folder."""
    installed = Home(home.resolve())
    pointer = read_pointers(installed)[-1]
    folder = work or evidence_path(installed, pointer.record.run_id)
    cities = list(screen_anew(installed, pointer, folder, read_rules(rules_file)))
    hits = pl.concat([city.hits for city in cities]).select("subject_key", "rule_id")
    return Screened(hits.collect(), pl.concat([city.decided for city in cities]).collect())


def warehouse_table(lake: Lake, query: str) -> pl.DataFrame:
    """Return the rows of a query on the published warehouse."""
    with opened(lake.warehouse) as con:
        return pl.DataFrame(con.sql(query).to_arrow_table())
