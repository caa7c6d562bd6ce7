"""Planting the faults of faults.yml in a clean batch."""

from dataclasses import dataclass, replace
from pathlib import Path
from shutil import copyfile

import duckdb
import yaml
from gate_makers import copy_sql

from expectations.request import GateRequest

FAULTS_FILE = Path(__file__).parent / "faults.yml"


@dataclass(frozen=True)
class Fault:
    """One planted fault and the gates that must notice it, and no other."""

    name: str
    table: str
    fires: tuple[str, ...] = ()
    verdict: str = "blocked"
    query: str = ""
    columns: str = ""
    statement: str = ""

    def __str__(self) -> str:
        return f"{self.table}: {self.name}"


def read_faults() -> list[Fault]:
    """Return every fault of the file, in its order."""
    return [Fault(**raw) for raw in yaml.safe_load(FAULTS_FILE.read_text(encoding="utf-8"))]


def plant(fault: Fault, clean: GateRequest, folder: Path) -> GateRequest:
    """Return a request of the fault's layer alone, with the fault in it."""
    folder.mkdir(parents=True, exist_ok=True)
    if fault.table == "candidate":
        candidate = Path(copyfile(str(clean.candidate), folder / "candidate.duckdb"))
        with duckdb.connect(str(candidate)) as connection:
            connection.execute(fault.statement)
        return replace(clean, folder=folder, candidate=candidate)
    layer = "curated." if fault.table.startswith("curated.") else "staged."
    tables = {name: files for name, files in clean.tables.items() if name.startswith(layer)}
    tables[fault.table] = [copy_sql(_planted_rows(fault, clean), folder / "planted.parquet")]
    return replace(clean, folder=folder, tables=tables, candidate=None)


def _planted_rows(fault: Fault, clean: GateRequest) -> str:
    query = fault.query or (
        f"select * exclude (r) from (select * replace ({fault.columns})"
        " from (select *, row_number() over () as r from {t}))"
    )
    marks = {"{t}": fault.table, "{targets}": "curated.visit_targets", "{enterprises}": "curated.enterprises"}
    for mark, table in marks.items():
        query = query.replace(mark, f"'{clean.tables.get(table, [''])[0]}'")
    return query
