"""The main flow: one batch from the inbox to the published warehouse.

Here: the order of steps, retries on I/O, resume, progress, the run's summary artifact.
Not here: business rules (transforms/), checks (expectations/), file formats (flows/readers.py).
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.futures import PrefectFuture
from prefect.runtime import flow_run
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner
from prefect.tasks import Task

from expectations.gate import warm_up
from expectations.report import GateReport
from flows import journal
from flows.account import row_account
from flows.batches import Pointer, follow_warehouse, read_pointers, require_open
from flows.extracts import require_extracts
from flows.ingest import FileReport, SourceFile, check_inbox, inbox_notes
from flows.manifest import StepResult, combine, hash_file, resume_or_run, write_json
from flows.periods import month_end_before
from flows.progress import say
from flows.settings import Settings, Versions, find_versions, make_settings
from flows.steps_city import city_step, parents_step
from flows.steps_feedback import returned_evidence
from flows.steps_ingest import (
    Body,
    conform_step,
    ingest_source_file,
    link_step,
    quarantine_files,
    route_step,
    staged_files,
)
from flows.steps_publish import build_step, gate_step, publish_step
from flows.steps_shared import list_figures, lists_step, shared_step
from flows.summary import markdown_summary, run_summary
from reference.contracts import load_contracts
from reference.errors import InputProblem
from transforms.dated_lists import DATED_SOURCES
from warehouse.build import BatchRecord
from warehouse.publish import published_file

ROUTED = (
    "annual_reports", "abnormal_list", "serious_violations", "judgment_defaulters", "customs", "tech_lists",
    "false_registrations", "overrides", *DATED_SOURCES,
)  # fmt: skip
SUMMARY = "summary.json"


@dataclass(frozen=True)
class Run:
    """One run under way: its settings, name and folders."""

    settings: Settings
    run_id: str

    @property
    def folder(self) -> Path:
        """Return the run's own folder."""
        return self.settings.home.run(self.run_id)

    @property
    def work(self) -> Path:
        """Return where the run keeps what only later steps read."""
        return self.folder / "work"

    def step(self, name: str, inputs: str, body: Callable[[], Body]) -> StepResult:
        """Run a step, or take its recorded result if the same inputs already gave it."""
        result = resume_or_run(self.folder, self.settings.home.root, name, inputs, body)
        say(f"{name}: {_brief(result.figures)}")
        return result


def is_io_fault(task: Task[..., Any], task_run: TaskRun, state: State[Any]) -> bool:
    """Return whether a failed task may be tried again: only faults of reading and writing."""
    try:
        state.result()
    except OSError:
        return True
    except BaseException:
        return False
    return False


io_task = task(
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[1, 5],
    retry_condition_fn=is_io_fault,
)
"""A task whose arguments are paths and settings: never cached by arguments, retried on I/O faults only."""

ingest_task = io_task(ingest_source_file)
step_task = io_task(lambda run, name, inputs, body: run.step(name, inputs, body))
build_task = io_task(build_step)
gate_task = task(cache_policy=NO_CACHE, persist_result=False)(gate_step)
publish_task = io_task(publish_step)


THREADS = cast("TaskRunner[PrefectFuture[Any]]", ThreadPoolTaskRunner(max_workers=3))


@flow(name="zoufang-run", task_runner=THREADS, persist_result=False)
def run_batch(
    inbox: str,
    home: str,
    as_of: date | None = None,
    cities: list[str] | None = None,
    scope: str = "enterprise+coop",
    resume: bool = False,
) -> dict[str, Any]:
    """Make and publish one batch; return its summary.

    A schedule that gives no date means the month that has ended: its last day, as backfill has it.
    """
    day = as_of or month_end_before(_scheduled_day())
    settings = make_settings(inbox, home, day, cities, scope, resume)
    with settings.home.locked():
        summary = _run(settings)
    create_markdown_artifact(
        markdown_summary(summary), key="zoufang-run", description=f"批次 {settings.batch_id}"
    )
    return summary


def _scheduled_day() -> date:
    started = flow_run.scheduled_start_time or datetime.now(UTC)
    return datetime.fromisoformat(str(started)).astimezone(ZoneInfo("Asia/Shanghai")).date()


def _run(settings: Settings) -> dict[str, Any]:
    files = check_inbox(settings.inbox)
    for note in inbox_notes(settings.inbox):
        say(f"note: {note}")
    follow_warehouse(settings.home)
    hashes = [f"{file.file} {hash_file(file.path)}" for file in files]
    returned = returned_evidence(settings.home, read_pointers(settings.home), settings.as_of)
    hashes += [f"{file} {row}" for file, frame in returned.items() for row in frame.iter_rows()]
    versions = find_versions(combine(hashes))
    run = Run(settings, versions.run_id(settings))
    require_open(settings.home, settings.batch_id, run.run_id)
    _require_whole(run)
    say(f"run {run.run_id}: batch {settings.batch_id}, {len(files)} files")
    done = _finished_before(run)
    if done is not None:
        say("this run is published already; nothing to do")
        return done
    if not settings.resume:
        shutil.rmtree(run.folder, ignore_errors=True)
    run.work.mkdir(parents=True, exist_ok=True)
    for file, frame in returned.items():
        frame.write_parquet(run.work / file)
    summary = _make(run, files, versions)
    write_json(run.folder / SUMMARY, summary)
    return summary


def _finished_before(run: Run) -> dict[str, Any] | None:
    """Return the summary of a run that is the published one of its date: same inputs, nothing new."""
    published = {pointer.record.run_id for pointer in read_pointers(run.settings.home)}
    path = run.folder / SUMMARY
    is_there = published_file(run.settings.home.root).exists() and path.exists()
    if run.run_id not in published or not is_there:
        return None
    summary: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return summary


def _make(run: Run, files: list[SourceFile], versions: Versions) -> dict[str, Any]:
    settings = run.settings
    warm_up()
    reports = _ingest(files, run)
    version = journal.version_of(settings.home, settings.batch_id, run.run_id)
    record = BatchRecord(
        settings.batch_id, settings.as_of, run.run_id, versions.code, versions.rules, versions.divisions,
        versions.inputs_sha256, datetime.now(UTC), settings.scope, settings.cities, version,
    )  # fmt: skip
    journal.record(settings.home, record, "draft", f"a run over {len(files)} files of {settings.inbox}")
    figures, cities = _compute(run, reports)
    account = row_account(settings.batch_id, reports, figures, [c.figures for c in cities])
    account.write_parquet(run.folder / "account.parquet")
    record = replace(record, published_at=_published_at(run, cities))
    pointer = Pointer(record, tuple(figures["conform"]["cities"]))
    report = _publish(run, pointer, reports)
    return run_summary(settings, record, figures, [c.figures for c in cities], account, report)


def _published_at(run: Run, cities: list[StepResult]) -> datetime:
    """Return the moment the batch was first ready for the warehouse; a resumed run publishes the same one."""
    inputs = combine(city.digest for city in cities)
    ready = run.step("ready", inputs, lambda: ([], {"published_at": datetime.now(UTC).isoformat()}))
    return datetime.fromisoformat(ready.figures["published_at"])


def _require_whole(run: Run) -> None:
    """Refuse to let a run for some cities replace a published batch of the whole province."""
    same_day = [p for p in read_pointers(run.settings.home) if p.record.as_of == run.settings.as_of]
    if run.settings.cities and any(not p.record.cities for p in same_day):
        raise InputProblem(
            f"batch {run.settings.batch_id} is already published for the whole province; a run for "
            f"{', '.join(run.settings.cities)} would shrink it. Leave --city out, or choose another --as-of"
        )


def _ingest(files: list[SourceFile], run: Run) -> list[FileReport]:
    futures = [ingest_task.submit(file, run.settings) for file in files]
    reports = [future.result() for future in futures]
    rows, held = sum(r.rows_in for r in reports), sum(r.quarantined for r in reports)
    say(f"ingest: {len(reports)} files, {rows:,} rows, {held:,} quarantined")
    if not any(r.staged for r in reports if r.source == "registry"):
        raise InputProblem(
            f"{run.settings.inbox / 'registry'}: no row could be read; see {run.settings.home.quarantine}"
        )
    for note in require_extracts(staged_files(reports, "registry", run.settings), run.settings):
        say(f"note: {note}")
    return reports


def _compute(run: Run, reports: list[FileReport]) -> tuple[dict[str, dict[str, Any]], list[StepResult]]:
    """Conform, link, route, then each city; return figures by step or source, and the cities' results."""
    settings, work, root = run.settings, run.work, run.settings.home.root
    staged = {source: staged_files(reports, source, settings) for source in load_contracts()}
    keys = {s: combine(sorted(r.key for r in reports if r.source == s)) for s in load_contracts()}
    conform = run.step("conform", keys["registry"], lambda: conform_step(staged["registry"], work, settings))
    subjects = [p for p in conform.paths(root) if p.parent.name == "subjects"]
    parents = run.step("parents", conform.digest, lambda: parents_step(subjects, work, settings))
    link = run.step(
        "link", combine([conform.digest, keys["census"]]), lambda: link_step(staged["census"], subjects, work)
    )
    routed = {}
    for source in ROUTED:
        inputs = combine([conform.digest, keys[source]])
        body = _route_body(source, staged[source], subjects, run)
        routed[source] = step_task.submit(run, f"route-{source}", inputs, body)
    inputs = combine([conform.digest, keys["address_lists"], keys["judgment_defaulters"]])
    lists = run.step("lists", inputs, lambda: lists_step(staged, work, settings))
    results = {source: future.result() for source, future in routed.items()}
    before = combine(
        [conform.digest, parents.digest, link.digest, lists.digest, *(r.digest for r in results.values())]
    )
    years = results["annual_reports"].figures["years"]
    shared = run.step("shared", before, lambda: shared_step(work, years, settings))
    upstream = combine([before, shared.digest])
    futures = [
        step_task.submit(run, f"city-{city}", upstream, _city_body(city, years, run))
        for city in conform.figures["cities"]
    ]
    cities = [future.result() for future in futures]
    figures = {
        "conform": conform.figures,
        "census": link.figures,
        **{s: r.figures for s, r in results.items()},
        **list_figures(lists.figures, results["judgment_defaulters"].figures),
    }
    return figures, cities


def _route_body(source: str, files: list[Path], subjects: list[Path], run: Run) -> Callable[[], Body]:
    return lambda: route_step(source, files, subjects, run.work, run.settings)


def _city_body(city: str, years: list[int], run: Run) -> Callable[[], Body]:
    return lambda: city_step(run.work, city, years, run.settings, run.run_id)


def _publish(run: Run, pointer: Pointer, reports: list[FileReport]) -> GateReport:
    settings = run.settings
    built = build_task(settings, pointer)
    say(f"warehouse: {sum(built.rows.values()):,} rows in {built.seconds:.1f} s")
    tables = {f"staged.{s}": staged_files(reports, s, settings) for s in load_contracts()}
    held = {f"quarantine.{s}": quarantine_files(reports, s, settings) for s in load_contracts()}
    report = gate_task(settings, pointer, {**tables, **held})
    say(f"gate: {report.verdict}, {len(report.results)} expectations in {report.seconds:.1f} s")
    publish_task(settings, pointer)
    say(f"published batch {pointer.record.batch_id}: v{pointer.record.version}")
    return report


def _brief(figures: dict[str, Any]) -> str:
    flat = {k: v for k, v in figures.items() if isinstance(v, int)}
    inner = {k: v for d in figures.values() if isinstance(d, dict) for k, v in d.items()}
    return ", ".join(f"{k} {v:,}" for k, v in {**flat, **inner}.items()) or "done"
