"""What a scheduled run means: the day it was due, and how long it waits for another run to end.

Here: answers of Prefect's runtime.  Not here: which batch date follows from a day (flows/periods.py).
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from prefect.runtime import deployment, flow_run

PATIENCE_SECONDS = 3600.0
ZONE = ZoneInfo("Asia/Shanghai")


def due_day() -> date:
    """Return the day this run was due in Zhejiang, however late it starts."""
    due = flow_run.scheduled_start_time or datetime.now(UTC)
    return datetime.fromisoformat(str(due)).astimezone(ZONE).date()


def patience() -> float:
    """Return the seconds to wait for the home's lock: none for a person, who is told at once."""
    return PATIENCE_SECONDS if deployment.id else 0.0
