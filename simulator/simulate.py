"""A synthetic Zhejiang: the inbox as bureaus hand it over, and the truth beside it.

Here: the split into cities and chunks, and the order in which a chunk is drawn and written.
Not here: what is drawn (subjects.py, evidence.py, census.py), how it is spelled (registry.py, files.py),
what is told of it (truth_files.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from reference.contracts import Contract, load_contracts
from simulator import evidence, records
from simulator.census import census_units, extra_units, other_units
from simulator.census_conflicts import settled_where_seen, told_otherwise, with_told
from simulator.early_reports import with_early_reports
from simulator.faults import fault_rows, known_rows, with_unit_faults
from simulator.files import FORMATS, XLSX_ROWS, as_text_cells, dated, headers, write_rows, write_truth
from simulator.loan_book import loan_book
from simulator.places import City, load_cities
from simulator.registry import DATE_STYLES, draw_damage, register_rows, row_defects
from simulator.shared import plant_shared
from simulator.subjects import draw_subjects
from simulator.truth import gather_facts
from simulator.truth_conflicts import conflict_rows
from simulator.truth_files import link_rows, write_truths
from simulator.truth_shared import group_members, group_rules
from simulator.visit_book import visit_book

CHUNK = 100_000
WEIGHTS = {
    "3301": 0.20, "3302": 0.14, "3303": 0.13, "3304": 0.08, "3305": 0.05, "3306": 0.08,
    "3307": 0.17, "3308": 0.025, "3309": 0.01, "3310": 0.09, "3311": 0.025,
}  # fmt: skip
BRANCH_SHARE, COOP_SHARE = 0.04, 0.0125


@dataclass
class SimulationReport:
    """What was written: subjects, files, and rows per source."""

    subjects: int = 0
    files: int = 0
    rows: dict[str, int] = field(default_factory=dict)

    def add(self, subjects: int, files: list[dict[str, Any]]) -> None:
        """Count one chunk: its subjects, and its files with source and rows."""
        self.subjects += subjects
        self.files += len(files)
        for file in files:
            self.rows[file["source"]] = self.rows.get(file["source"], 0) + file["rows"]


@dataclass(frozen=True)
class _Chunk:
    city: City
    turn: int
    part: int
    classes: np.ndarray[tuple[int], np.dtype[np.str_]]
    first_serial: int

    @property
    def stem(self) -> str:
        """Name of the chunk's files."""
        return f"{self.city.code}_{self.city.name}_{self.part + 1:02d}"


def simulate(out: Path, *, enterprises: int, households: int = 0, seed: int, as_of: date) -> SimulationReport:
    """Write OUT/<source>/… and OUT/truth/…; the same arguments give the same bytes.

    `enterprises` counts firms, branches and co-operatives. Memory holds one chunk of one city.
    """
    report, contracts = SimulationReport(), load_contracts()
    members = [
        _write_chunk(out, chunk, contracts, as_of, seed, report)
        for chunk in _chunks(enterprises, households, seed)
    ]
    write_truth(out / "truth" / "rules" / "shared.parquet", group_rules(pl.concat(members)))
    return report


def _chunks(enterprises: int, households: int, seed: int) -> Iterator[_Chunk]:
    """The province in chunks of one city each; serial numbers run through."""
    serial = 1
    for turn, city in enumerate(load_cities()):
        rng = np.random.default_rng([seed, turn])
        counts = [_share(total, city.code) for total in (enterprises, households)]
        total, part = sum(counts), 0
        while total > part * CHUNK:
            size = min(CHUNK, total - part * CHUNK)
            homes = round(size * counts[1] / total)
            yield _Chunk(city, turn, part, _classes(size - homes, homes, rng), serial)
            serial, part = serial + size, part + 1


def _share(total: int, code: str) -> int:
    """What a city gets; shares by running sums add up to the total."""
    codes = list(WEIGHTS)
    before = sum(WEIGHTS[c] for c in codes[: codes.index(code)])
    return round(total * (before + WEIGHTS[code])) - round(total * before)


def _classes(firms: int, homes: int, rng: np.random.Generator) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    branches, coops = round(firms * BRANCH_SHARE), round(firms * COOP_SHARE)
    classes = np.array(
        ["branch"] * branches + ["coop"] * coops + ["household"] * homes
        + ["enterprise"] * (firms - branches - coops)
    )  # fmt: skip
    return rng.permutation(classes)


def _write_chunk(
    out: Path, chunk: _Chunk, contracts: dict[str, Contract], as_of: date, seed: int, report: SimulationReport
) -> pl.DataFrame:
    """Draw one chunk, write its files and its part of the truth; return who shares with other cities."""
    rng = np.random.default_rng([seed, chunk.turn, chunk.part])
    drawn = draw_subjects(chunk.city, chunk.classes, chunk.first_serial, as_of, rng)
    drawn = plant_shared(drawn, chunk.turn, chunk.part, as_of)
    subjects = draw_damage(evidence.with_figures(drawn, rng), rng)
    units = census_units(subjects, rng)
    known = subjects.filter(~pl.col("is_later"))
    # A stream of its own: feeds can be added without another province coming of the same seed.
    stream = np.random.default_rng([seed, chunk.turn, chunk.part, 1])
    sources = {
        **evidence.all_evidence(known, as_of, rng),
        **records.all_dated(known, chunk.turn, as_of, stream),
    }
    sources = with_early_reports(evidence.with_decisions(sources, known, as_of, stream), known, as_of)
    all_units = with_unit_faults(pl.concat([units, extra_units(units, subjects, rng)]), rng)
    others = other_units(subjects)
    census = pl.concat([all_units[rng.permutation(len(all_units))], others], how="diagonal")
    told_apart = told_otherwise(units, subjects)
    census = with_told(census, told_apart)
    defects, files = [], []
    register = _write_registry(out, chunk, subjects, contracts["registry"], as_of, rng)
    for file, rows, planted in [register, *(
        _write_source(out, chunk, contracts[source], frame, as_of)
        for source, frame in {**sources, "census": census}.items() if not frame.is_empty()
    )]:  # fmt: skip
        defects.append(planted)
        files.append({"source": file.split("/")[0], "source_file": file, "rows": rows})
    report.add(len(subjects), files)
    known_units = pl.concat([units, others])
    books = {"loan_book": loan_book(known, as_of), "visit_book": visit_book(known, as_of)}
    told = {s: known_rows(rows) for s, rows in sources.items()} | books
    facts = settled_where_seen(gather_facts(subjects, told, known_units, as_of), told_apart)
    census_file = _source_file(chunk, contracts["census"], as_of)
    tables = {
        "links": link_rows(census, census_file),
        "conflicts": conflict_rows(facts, census, told["annual_reports"], census_file, as_of),
        "defects": pl.concat(defects), "files": pl.DataFrame(files), **books,
    }  # fmt: skip
    write_truths(out / "truth", chunk.stem, facts, tables, as_of)
    return group_members(facts)


def _write_registry(
    out: Path, chunk: _Chunk, subjects: pl.DataFrame, contract: Contract, as_of: date,
    rng: np.random.Generator,
) -> tuple[str, int, pl.DataFrame]:  # fmt: skip
    """Write the register file; return its name in the inbox, its rows and its planted defects."""
    is_xlsx = chunk.turn % 4 == 0 and len(subjects) * 1.03 <= XLSX_ROWS
    form = "xlsx" if is_xlsx else FORMATS[chunk.turn % 3]
    rows = register_rows(subjects, as_of, chunk.turn % 4, with_broken=form != "xlsx", rng=rng)
    file = f"registry/{dated(chunk.stem, as_of, form)}"
    columns = [c for c in rows.columns if c not in ("serial", "kind")]
    write_rows(out / file, rows, headers(contract, columns, chunk.turn), form)
    return file, len(rows), row_defects(rows, subjects, file)


def _write_source(
    out: Path, chunk: _Chunk, contract: Contract, frame: pl.DataFrame, as_of: date
) -> tuple[str, int, pl.DataFrame]:
    """Write one file of one of the other sources; return its name, its rows and its planted defects."""
    known = {column.name for column in contract.columns}
    cells = as_text_cells(frame.select(c for c in frame.columns if c in known), DATE_STYLES[chunk.turn % 3])
    file = _source_file(chunk, contract, as_of)
    write_rows(out / file, cells, headers(contract, cells.columns, chunk.turn), _form(chunk, contract))
    return file, len(frame), fault_rows(frame, contract.source, file)


def _source_file(chunk: _Chunk, contract: Contract, as_of: date) -> str:
    return f"{contract.source}/{dated(chunk.stem, as_of, _form(chunk, contract))}"


def _form(chunk: _Chunk, contract: Contract) -> str:
    return FORMATS[(chunk.turn + len(contract.source)) % 3]
