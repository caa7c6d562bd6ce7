"""The main flow: one batch from the inbox to the published warehouse.

Here: the order of steps, retries on I/O, resume, progress, the run's summary artifact.
Not here: business rules (transforms/), checks (expectations/), file formats (flows/readers.py).
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from prefect import flow
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from expectations.gate import warm_up
from expectations.report import GateReport
from flows import journal
from flows.account import row_account
from flows.artifacts import Progress, gate_artifacts, summary_artifacts
from flows.batches import Pointer, follow_warehouse, read_pointers, require_open, require_whole
from flows.extracts import require_extracts
from flows.failure import at_step, leave_report
from flows.ingest import FileReport, SourceFile, check_inbox, inbox_notes
from flows.manifest import StepResult, combine, hash_file, resume_or_run, write_json
from flows.parameters import City, Day, Every, Folder, RulesFile, Scope
from flows.periods import period_end_before
from flows.progress import brief, say
from flows.schedule import due_day, patience
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
from flows.summary import run_summary
from flows.tasks import io_task, plain_task
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
_STEPS = 10
"""Steps besides those of a source or a city: ingest, conform, … publish."""


@dataclass(frozen=True)
class Run:
    """One run under way: its settings, name and folders."""

    settings: Settings
    run_id: str
    progress: Progress | None = None

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
        with at_step(name):
            result = resume_or_run(self.folder, self.settings.home.root, name, inputs, body)
        say(f"{name}: {brief(result.figures)}")
        self.done(name)
        return result

    def done(self, name: str) -> None:
        """Move the bar on the run's page on."""
        if self.progress:
            self.progress.done(name)


ingest_task = io_task(ingest_source_file)
step_task = io_task(lambda run, name, inputs, body: run.step(name, inputs, body))
build_task = io_task(build_step)
gate_task = plain_task(gate_step)
publish_task = io_task(publish_step)


THREADS = cast("TaskRunner[PrefectFuture[Any]]", ThreadPoolTaskRunner(max_workers=3))


@flow(
    name="zoufang-run",
    task_runner=THREADS,
    persist_result=False,
    timeout_seconds=12 * 3600,
    on_failure=[leave_report],
    on_crashed=[leave_report],
)
def run_batch(
    inbox: Folder,
    home: Folder,
    as_of: Day | None = None,
    cities: list[City] | None = None,
    scope: Scope = "enterprise+coop",
    resume: bool = False,
    every: Every = "month",
    rules: RulesFile | None = None,
) -> dict[str, Any]:
    """Make and publish one batch; return its summary 走访目标企业清单.

    A schedule that gives no date means the period that had ended when it was due, as backfill has it.

    Args:
        inbox: folder with one folder per source 收件目录
        home: folder that holds lake/, runs/ and warehouse/ 工作目录
        as_of: batch date 基准日; empty: the last day of the period before the day the run was due
        cities: codes of cities; empty: the whole province
        scope: which subjects the list holds 范围
        resume: go on where a killed run of the same inputs stopped
        every: the period that as_of is the end of, where it is empty
        rules: an edited copy of reference/rules/rules.yml to screen by, instead of it 规则文件
    """
    day = as_of or period_end_before(due_day(), every)
    settings = make_settings(inbox, home, day, cities, scope, resume, rules)
    with settings.home.locked(patience()):
        summary = _run(settings)
    summary_artifacts(summary)
    return summary


def _run(settings: Settings) -> dict[str, Any]:
    files = check_inbox(settings.inbox)
    for note in inbox_notes(settings.inbox):
        say(f"note: {note}")
    follow_warehouse(settings.home)
    hashes = [f"{file.file} {hash_file(file.path)}" for file in files]
    returned = returned_evidence(settings.home, read_pointers(settings.home), settings.as_of)
    hashes += [f"{file} {row}" for file, frame in returned.items() for row in frame.iter_rows()]
    versions = find_versions(combine(hashes), settings.rules)
    run = Run(settings, versions.run_id(settings))
    require_open(settings.home, settings.batch_id, run.run_id)
    require_whole(settings.home, settings.as_of, settings.cities)
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
    run = replace(run, progress=Progress(settings.batch_id, _STEPS + len(ROUTED)))
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


def _ingest(files: list[SourceFile], run: Run) -> list[FileReport]:
    futures = [ingest_task.submit(file, run.settings) for file in files]
    with at_step("ingest"):
        reports = [future.result() for future in futures]
    rows, held = sum(r.rows_in for r in reports), sum(r.quarantined for r in reports)
    run.done("ingest")
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
    if run.progress:
        run.progress.expect(len(conform.figures["cities"]))
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
    with at_step("build"):
        built = build_task(settings, pointer)
    run.done("build")
    say(f"warehouse: {sum(built.rows.values()):,} rows in {built.seconds:.1f} s")
    tables = {f"staged.{s}": staged_files(reports, s, settings) for s in load_contracts()}
    held = {f"quarantine.{s}": quarantine_files(reports, s, settings) for s in load_contracts()}
    try:
        with at_step("gate"):
            report = gate_task(settings, pointer, {**tables, **held})
    finally:
        gate_artifacts(run.folder)
    run.done("gate")
    say(f"gate: {report.verdict}, {len(report.results)} expectations in {report.seconds:.1f} s")
    with at_step("publish"):
        publish_task(settings, pointer)
    run.done("publish")
    say(f"published batch {pointer.record.batch_id}: v{pointer.record.version}")
    return report
