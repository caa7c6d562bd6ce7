"""First steps of a run: inbox files to staged Parquet, the register to subjects, evidence to its subjects.

Here: reading and writing the frames that the pure transforms turn into one another.
Not here: what a subject, a newest row or a link is (transforms/).
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from flows.hash_key import hash_key
from flows.ingest import FileReport, SourceFile, ingest_file
from flows.settings import Settings, code_version
from reference.contracts import load_contracts
from reference.link import load_link_tables
from reference.register import load_register_codes
from transforms.conform import conform_registry
from transforms.evidence import route_evidence
from transforms.ingest import staged_schema
from transforms.link import link_census, prepare_units
from transforms.link_conflicts import open_units
from transforms.link_doubt import without_codes
from transforms.link_probable import link_left_over

EVENT_DATES = {
    "abnormal_list": "in_date",
    "serious_violations": "in_date",
    "judgment_defaulters": "publish_date",
    "annual_reports": "submit_date",
    "liquidations": "accept_date",
    "simple_deregistrations": "ann_start",
    "forced_deregistrations": "ann_start",
    "suspensions": "from_date",
    "tax_filings": "filed_on",
    "tax_abnormal": "in_date",
    "tax_black": "in_date",
    "penalties": "decided_on",
    "onsite_checks": "checked_on",
    "electricity": "read_on",
    "overrides": "created_on",
}
"""The date column that says when a row of the source happened, where it has one."""

Body = tuple[list[Path], dict[str, Any]]


def ingest_source_file(file: SourceFile, settings: Settings) -> FileReport:
    """Stage one inbox file; a file already staged by the same code is reused."""
    home = settings.home
    return ingest_file(
        file, home.staged, home.quarantine, code_version=code_version(), hash_key=hash_key(home)
    )


def staged_files(reports: Sequence[FileReport], source: str, settings: Settings) -> list[Path]:
    """Return the staged Parquet files of a source in this run."""
    folders = [settings.home.staged / source / f"file={r.key}" for r in reports if r.source == source]
    return [path for folder in folders for path in sorted(folder.glob("part-*.parquet"))]


def quarantine_files(reports: Sequence[FileReport], source: str, settings: Settings) -> list[Path]:
    """Return the quarantine files of a source in this run."""
    folders = [settings.home.quarantine / source / f"file={r.key}" for r in reports if r.source == source]
    return [path for folder in folders for path in sorted(folder.glob("part-*.parquet"))]


def scan_source(source: str, files: Sequence[Path]) -> pl.LazyFrame:
    """Return the staged rows of a source; a source without files is an empty frame of its schema."""
    if not files:
        return pl.LazyFrame(schema=staged_schema(load_contracts()[source]))
    return pl.scan_parquet(list(files))


def is_firm_case() -> pl.Expr:
    """Whether a row of judgment_defaulters is looked up by credit code: no identity number is given."""
    return pl.col("person_id_key").fill_null("") == ""


def conform_step(files: Sequence[Path], work: Path, settings: Settings) -> Body:
    """Write subjects per register city and the rows they supersede; return the figures of the account."""
    conformed = conform_registry(scan_source("registry", files), load_register_codes(), settings.as_of)
    subjects, superseded, later = pl.collect_all(
        [conformed.subjects, conformed.superseded, conformed.out_of_scope], engine="streaming"
    )
    wanted = pl.col("register_city_code").is_in(list(settings.cities)) if settings.cities else pl.lit(True)
    chosen = subjects.filter(wanted)
    paths = write_by_city(chosen, work / "subjects")
    rows = work / "superseded.parquet"
    superseded.select("subject_key").sort("subject_key").write_parquet(rows)
    return [*paths, rows], {
        "cities": sorted(path.stem for path in paths),
        "subjects": chosen.height,
        "superseded": superseded.height,
        "out_of_scope": later.height + subjects.height - chosen.height,
    }


def link_step(files: Sequence[Path], subjects: Sequence[Path], work: Path) -> Body:
    """Write the census units linked to subjects, per the subject's city; return counts by outcome.

    Also written: the review of doubtful links and the counts of the probabilistic round's blocks.
    """
    # Read back four times: prepared once, on disk, so that memory does not hold the census.
    prepared = work / "prepared_units.parquet"
    codes, tables = load_register_codes(), load_link_tables()
    prepare_units(scan_source("census", files), codes).sink_parquet(prepared)
    units = pl.scan_parquet(prepared)
    keys = pl.scan_parquet(list(subjects))
    exact = link_census(units, keys, codes, tables)
    links, probable = link_left_over(exact, units, keys, codes, tables)
    linked = links.lazy().filter(pl.col("outcome") == "linked")
    cities = keys.select("subject_key", "register_city_code")
    rows = (
        units.drop("subject_key", strict=False)
        .join(
            linked.select("unit_key", "subject_key", link_method="method", link_strength="strength"),
            on="unit_key",
        )
        .join(cities, on="subject_key", how="left", validate="m:1")
        .collect(engine="streaming")
    )
    counts = dict(links.group_by("outcome").len().sort("outcome").iter_rows())
    methods = dict(linked.group_by("method").len().sort("method").collect().iter_rows())
    extra = [work / "link_review.parquet", work / "link_blocks.parquet"]
    probable.review.write_parquet(extra[0])
    probable.blocks.write_parquet(extra[1])
    believed = without_codes(units, exact.refused)
    extra += write_by_city(open_units(believed, links.lazy(), cities).collect(), work / "open_units")
    prepared.unlink()
    return [*write_by_city(rows, work / "units"), *extra], {"outcomes": counts, "methods": methods}


def route_step(
    source: str, files: Sequence[Path], subjects: Sequence[Path], work: Path, settings: Settings
) -> Body:
    """Write one evidence source per register city of its subjects; return counts by outcome."""
    if not files:
        shutil.rmtree(work / source, ignore_errors=True)
        return [], {"outcomes": {}, **({"years": []} if source == "annual_reports" else {})}
    staged = scan_source(source, files)
    if source == "judgment_defaulters":
        staged = staged.filter(is_firm_case())
    routed = route_evidence(
        staged,
        pl.scan_parquet(list(subjects)),
        key=load_contracts()[source].key,
        as_of=settings.as_of,
        confusions=load_register_codes().confusions,
        dated_by=EVENT_DATES.get(source),
    )
    rows = routed.rows.collect(engine="streaming")
    counts = dict(rows.group_by("outcome").len().sort("outcome").iter_rows())
    matched = rows.filter(pl.col("outcome") == "matched").drop("outcome")
    paths = write_by_city(matched, work / source)
    figures: dict[str, Any] = {"outcomes": counts}
    if source == "annual_reports":
        figures["years"] = sorted(matched["report_year"].unique().drop_nulls().to_list())
    return paths, figures


def write_by_city(rows: pl.DataFrame, folder: Path) -> list[Path]:
    """Write one Parquet file per register city, rows in a fixed order, and return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob("*.parquet"):
        stale.unlink()
    order = [c for c in ("subject_key", "source_file", "row_no", "unit_key") if c in rows.columns]
    paths = []
    for (city,), part in rows.partition_by("register_city_code", as_dict=True).items():
        path = folder / f"{city}.parquet"
        part.sort(order).write_parquet(path, compression="zstd", compression_level=1)
        paths.append(path)
    return sorted(paths)
