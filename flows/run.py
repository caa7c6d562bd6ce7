"""The main flow: one batch from the inbox to the published warehouse.

Here: the order of steps, retries on I/O, resume, progress, the run's summary artifact.
Not here: business rules (transforms/), checks (expectations/), file formats (flows/readers.py).
"""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

from prefect import flow
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from expectations.gate import warm_up
from expectations.report import GateReport
from flows import journal
from flows.account import row_account
from flows.artifacts import Progress, gate_artifacts, report_artifact, summary_artifacts
from flows.batches import Pointer, require_open, require_whole
from flows.compute import compute
from flows.crew import Crew, Runner, make_crew, require_lake
from flows.extracts import require_extracts
from flows.failure import at_step, leave_report
from flows.hands import AT_ONCE, Hands, hands
from flows.identity import SUMMARY, Identity, finished_before, identify
from flows.ingest import FileReport, check_inbox, inbox_notes, require_same_files
from flows.known_files import remembering
from flows.known_shapes import keep_shapes, read_shapes
from flows.manifest import StepResult, artifact_of, combine, write_sealed
from flows.parameters import City, Day, Every, Folder, RulesFile, Scope
from flows.periods import period_end_before
from flows.planned import Planned, Run
from flows.progress import say
from flows.report_text import PAGE
from flows.run_report import Reached, Status, finish_run_report, leave_run_report
from flows.schedule import due_day, patience
from flows.settings import Settings, make_settings
from flows.split import Split
from flows.steps_ingest import Found, quarantine_files, staged_files
from flows.steps_publish import GateFailedError, begin_gate, build_step, gate_step, publish_step
from flows.summary import run_summary
from flows.tasks import io_task, plain_task
from reference.contracts import load_contracts
from reference.errors import InputProblem
from warehouse.build import BatchRecord

_STEPS = 4
"""Steps besides those of compute: ingest, build, gate, publish."""


build_task = io_task(build_step)
gate_task = plain_task(gate_step)
publish_task = io_task(publish_step)


POOL = cast("TaskRunner[PrefectFuture[Any]]", ThreadPoolTaskRunner(max_workers=AT_ONCE))


@flow(
    name="zoufang-run",
    task_runner=POOL,
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
    runner: Runner = "threads",
    lake: str | None = None,
    workers: int | None = None,
    dask_address: str | None = None,
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
        runner: threads of one process, or dask: worker processes 执行方式
        lake: s3://BUCKET/FOLDER where workers find files; empty: ZOUFANG_LAKE, else the home 对象存储
        workers: how many processes of this machine; empty: one a processor 进程数
        dask_address: a scheduler whose workers do the steps, instead of this machine's 调度器地址
    """
    crew = make_crew(runner, lake, workers, dask_address)
    require_lake(crew)
    day = as_of or period_end_before(due_day(), every)
    settings = make_settings(inbox, home, day, cities, scope, resume, rules)
    with settings.home.locked(patience()), remembering(settings.home) as remembers:
        summary = _run(replace(settings, home=remembers), crew)
    summary_artifacts(summary)
    return summary


def _run(settings: Settings, crew: Crew) -> dict[str, Any]:
    # Fingerprints first: a file replaced between the two would be read by the headers of the one before.
    identity = identify(settings)
    known = read_shapes(settings.home)
    files = check_inbox(settings.inbox, known)
    require_same_files(files, identity.fingerprints)
    found = [(file, identity.fingerprints[file.file]) for file in files]
    keep_shapes(settings.home, known, found)
    for note in inbox_notes(settings.inbox):
        say(f"note: {note}")
    versions = identity.versions
    basis = combine([versions.code, versions.rules, versions.divisions])
    run = Run(settings, identity.run_id, basis, identity.returned_sha256)
    require_open(settings.home, settings.batch_id, run.run_id)
    require_whole(settings.home, settings.as_of, settings.cities)
    say(f"run {run.run_id}: batch {settings.batch_id}, {len(files)} files")
    done = finished_before(settings.home, run.run_id)
    if done is not None:
        say("this run is published already; nothing to do")
        return done
    if not settings.resume:
        shutil.rmtree(run.folder, ignore_errors=True)
    run.work.mkdir(parents=True, exist_ok=True)
    for file, frame in identity.returned.items():
        frame.write_parquet(run.work / file)
    given = tuple(artifact_of(run.work / file, settings.home, run.run_id) for file in identity.returned)
    run = replace(run, given=given, progress=Progress(settings.batch_id, _STEPS))
    summary = _make(run, found, identity, crew)
    write_sealed(run.folder / SUMMARY, summary)
    return summary


def _make(run: Run, files: list[Found], identity: Identity, crew: Crew) -> dict[str, Any]:
    settings, versions = run.settings, identity.versions
    version = journal.version_of(settings.home, settings.batch_id, run.run_id)
    record = BatchRecord(
        settings.batch_id, settings.as_of, run.run_id, versions.code, versions.rules, versions.divisions,
        versions.inputs_sha256, datetime.now(UTC), settings.scope, settings.cities, version,
    )  # fmt: skip
    with hands(run, crew) as workers:
        reports, splits = _ingest(files, run, workers)
        # Loading it keeps Python busy, which is what ingest waits for; the steps do without.
        warm_up()
        journal.record(settings.home, record, "draft", f"a run over {len(files)} files of {settings.inbox}")
        made = compute(run, reports, splits, workers.take_all)
    figures, cities = made.figures, made.cities
    account = row_account(settings.batch_id, reports, figures, [c.figures for c in cities])
    account.write_parquet(run.folder / "account.parquet")
    record = replace(record, published_at=_published_at(run, cities))
    pointer = Pointer(record, tuple(figures["conform"]["cities"]))
    gate, report = _publish(Reached(run, pointer, reports, made, account))
    told = run_summary(settings, record, figures, [c.figures for c in cities], account, gate)
    drift = {key: report["drift"][key] for key in ("before", "alerts")}
    return {**told, "drift": drift, "report": str(run.folder / PAGE)}


def _published_at(run: Run, cities: Sequence[StepResult]) -> datetime:
    """Return the moment the batch was first ready for the warehouse; a resumed run publishes the same one."""
    inputs = combine([run.run_id, *(city.digest for city in cities)])
    now = {"published_at": datetime.now(UTC).isoformat()}
    ready = run.step(Planned("ready", (), lambda _: ([], now), (inputs,)))
    return datetime.fromisoformat(ready.figures["published_at"])


def _ingest(files: list[Found], run: Run, workers: Hands) -> tuple[list[FileReport], list[Split]]:
    done = workers.ingest(run, files)
    reports, splits = [report for report, _ in done], [split for _, split in done if split]
    rows, held = sum(r.rows_in for r in reports), sum(r.quarantined for r in reports)
    run.done("ingest")
    say(f"ingest: {len(reports)} files, {rows:,} rows, {held:,} quarantined")
    if not any(r.staged for r in reports if r.source == "registry"):
        raise InputProblem(
            f"{run.settings.inbox / 'registry'}: no row could be read; see {run.settings.home.quarantine}"
        )
    for note in require_extracts(staged_files(reports, "registry", run.settings), run.settings):
        say(f"note: {note}")
    return reports, splits


def _publish(reached: Reached) -> tuple[GateReport, dict[str, Any]]:
    """Build, gate, report, publish; return what the gate found and the run's report."""
    run, pointer = reached.run, reached.pointer
    gate = _gate(reached)
    run.done("gate")
    say(f"gate: {gate.verdict}, {len(gate.results)} expectations in {gate.seconds:.1f} s")
    report = _report(reached, "gated")
    with run.at("publish"):
        publish_task(run.settings, pointer)
    finish_run_report(reached, report)
    run.done("publish")
    say(f"published batch {pointer.record.batch_id}: v{pointer.record.version}")
    return gate, report


def _gate(reached: Reached) -> GateReport:
    """Build the candidate while the gate measures the lake, then let it measure the candidate.

    So the time of the step `gate` is what was waited for after the build.
    """
    run, pointer, settings = reached.run, reached.pointer, reached.run.settings
    staged = {f"staged.{s}": staged_files(reached.files, s, settings) for s in load_contracts()}
    held = {f"quarantine.{s}": quarantine_files(reached.files, s, settings) for s in load_contracts()}
    tables = {**staged, **held}
    with at_step("gate"):
        gate = begin_gate(settings, pointer, tables)
    with gate:
        with run.at("build"):
            built = build_task(settings, pointer)
        run.done("build")
        say(f"warehouse: {sum(built.rows.values()):,} rows in {built.seconds:.1f} s")
        try:
            with run.at("gate"):
                return gate_task(settings, pointer, tables, gate)
        except GateFailedError:
            _report(reached, "blocked")
            raise
        finally:
            gate_artifacts(run.folder)


def _report(reached: Reached, status: Status) -> dict[str, Any]:
    """Leave the run's report and say where; its alerts are warnings."""
    with at_step("report"):
        report = leave_run_report(reached, status)
    page = reached.run.folder / PAGE
    say(f"report: {page}, {len(report['drift']['alerts'])} alerts against the batch before")
    report_artifact(report, page)
    return report
