"""A schedule and a backfill mean the same dates."""

from datetime import date, timedelta

import pytest

from flows.periods import period_end_before, periods
from reference.errors import InputProblem

YEAR = (date(2025, 1, 1), date(2025, 12, 31))


@pytest.mark.parametrize(
    ("day", "as_of"),
    [
        (date(2025, 4, 1), date(2025, 3, 31)),
        (date(2025, 4, 30), date(2025, 3, 31)),
        (date(2024, 3, 1), date(2024, 2, 29)),
        (date(2025, 1, 1), date(2024, 12, 31)),
    ],
)
def test_a_schedule_means_the_month_that_has_ended(day: date, as_of: date) -> None:
    assert period_end_before(day, "month") == as_of


@pytest.mark.parametrize(
    ("day", "as_of"),
    [
        (date(2025, 4, 7), date(2025, 4, 6)),  # a Monday
        (date(2025, 4, 12), date(2025, 4, 6)),
        (date(2025, 4, 13), date(2025, 4, 6)),  # that week's Sunday has not ended
        (date(2025, 1, 1), date(2024, 12, 29)),
    ],
)
def test_or_the_week_that_has_ended(day: date, as_of: date) -> None:
    assert period_end_before(day, "week") == as_of


def test_a_year_of_schedules_gives_the_dates_of_a_backfill() -> None:
    firsts = [date(2025 + month // 12, month % 12 + 1, 1) for month in range(1, 13)]
    assert [period_end_before(day, "month") for day in firsts] == periods(*YEAR, "month")
    mondays = [date(2025, 1, 6) + timedelta(weeks=week) for week in range(52)]
    assert [period_end_before(day, "week") for day in mondays] == periods(*YEAR, "week")


@pytest.mark.parametrize(
    ("since", "until", "every", "told"),
    [
        (YEAR[1], YEAR[0], "month", "from 2025-12-31 is after to 2025-01-01"),
        (date(2025, 1, 2), date(2025, 1, 30), "month", "no month ends between"),
        (*YEAR, "quarter", "write month or week"),
    ],
)
def test_what_no_batch_can_be_made_of_is_refused(since: date, until: date, every: str, told: str) -> None:
    with pytest.raises(InputProblem, match=told):
        periods(since, until, every)
