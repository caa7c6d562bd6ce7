"""Last steps of a run: candidate warehouse, gate, publish.

Here: what files each of them gets, and the order that makes a crash harmless.
Not here: what is checked (expectations/), how a file is swapped (warehouse/publish.py).
"""

from dataclasses import replace
from functools import partial
from pathlib import Path

from expectations.gate import Gate
from expectations.report import GateReport, meta_quality_path, quality_summary
from expectations.request import GateRequest
from flows import journal
from flows.batches import (
    Pointer,
    batch_files,
    curated_files,
    drop_unkept,
    follow_warehouse,
    gated_files,
    keep_small_files,
    read_pointers,
)
from flows.built import find_exchange, note_built, tell_loaded
from flows.changes import find_changes
from flows.evidence_store import keep_evidence
from flows.gate_memory import Tables, name_content, recall, recall_counts, remember
from flows.kept_files import require_undamaged
from flows.report_text import REPORT
from flows.settings import Settings
from flows.steps_feedback import carried
from reference.divisions import DIVISIONS_FILE
from warehouse.build import BatchFiles, BuildReport, build_warehouse
from warehouse.candidate import add_quality
from warehouse.publish import Version, publish


class GateFailedError(Exception):
    """The data failed a gate of severity error; nothing was published. The text says what to do."""


def build_step(settings: Settings, pointer: Pointer) -> BuildReport:
    """Build the candidate: every published batch and this one, which replaces one of the same date."""
    published = [p for p in read_pointers(settings.home) if p.record.as_of != pointer.record.as_of]
    for other in published:
        require_undamaged(settings.home, other.record.batch_id, other.record.run_id)
    curated = curated_files(settings.home, pointer)
    files = {p.record.run_id: batch_files(settings.home, p) for p in published}
    files[pointer.record.run_id] = BatchFiles(
        pointer.record, **curated, account=(account_path(settings, pointer),)
    )
    changes = find_changes(settings.home, [*published, pointer])
    batches = [replace(batch, changes=changes[run_id]) for run_id, batch in files.items()]
    feedback = carried(settings.home, [*published, pointer], settings.as_of)
    tell_loaded(settings.home, settings.home.run(pointer.record.run_id), batches)
    exchange = find_exchange(settings.home, batches)
    return build_warehouse(candidate_path(settings, pointer), batches, DIVISIONS_FILE, feedback, exchange)


def begin_gate(settings: Settings, pointer: Pointer, tables: Tables) -> Gate:
    """Begin to measure the lake, `tables` being staged and quarantined ones; the candidate may come later."""
    return Gate(
        GateRequest(
            pointer.record.run_id,
            pointer.record.batch_id,
            settings.as_of,
            settings.home.run(pointer.record.run_id),
            {**tables, **gated_files(settings.home, pointer)},
            candidate_path(settings, pointer),
            data_docs=True,
            known=recall(settings.home, tables),
            tallies=recall_counts(settings.home),
            content=partial(name_content, settings.home),
        )
    )


def gate_step(settings: Settings, pointer: Pointer, tables: Tables, gate: Gate) -> GateReport:
    """Run every suite over lake and candidate; GateFailedError if one of severity error did not hold."""
    report = gate.finish()
    remember(settings.home, tables, report, settings.home.run(pointer.record.run_id))
    require_publishable(report)
    journal.record(settings.home, pointer.record, "gated", f"gate {report.verdict}")
    return report


def require_publishable(report: GateReport) -> None:
    """Raise GateFailedError if a check of severity error failed, RuntimeError if one was not judged."""
    if report.verdict == "errored":
        raise RuntimeError(f"a gate could not be measured; nothing was published\n{quality_summary(report)}")
    if not report.publishable:
        raise GateFailedError(quality_summary(report))


def publish_step(settings: Settings, pointer: Pointer) -> Version:
    """Store the gate's results in the candidate, swap the warehouse in, and let the lake's pointers follow.

    Whatever the moment of a crash, readers have seen one whole file or the other, and the next run of any
    date finds the pointers or mends them.
    """
    home, candidate = settings.home, candidate_path(settings, pointer)
    quality = meta_quality_path(home.run(pointer.record.run_id))
    if candidate.exists():
        add_quality(candidate, quality)
    files = {
        REPORT: home.run(pointer.record.run_id) / REPORT,
        "account.parquet": account_path(settings, pointer),
        "quality.parquet": quality,
        "rules.yml": settings.rules,
    }
    keep_small_files(home, pointer, files)
    keep_evidence(home, pointer.record.run_id)
    version = publish(candidate, home.root, pointer.record)
    follow_warehouse(home, "the gate let it pass and the warehouse was swapped")
    note_built(home, home.run(pointer.record.run_id))
    drop_unkept(home, settings.as_of)
    return version


def account_path(settings: Settings, pointer: Pointer) -> Path:
    """Return where the run's row account lies."""
    return settings.home.run(pointer.record.run_id) / "account.parquet"


def candidate_path(settings: Settings, pointer: Pointer) -> Path:
    """Return where the run's candidate lies."""
    return settings.home.run(pointer.record.run_id) / "candidate.duckdb"
