"""A synthetic Zhejiang: the inbox as bureaus hand it over, and the truth beside it.

Here: the split into cities and chunks, and the order in which a chunk is drawn and written.
Not here: what is drawn (subjects.py, evidence.py, census.py), how it is spelled (registry.py, files.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from reference.contracts import Contract, load_contracts
from simulator import evidence
from simulator.census import census_units, extra_units
from simulator.files import FORMATS, XLSX_ROWS, as_text_cells, dated, headers, write_rows, write_truth
from simulator.places import WITHOUT_TOWN, City, load_cities
from simulator.registry import DAMAGES, DATE_STYLES, EXTRA_ROWS, draw_damage, register_rows, row_defects
from simulator.subjects import draw_subjects
from simulator.truth import decisions, fired_rules, gather_facts, rule_rows

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


@dataclass(frozen=True)
class _Chunk:
    city: City
    turn: int
    part: int
    classes: np.ndarray[tuple[int], np.dtype[np.str_]]
    first_serial: int


def simulate(out: Path, *, enterprises: int, households: int = 0, seed: int, as_of: date) -> SimulationReport:
    """Write OUT/<source>/… and OUT/truth/…; the same arguments give the same bytes.

    `enterprises` counts firms, branches and co-operatives. Memory holds one chunk of one city.
    """
    report, contracts = SimulationReport(), load_contracts()
    for chunk in _chunks(enterprises, households, seed):
        _write_chunk(out, chunk, contracts, as_of, seed, report)
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
) -> None:
    """Draw one chunk, write its files and its part of the truth."""
    rng = np.random.default_rng([seed, chunk.turn, chunk.part])
    drawn = draw_subjects(chunk.city, chunk.classes, chunk.first_serial, as_of, rng)
    subjects = draw_damage(evidence.with_figures(drawn, rng), rng)
    units = census_units(subjects, rng)
    sources = {
        "annual_reports": evidence.annual_reports(subjects, as_of, rng),
        "abnormal_list": evidence.abnormal_list(subjects, as_of, rng),
        "serious_violations": evidence.serious_violations(subjects, as_of, rng),
        "judgment_defaulters": evidence.judgment_defaulters(subjects, as_of, rng),
        "customs": evidence.customs(subjects, as_of),
        "tech_lists": evidence.tech_lists(subjects, as_of, rng),
    }
    report.subjects += len(subjects)
    stem = f"{chunk.city.code}_{chunk.city.name}_{chunk.part + 1:02d}"
    defects = _write_registry(out, stem, chunk, subjects, contracts, as_of, rng, report)
    all_units = pl.concat([units, extra_units(units, subjects, rng)])
    unit_rows = all_units[rng.permutation(len(all_units))]
    known = unit_rows.select([c for c in unit_rows.columns if c in _names(contracts["census"])])
    for source, frame in {**sources, "census": known}.items():
        _write_source(out, stem, chunk, contracts[source], frame, as_of, report)
    facts = gather_facts(subjects, sources, units, as_of)
    _write_truths(out / "truth", stem, facts, unit_rows, defects, chunk, as_of)


def _write_registry(
    out: Path, stem: str, chunk: _Chunk, subjects: pl.DataFrame, contracts: dict[str, Contract],
    as_of: date, rng: np.random.Generator, report: SimulationReport,
) -> pl.DataFrame:  # fmt: skip
    """Write the register file and return its planted defects."""
    is_xlsx = chunk.turn % 4 == 0 and len(subjects) * 1.03 <= XLSX_ROWS
    form = "xlsx" if is_xlsx else FORMATS[chunk.turn % 3]
    rows = register_rows(subjects, as_of, chunk.turn % 4, with_broken=form != "xlsx", rng=rng)
    name = dated(stem, as_of, form)
    columns = [c for c in rows.columns if c not in ("serial", "kind")]
    write_rows(out / "registry" / name, rows, headers(contracts["registry"], columns, chunk.turn), form)
    _count(report, "registry", len(rows))
    return row_defects(rows, subjects, f"registry/{name}")


def _write_source(
    out: Path, stem: str, chunk: _Chunk, contract: Contract, frame: pl.DataFrame, as_of: date,
    report: SimulationReport,
) -> None:  # fmt: skip
    """Write one file of one of the other sources; an empty one is not handed over."""
    if frame.is_empty():
        return
    form = FORMATS[(chunk.turn + len(contract.source)) % 3]
    cells = as_text_cells(frame, DATE_STYLES[chunk.turn % 3])
    name = dated(stem, as_of, form)
    write_rows(out / contract.source / name, cells, headers(contract, cells.columns, chunk.turn), form)
    _count(report, contract.source, len(frame))


def _names(contract: Contract) -> set[str]:
    return {column.name for column in contract.columns}


def _count(report: SimulationReport, source: str, rows: int) -> None:
    report.files += 1
    report.rows[source] = report.rows.get(source, 0) + rows


def _write_truths(
    truth: Path, stem: str, facts: pl.DataFrame, units: pl.DataFrame, defects: pl.DataFrame, chunk: _Chunk,
    as_of: date,
) -> None:  # fmt: skip
    """Write the chunk's part of subjects, rules, links and defects."""
    fired = fired_rules(facts, as_of)
    planted = [*DAMAGES, *EXTRA_ROWS, "wrong_check"]
    named = [pl.when(name).then(pl.lit(name)) for name in planted]
    subjects = facts.select(
        pl.col("uscc").alias("subject_key_true"), "entity_class",
        (pl.col("city_code") + "00").alias("city_code"), "county_code",
        pl.col("town_code").alias("township_code"), "division_code",
        pl.col("case").alias("address_case"),
        (~pl.col("case").is_in(WITHOUT_TOWN) | (pl.col("serial") % 20 == 0)).alias("address_names_town"),
        pl.when(pl.col("round") == "L1").then("uscc").alias("census_unit_code"),
        pl.col("round").fill_null("none").alias("link_round"),
        pl.concat_list(named).list.drop_nulls().alias("defects"),
    )  # fmt: skip
    form = FORMATS[(chunk.turn + len("census")) % 3]
    links = units.select(
        "unit_code", pl.lit("census/" + dated(stem, as_of, form)).alias("source_file"),
        pl.int_range(2, pl.len() + 2, dtype=pl.Int64).alias("row_no"),
        pl.col("true_uscc").alias("subject_key_true"), "round",
    )  # fmt: skip
    parts = {
        "subjects": pl.concat([subjects, decisions(facts, fired)], how="horizontal"),
        "rules": rule_rows(facts, fired), "links": links, "defects": defects,
    }  # fmt: skip
    for table, frame in parts.items():
        write_truth(truth / table / f"{stem}.parquet", frame)
