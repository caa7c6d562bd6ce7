"""The dates of batches: the last day of each month, or the Sunday of each week.  Light to import."""

from datetime import date, timedelta

from reference.errors import InputProblem


def periods(since: date, until: date, every: str) -> list[date]:
    """Return the last day of each month or week (every: month, week) that ends within the range, in order.

    InputProblem if the range is turned round, or none ends within it.
    """
    if since > until:
        raise InputProblem(f"from {since} is after to {until}; write the earlier date first")
    ends, day = [], until + timedelta(days=1)
    while (day := period_end_before(day, every)) >= since:
        ends.append(day)
    if not ends:
        raise InputProblem(f"no {every} ends between {since} and {until}; widen --from and --to")
    return ends[::-1]


def period_end_before(day: date, every: str) -> date:
    """Return the last day of the month or week that had ended when `day` began: what a schedule means."""
    if every == "month":
        return day.replace(day=1) - timedelta(days=1)
    if every == "week":
        return day - timedelta(days=day.isoweekday())
    raise InputProblem(f"--every {every} is not known; write month or week")
