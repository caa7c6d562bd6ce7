"""Flows that only a schedule needs: the daily feedback and the monthly reconciliation.

Here: their parameters and dates.  Not here: their work (feedback.py, reconcile.py).
"""

from pathlib import Path
from typing import Any

from prefect import flow

from flows.artifacts import reconcile_artifact
from flows.batches import read_pointers
from flows.failure import at_step, leave_report
from flows.feedback import run_feedback
from flows.home import Home
from flows.parameters import Day, Folder
from flows.reconcile import reconcile
from flows.schedule import due_day, patience
from flows.steps_feedback import last_reckoned

HOUR = 3600


@flow(
    name="zoufang-feedback",
    persist_result=False,
    timeout_seconds=3 * HOUR,
    on_failure=[leave_report],
    on_crashed=[leave_report],
)
def take_feedback(inbox: Folder, home: Folder, as_of: Day | None = None) -> dict[str, Any]:
    """Take visits and bank feeds in, publish the facts, write what goes back 反馈汇总.

    A schedule that gives no date means the day it was due, or the last date reckoned or listed if that is
    later: a run that comes too late never takes published facts back.

    Args:
        inbox: folder that holds visits/, recommendations/, credits/, loans/ … 收件目录
        home: folder that holds lake/, runs/ and warehouse/ 工作目录
        as_of: date of the reckoning 汇总基准日; empty: the day the run was due
    """
    where = Home(Path(home).resolve())
    day = as_of or max([due_day(), *last_reckoned(where), *(p.record.as_of for p in read_pointers(where))])
    with at_step(f"feedback as of {day}"):
        return run_feedback(Path(inbox).resolve(), where, day, patience())


@flow(
    name="zoufang-reconcile",
    persist_result=False,
    timeout_seconds=HOUR,
    on_failure=[leave_report],
    on_crashed=[leave_report],
)
def reconcile_headlines(home: Folder) -> list[dict[str, Any]]:
    """Count every published headline anew, from the lake and the events, and fail if one is off 对账."""
    with at_step("reconcile"):
        rows = reconcile(Home(Path(home).resolve()))
    reconcile_artifact(rows)
    return rows
