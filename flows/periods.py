"""The dates of batches: the last day of each month.  Light to import."""

from datetime import date, timedelta

from reference.errors import InputProblem


def periods(since: date, until: date, every: str) -> list[date]:
    """Return the last day of each month that ends within the range; InputProblem if there is none."""
    if every != "month":
        raise InputProblem(f"--every {every} is not known; write month")
    ends, day = [], since.replace(day=1)
    while day <= until:
        following = (day + timedelta(days=32)).replace(day=1)
        ends.append(following - timedelta(days=1))
        day = following
    inside = [end for end in ends if since <= end <= until]
    if not inside:
        raise InputProblem(f"no month ends between {since} and {until}; widen --from and --to")
    return inside


def month_end_before(day: date) -> date:
    """Return the last day of the month that had ended when `day` began: what a monthly schedule means."""
    return day.replace(day=1) - timedelta(days=1)
