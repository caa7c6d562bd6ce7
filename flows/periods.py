"""The dates of a backfill: the last day of each month of a range.  Light to import."""

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
