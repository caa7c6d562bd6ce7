"""Last steps of a run: candidate warehouse, gate, publish.

Here: what files each of them gets, and the order that makes a crash harmless.
Not here: what is checked (expectations/), how a file is swapped (warehouse/publish.py).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from expectations.gate import run_gate
from expectations.report import GateReport, meta_quality_path, quality_summary
from expectations.request import GateRequest
from flows.batches import Pointer, batch_files, drop_other_runs, read_pointers, write_pointer
from flows.settings import Settings
from reference.divisions import DIVISIONS_FILE
from warehouse.build import BuildReport, build_warehouse
from warehouse.candidate import add_quality
from warehouse.publish import Version, publish


class GateFailedError(Exception):
    """The data failed a gate of severity error; nothing was published. The text says what to do."""


def build_step(settings: Settings, pointer: Pointer) -> BuildReport:
    """Build the candidate: every published batch and this one, which replaces one of the same date."""
    published = [p for p in read_pointers(settings.home) if p.record.as_of != pointer.record.as_of]
    batches = [batch_files(settings.home, p) for p in published]
    own = batch_files(settings.home, pointer)
    fresh = type(own)(own.record, own.enterprises, own.rule_hits, own.visit_targets, own.account)
    return build_warehouse(candidate_path(settings, pointer), [*batches, fresh], DIVISIONS_FILE)


def gate_step(settings: Settings, pointer: Pointer, tables: Mapping[str, Sequence[Path]]) -> GateReport:
    """Run every suite over lake and candidate; GateFailedError if one of severity error did not hold."""
    own = batch_files(settings.home, pointer)
    curated = {"enterprises": own.enterprises, "rule_hits": own.rule_hits, "visit_targets": own.visit_targets}
    request = GateRequest(
        pointer.record.run_id,
        pointer.record.batch_id,
        settings.as_of,
        settings.home.run(pointer.record.run_id),
        {**tables, **{f"curated.{table}": files for table, files in curated.items()}},
        candidate_path(settings, pointer),
        data_docs=True,
    )
    report = run_gate(request)
    if report.verdict == "errored":
        raise RuntimeError(f"a gate could not be measured; nothing was published\n{quality_summary(report)}")
    if not report.publishable:
        raise GateFailedError(quality_summary(report))
    return report


def publish_step(settings: Settings, pointer: Pointer) -> Version:
    """Store the gate's results in the candidate, swap the warehouse in, and name the run as the truth.

    The swap comes before the pointer: after a crash between the two, `--resume` finds the version stored
    and writes the pointer; readers have seen one whole file or the other.
    """
    candidate = candidate_path(settings, pointer)
    if candidate.exists():
        add_quality(candidate, meta_quality_path(settings.home.run(pointer.record.run_id)))
    version = publish(candidate, settings.home.root, pointer.record)
    write_pointer(settings.home, pointer)
    drop_other_runs(settings.home, pointer)
    return version


def candidate_path(settings: Settings, pointer: Pointer) -> Path:
    """Return where the run's candidate lies."""
    return settings.home.run(pointer.record.run_id) / "candidate.duckdb"
