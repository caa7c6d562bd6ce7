"""Planting the faults of faults.yml in a clean batch."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import copyfile
from typing import Any

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
    alone: bool = False

    @property
    def layer(self) -> str:
        """Return the layer that is gated: one alone, since the others cannot notice."""
        name = self.table.partition(".")[0]
        return "staged" if name == "quarantine" else name

    def joins(self, others: list["Fault"]) -> bool:
        """Return whether these can be planted in one batch: none hides what another fires."""
        return not self.alone and all(
            not other.alone
            and (self.layer, self.verdict) == (other.layer, other.verdict)
            and not set(self.fires) & set(other.fires)
            and (self.table == "candidate" or self.table != other.table)
            for other in others
        )

    def __str__(self) -> str:
        return f"{self.table}: {self.name}"


def read_faults() -> list[Fault]:
    """Return every fault of the file, in its order."""
    return [Fault(**raw) for raw in yaml.safe_load(FAULTS_FILE.read_text(encoding="utf-8"))]


def read_rounds() -> list[list[Fault]]:
    """Return the faults in rounds that are planted together: a gate costs seconds, whatever it finds."""
    rounds: list[list[Fault]] = []
    for fault in read_faults():
        for together in rounds:
            if fault.joins(together):
                together.append(fault)
                break
        else:
            rounds.append([fault])
    return rounds


def plant(
    faults: list[Fault], clean: GateRequest, folder: Path, known: Mapping[str, dict[str, Any]] | None = None
) -> GateRequest:
    """Return a request of the faults' layer alone, with the faults in it.

    `known`: what was answered of the clean lake, which a fault of the candidate leaves as it is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    layer = faults[0].layer
    if layer == "candidate":
        candidate = Path(copyfile(str(clean.candidate), folder / "candidate.duckdb"))
        with duckdb.connect(str(candidate)) as connection:
            for fault in faults:
                connection.execute(fault.statement)
        return replace(clean, folder=folder, candidate=candidate, known=known or {})
    kept = ("staged.", "quarantine.") if layer == "staged" else (f"{layer}.",)
    tables = {name: files for name, files in clean.tables.items() if name.startswith(kept)}
    for fault in faults:
        tables[fault.table] = [copy_sql(_planted_rows(fault, clean), folder / f"{fault.table}.parquet")]
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
