"""Backfill (补跑): one batch per period, oldest first, resumable.

Here: the order.  Not here: which dates (periods.py), making a batch (run.py).
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

from prefect import flow

from flows.crew import THREADS, Crew, Runner, make_crew
from flows.failure import at_step, leave_report
from flows.parameters import City, Day, Every, Folder, RulesFile, Scope
from flows.periods import periods
from flows.run import run_batch


@flow(name="zoufang-backfill", persist_result=False, on_failure=[leave_report], on_crashed=[leave_report])
def backfill_batches(
    inbox: Folder,
    home: Folder,
    since: Day,
    until: Day,
    every: Every = "month",
    cities: list[City] | None = None,
    scope: Scope = "enterprise+coop",
    rules: RulesFile | None = None,
    runner: Runner = "threads",
    lake: str | None = None,
    workers: int | None = None,
    dask_address: str | None = None,
) -> list[dict[str, Any]]:
    """Make every batch of the range and return their summaries 补跑.

    Each batch has the time limit of a run; the range as a whole has none.

    Args:
        inbox: folder with one folder per source 收件目录
        home: folder that holds lake/, runs/ and warehouse/ 工作目录
        since: first day of the range 起始日
        until: last day of the range, not before the first 截止日
        every: one batch at the end of each month or week
        cities: codes of cities; empty: the whole province
        scope: which subjects the lists hold 范围
        rules: an edited copy of reference/rules/rules.yml to screen by, instead of it 规则文件
        runner: threads of one process, or dask: worker processes 执行方式
        lake: s3://BUCKET/FOLDER where workers find files; empty: ZOUFANG_LAKE, else the home 对象存储
        workers: how many processes of this machine; empty: one a processor 进程数
        dask_address: a scheduler whose workers do the steps, instead of this machine's 调度器地址
    """
    crew = make_crew(runner, lake, workers, dask_address)
    return list(backfill(inbox, home, periods(since, until, every), cities, scope, rules, crew))


def backfill(
    inbox: str,
    home: str,
    days: list[date],
    cities: list[str] | None = None,
    scope: str = "enterprise+coop",
    rules: str | None = None,
    crew: Crew = THREADS,
) -> Iterator[dict[str, Any]]:
    """Yield the summary of each batch as it is published; finished steps of earlier attempts are reused."""
    for as_of in days:
        with at_step(f"batch {as_of}"):
            summary = run_batch(
                inbox, home, as_of, cities, scope, resume=True, rules=rules,
                runner=crew.runner, lake=crew.lake, workers=crew.workers, dask_address=crew.address,
            )  # fmt: skip
        yield summary
