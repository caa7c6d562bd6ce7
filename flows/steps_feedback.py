"""Ledger to facts: every row of every file judged, written as the tables a warehouse is built of.

Here: reading the ledger, finding the firms it names, writing facts, account and issues of one reckoning.
Not here: the checks (transforms/feedback*.py), the workbooks that go back (flows/returned.py).
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from flows.batches import Pointer
from flows.home import Home
from flows.kept_files import require_undamaged
from flows.ledger import ledger_digest, ledger_names, ledger_rows, read_entries
from flows.manifest import combine, read_sealed, write_sealed
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
from transforms.loan_evidence import LOANS, loans
from transforms.visit_evidence import TOLD, VISITS, told_addresses, visits
from warehouse.feedback import FeedbackFiles, find_list_items

DONE, WHOLE = "issues.parquet", "whole.json"
FIRMS = "firms.parquet"
PART_ROWS = 400_000
"""Visits judged at a time: at 1.9 million in one piece the reckoning took 6.5 GB."""
VISITS_FILE = "visits.parquet"
TOLD_FILE = "told_addresses.parquet"
LOANS_FILE = "loans.parquet"
"""Of a run's work folder: newest visits of earlier lists, addresses they told, loans that came of them."""
_EVIDENCE = {VISITS_FILE: VISITS, TOLD_FILE: TOLD, LOANS_FILE: LOANS}


@dataclass(frozen=True)
class Reckoning:
    """The ledger judged at one date: what the warehouse gets, and the rows and issues of each source."""

    feedback: FeedbackFiles
    folder: Path


def reckon(home: Home, pointers: Sequence[Pointer], as_of: date) -> Reckoning:
    """Judge the whole ledger against these batches' lists at one date; the same again costs nothing.

    Facts follow from ledger, lists and date alone, in whatever order and however often files came.
    EnvironmentProblem if a file of ledger or lists is not as it was written: what follows from it is kept.
    """
    runs = [pointer.record.run_id for pointer in pointers]
    name = combine([ledger_digest(home), str(as_of), code_version(), *runs])[:12]
    folder = home.root / "lake" / "feedback" / name
    recorded = read_sealed(folder / WHOLE)
    if not recorded or not home.known.are_whole(folder, recorded["files"]):
        draft = folder.with_name(f".{name}.tmp")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        _judge(home, pointers, as_of, draft)
        write_sealed(draft / WHOLE, {"files": home.known.hash_files(draft)})
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


def last_reckoned(home: Home) -> list[date]:
    """Return the dates of published reckonings; none while nothing ever came back."""
    return [date.fromisoformat(path.name) for path in (home.ledger / "reckoned").glob("*")]


def carried(home: Home, pointers: Sequence[Pointer], as_of: date) -> FeedbackFiles | None:
    """Return the facts a build of these batches carries along, null while nothing ever came back.

    The clocks never go back before the last published reckoning.
    """
    if not read_entries(home):
        return None
    day = max([as_of, *last_reckoned(home)])
    return reckon(home, sorted(pointers, key=lambda p: p.record.as_of), day).feedback


def returned_evidence(home: Home, pointers: Sequence[Pointer], as_of: date) -> dict[str, pl.DataFrame]:
    """Return VISITS, TOLD and LOANS by file name: what came back on earlier lists, as known on a date."""
    earlier = [pointer for pointer in pointers if pointer.record.as_of < as_of]
    if not earlier or not read_entries(home):
        return {name: pl.DataFrame(schema=schema) for name, schema in _EVIDENCE.items()}
    facts = {
        table: pl.scan_parquet(file) for table, file in reckon(home, earlier, as_of).feedback.files.items()
    }
    return {
        VISITS_FILE: visits(facts["fact_visit"], load_criteria(), as_of).collect(),
        TOLD_FILE: told_addresses(facts["fact_visit"], load_criteria(), as_of).collect(),
        LOANS_FILE: loans(facts["fact_loan"], facts["fact_renewal"], as_of).collect(),
    }


def _judge(home: Home, pointers: Sequence[Pointer], as_of: date, out: Path) -> None:
    """Judge source by source, visits in parts, so that memory holds a part of what ever came back."""
    _find_firms(home, pointers, out)
    banks = _judge_banks(home, out, as_of)
    for table, frame in bank_facts(banks).items():
        _write_table(frame, out / f"{table}.parquet", table)
    for source, judged in banks.items():
        judged.rows.select("row_id", "status").write_parquet(out / f"status_{source}.parquet")
    issues = [judged.issues.with_columns(source=pl.lit(source)) for source, judged in banks.items()]
    del banks
    issues.append(_judge_visits(home, out, as_of).with_columns(source=pl.lit("visits")))
    _write_table(_account(home, out), out / "meta_feedback_account.parquet", "meta_feedback_account")
    pl.concat(issues).write_parquet(out / DONE)


def _write_table(frame: pl.DataFrame, path: Path, table: str) -> None:
    declared = load_tables()[table].polars_schema
    frame.select(declared.names()).cast(declared).write_parquet(path, compression="zstd")


def _judge_visits(home: Home, out: Path, as_of: date) -> pl.DataFrame:
    """Write fact_visit, feedback_proposals and the status of every visit; return the issues."""
    criteria, issues, rows_and_faults = load_criteria(), [], ledger_rows(home, "visits")
    parts = out / "parts"
    for number, (rows, faults, firms) in enumerate(_visit_parts(*rows_and_faults, out / FIRMS)):
        judged = check_visits(rows, faults, firms, criteria, as_of)
        facts = visit_facts(judged.used, firms, criteria)
        status = judged.rows.select("row_id", "status")
        tables = {"fact_visit": facts, "feedback_proposals": proposals(facts, criteria)}
        for name, frame in (*tables.items(), ("status_visits", status)):
            (parts / name).mkdir(parents=True, exist_ok=True)
            path = parts / name / f"{number:04}.parquet"
            frame.write_parquet(path) if name not in tables else _write_table(frame, path, name)
        issues.append(judged.issues)
    for folder in parts.iterdir():
        pl.scan_parquet(folder).sink_parquet(out / f"{folder.name}.parquet", compression="zstd")
    shutil.rmtree(parts)
    return pl.concat(issues).sort("row_id", maintain_order=True)


def _visit_parts(
    rows: pl.DataFrame, faults: pl.DataFrame, firms_file: Path
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]]:
    """Give the visits in parts of about PART_ROWS, each with its faults and the firms it may mean.

    All visits of one firm are in one part: a row goes by the credit code of its list item, else by its own.
    """
    count = max(1, -(-rows.height // PART_ROWS))
    firms = pl.scan_parquet(firms_file)
    items = firms.filter(pl.col("is_on_list")).select("list_item_id", item_uscc="uscc").collect()
    code = pl.when(pl.col("list_item_id").is_null()).then("uscc").otherwise("item_uscc")
    named = rows.select("row_id", "list_item_id", "uscc").join(
        items.unique("list_item_id", keep="first", maintain_order=True), on="list_item_id", how="left",
        maintain_order="left",
    )  # fmt: skip
    part = named.select(pl.coalesce(code, "list_item_id", "row_id").hash(seed=0) % count).to_series()
    for number in range(count):
        own = rows.filter(part == number)
        known = firms.filter(
            pl.col("list_item_id").is_in(own["list_item_id"].drop_nulls().unique().implode())
            | pl.col("uscc").is_in(own["uscc"].drop_nulls().unique().implode())
        )
        yield own, faults.join(own.select("row_id"), on="row_id", how="semi"), known.collect()


def _judge_banks(home: Home, out: Path, as_of: date) -> dict[str, Settled]:
    def firms_of(rows: pl.DataFrame) -> pl.DataFrame:
        codes = rows["uscc"].drop_nulls().unique().implode()
        return pl.scan_parquet(out / FIRMS).filter(pl.col("uscc").is_in(codes)).collect()

    pushes, books, policies = (
        ledger_rows(home, source) for source in ("recommendations", "renewals", "export_insurance")
    )
    pushed = check_recommendations(*pushes, firms_of(pushes[0]), as_of)
    credited = check_credits(*ledger_rows(home, "credits"), pushed.used, as_of)
    return {
        "recommendations": pushed,
        "credits": credited,
        "loans": check_loans(*ledger_rows(home, "loans"), pushed.used, credited.used, as_of),
        "renewals": check_renewals(*books, firms_of(books[0]), as_of),
        "export_insurance": check_insurance(*policies, firms_of(policies[0]), as_of),
    }


def _find_firms(home: Home, pointers: Sequence[Pointer], out: Path) -> None:
    """Write the firms of the batches' lists and registers that the ledger names."""
    contracts = feedback_contracts()
    sources = [s for s in contracts if "uscc" in {column.name for column in contracts[s].columns}]
    named = [names for source in sources if (names := ledger_names(home, source)) is not None]
    none = pl.LazyFrame(schema={"list_item_id": pl.String, "uscc": pl.String})
    pl.concat([none, *named], how="diagonal").unique().sink_parquet(out / "wanted.parquet")
    batches = []
    for pointer in pointers:
        batch = pointer.record
        files = [home.curated("enterprises", batch.as_of, city, batch.run_id) for city in pointer.units]
        require_undamaged(home, batch.batch_id, batch.run_id, files)
        batches.append((batch.batch_id, batch.as_of, files))
    find_list_items(batches, out / "wanted.parquet", out / FIRMS)


def _account(home: Home, out: Path) -> pl.DataFrame:
    """Return one row per file: where each of its rows ended."""
    counts = pl.concat(
        pl.scan_parquet(out / f"status_{source}.parquet").group_by(key=pl.col("row_id").str.head(16)).agg(
            *(pl.col("status").eq(s).sum().alias(s) for s in ("used", "superseded", "waiting", "rejected"))
        ).with_columns(source=pl.lit(source))
        for source in feedback_contracts()
    ).collect()  # fmt: skip
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
