"""How a step becomes a task: retried on faults of reading and writing alone, never cached by its arguments.

Here: which faults are worth another try, and the waits between tries.  Not here: what steps do.
"""

from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task, exponential_backoff

from flows.faults import os_fault


def is_io_fault(task: Task[..., Any], task_run: TaskRun, state: State[Any]) -> bool:
    """Return whether a failed task may be tried again: only faults of reading and writing."""
    try:
        state.result()
    except Exception as fault:
        return os_fault(fault) is not None
    return False


io_task = task(
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=3,
    retry_delay_seconds=exponential_backoff(1),
    # Tasks that one hiccup of a shared disk stopped together do not come back together.
    retry_jitter_factor=0.5,
    retry_condition_fn=is_io_fault,
)
"""A task whose arguments are paths and settings; waits 1, 2 and 4 s, each up to half as long again."""

plain_task = task(cache_policy=NO_CACHE, persist_result=False)
"""A task that would fail the same way again."""
