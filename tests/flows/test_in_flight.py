"""Batches side by side: in order, few of them at a time, and the first fault comes through."""

import time
from collections.abc import Iterator

import pytest

from flows.in_flight import WORKERS, in_flight


def test_results_come_in_order_though_later_ones_are_done_first() -> None:
    def work(number: int) -> int:
        time.sleep(0.02 if number % 2 == 0 else 0)
        return number * 10

    assert list(in_flight(work, range(9))) == [number * 10 for number in range(9)]


def test_no_more_batches_are_made_than_are_needed() -> None:
    made: list[int] = []

    def batches() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            yield number

    results = in_flight(lambda number: number, batches())
    assert next(results) == 0
    assert len(made) == WORKERS + 1


def test_a_batch_that_fails_is_not_passed_over() -> None:
    with pytest.raises(ZeroDivisionError):
        list(in_flight(lambda number: 1 // (number - 3), range(9)))
