"""A monthly schedule and a backfill mean the same dates."""

from datetime import date, timedelta

import pytest

from flows.periods import month_end_before, periods


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
    assert month_end_before(day) == as_of


def test_a_year_of_schedules_gives_the_dates_of_a_backfill() -> None:
    firsts = [date(2025 + month // 12, month % 12 + 1, 1) for month in range(1, 13)]
    assert [month_end_before(day) for day in firsts] == periods(date(2025, 1, 1), date(2025, 12, 31), "month")
    assert all(month_end_before(day) + timedelta(days=1) == day for day in firsts)
