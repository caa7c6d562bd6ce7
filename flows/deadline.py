"""The time limit of a flow run, asked again before each step: an alarm may be lost.

Prefect ends a run beyond its time by an exception out of one alarm.  Python drops an exception that happens
to fall into the callback of a weak reference or into `__del__`, and the alarm does not ring twice.
Not here: how long each flow may take (at the flows).
"""

from datetime import UTC, datetime

from prefect.context import FlowRunContext, TaskRunContext


def require_time() -> None:
    """Raise TimeoutError if the flow run that this belongs to has used up its time.

    Inside a task it does nothing: tasks have limits of their own, and what they raise may be tried again.
    """
    run = FlowRunContext.get()
    if run is None or run.flow is None or run.flow.timeout_seconds is None or TaskRunContext.get():
        return
    used = (datetime.now(UTC) - run.start_time).total_seconds()
    if used > run.flow.timeout_seconds:
        raise TimeoutError(f"Flow run is {used:,.0f} s old, its limit is {run.flow.timeout_seconds:,.0f} s.")
