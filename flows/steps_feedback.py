"""Ledger to facts: every row of every file judged, written as the tables a warehouse is built of.

Here: reading the ledger, finding the firms it names, writing facts, account and issues of one reckoning.
Not here: the checks (transforms/feedback*.py), the workbooks that go back (flows/returned.py).
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from flows.batches import Pointer
from flows.home import Home
from flows.ledger import ledger_digest, ledger_rows, read_entries
from flows.manifest import combine
from flows.settings import code_version
from reference.contracts import feedback_contracts
from reference.feedback import load_criteria
from reference.tables import load_tables
from transforms.feedback import Settled
from transforms.feedback_bank import (
    bank_facts,
    check_credits,
    check_insurance,
    check_loans,
    check_recommendations,
    check_renewals,
)
from transforms.feedback_visits import check_visits, proposals, visit_facts
from transforms.visit_evidence import VISITS, visits
from warehouse.feedback import FeedbackFiles, find_list_items

DONE = "issues.parquet"
VISITS_FILE = "visits.parquet"
"""Of a run's work folder: the newest effective visits of earlier lists."""


@dataclass(frozen=True)
class Reckoning:
    """The ledger judged at one date: what the warehouse gets, and the rows and issues of each source."""

    feedback: FeedbackFiles
    folder: Path


def reckon(home: Home, pointers: Sequence[Pointer], as_of: date) -> Reckoning:
    """Judge the whole ledger against these batches' lists at one date; the same again costs nothing.

    Facts follow from ledger, lists and date alone, in whatever order and however often files came.
    """
    runs = [pointer.record.run_id for pointer in pointers]
    name = combine([ledger_digest(home), str(as_of), code_version(), *runs])[:12]
    folder = home.root / "lake" / "feedback" / name
    if not (folder / DONE).exists():
        draft = folder.with_name(f".{name}.tmp")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        _judge(home, pointers, as_of, draft)
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)
    for older in folder.parent.iterdir():
        if older != folder:
            shutil.rmtree(older)
    files = {path.stem: path for path in folder.glob("fact_*.parquet")}
    files |= {n: folder / f"{n}.parquet" for n in ("feedback_proposals", "meta_feedback_account")}
    return Reckoning(FeedbackFiles(name, as_of, files), folder)


def mark_reckoned(home: Home, reckoning: Reckoning) -> None:
    """Remember the date a published reckoning stood at."""
    marks = home.ledger / "reckoned"
    marks.mkdir(parents=True, exist_ok=True)
    (marks / str(reckoning.feedback.as_of)).touch()


def carried(home: Home, pointers: Sequence[Pointer], as_of: date) -> FeedbackFiles | None:
    """Return the facts a build of these batches carries along, null while nothing ever came back.

    The clocks never go back before the last published reckoning.
    """
    if not read_entries(home):
        return None
    last = [date.fromisoformat(path.name) for path in (home.ledger / "reckoned").glob("*")]
    return reckon(home, sorted(pointers, key=lambda p: p.record.as_of), max(as_of, *last, as_of)).feedback


def visit_evidence(home: Home, pointers: Sequence[Pointer], as_of: date) -> pl.DataFrame:
    """Return VISITS: the newest effective visits of earlier lists known on a date."""
    earlier = [pointer for pointer in pointers if pointer.record.as_of < as_of]
    if not earlier or not read_entries(home):
        return pl.DataFrame(schema=VISITS)
    facts = pl.scan_parquet(reckon(home, earlier, as_of).feedback.files["fact_visit"])
    return visits(facts, load_criteria(), as_of).collect()


def _judge(home: Home, pointers: Sequence[Pointer], as_of: date, out: Path) -> None:
    firms = _firms(home, pointers, out)
    read = {source: ledger_rows(home, source) for source in feedback_contracts()}
    settled = _settle(read, firms, as_of)
    criteria = load_criteria()
    facts = visit_facts(settled["visits"].used, firms, criteria)
    tables = {
        "fact_visit": facts,
        **bank_facts(settled),
        "feedback_proposals": proposals(facts, criteria),
        "meta_feedback_account": _account(home, settled),
    }
    for table, frame in tables.items():
        declared = load_tables()[table].polars_schema
        frame.select(declared.names()).cast(declared).write_parquet(
            out / f"{table}.parquet", compression="zstd"
        )
    for source, judged in settled.items():
        judged.rows.select("row_id", "status").write_parquet(out / f"status_{source}.parquet")
    issues = [judged.issues.with_columns(source=pl.lit(source)) for source, judged in settled.items()]
    pl.concat(issues).write_parquet(out / DONE)


def _settle(
    read: Mapping[str, tuple[pl.DataFrame, pl.DataFrame]], firms: pl.DataFrame, as_of: date
) -> dict[str, Settled]:
    visited = check_visits(*read["visits"], firms, load_criteria(), as_of)
    pushed = check_recommendations(*read["recommendations"], firms, as_of)
    credited = check_credits(*read["credits"], pushed.used, as_of)
    return {
        "visits": visited,
        "recommendations": pushed,
        "credits": credited,
        "loans": check_loans(*read["loans"], pushed.used, credited.used, as_of),
        "renewals": check_renewals(*read["renewals"], firms, as_of),
        "export_insurance": check_insurance(*read["export_insurance"], firms, as_of),
    }


def _firms(home: Home, pointers: Sequence[Pointer], out: Path) -> pl.DataFrame:
    """Return the firms of the batches' lists and registers that the ledger names."""
    contracts = feedback_contracts()
    sources = [s for s in contracts if "uscc" in {column.name for column in contracts[s].columns}]
    named = [ledger_rows(home, source)[0] for source in sources]
    wanted = pl.concat(
        (rows.select(pl.col("^uscc|list_item_id$")) for rows in named), how="diagonal"
    ).unique()
    wanted.write_parquet(out / "wanted.parquet")
    batches = [
        (
            p.record.batch_id,
            p.record.as_of,
            [home.curated("enterprises", p.record.as_of, city, p.record.run_id) for city in p.units],
        )
        for p in pointers
    ]
    find_list_items(batches, out / "wanted.parquet", out / "firms.parquet")
    return pl.read_parquet(out / "firms.parquet")


def _account(home: Home, settled: Mapping[str, Settled]) -> pl.DataFrame:
    """Return one row per file: where each of its rows ended."""
    counts = pl.concat(
        judged.rows.group_by(key=pl.col("row_id").str.head(16)).agg(
            *(pl.col("status").eq(s).sum().alias(s) for s in ("used", "superseded", "waiting", "rejected"))
        ).with_columns(source=pl.lit(source))
        for source, judged in settled.items()
    )  # fmt: skip
    schema = dict.fromkeys(("key", "source", "source_file", "file_sha256"), pl.String)
    entries = pl.DataFrame(
        [
            (e.key, e.source, e.file, e.sha256, date.fromisoformat(e.received_as_of), e.rows_in, e.unfilled)
            for e in read_entries(home)
        ],
        schema={**schema, "received_as_of": pl.Date, "rows_in": pl.Int64, "unfilled": pl.Int64},
        orient="row",
    )
    joined = entries.join(counts, on=["key", "source"], how="left").drop("key")
    filled = joined.with_columns(pl.col("used", "superseded", "waiting", "rejected").fill_null(0))
    return filled.sort("source", "source_file", "file_sha256")
