import threading
import time

import pytest

from flows.timing import StepClock


def work(seconds: float) -> None:
    """Keep a processor busy."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def test_a_step_is_measured_by_the_clock_and_by_what_was_worked() -> None:
    clock = StepClock()
    with clock.timing("busy"):
        work(0.1)
    with clock.timing("asleep"):
        time.sleep(0.1)
    busy, asleep = clock.ended
    assert [busy.step, asleep.step] == ["busy", "asleep"]
    assert min(busy.wall_seconds, asleep.wall_seconds, busy.cpu_seconds) >= 0.09
    assert asleep.cpu_seconds < 0.5 * busy.cpu_seconds
    assert asleep.began_seconds >= busy.began_seconds + busy.wall_seconds
    assert clock.totals[0] >= busy.wall_seconds + asleep.wall_seconds


def test_steps_side_by_side_share_what_was_worked_and_count_nothing_twice() -> None:
    clock, begun = StepClock(), threading.Barrier(2)

    def step(name: str) -> None:
        with clock.timing(name):
            begun.wait()
            if name == "busy":
                work(0.2)
                begun.wait()
            else:
                begun.wait()

    threads = [threading.Thread(target=step, args=(name,)) for name in ("busy", "waiting")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = {one.step: one.cpu_seconds for one in clock.ended}
    assert min(spent.values()) >= 0.09, "two steps at work share alike, whoever of them worked"
    assert sum(spent.values()) <= clock.totals[1] + 1e-6


def test_a_step_that_fails_is_told_as_one_and_its_fault_goes_on() -> None:
    clock = StepClock()
    with pytest.raises(ValueError, match="spoilt"), clock.timing("city-3301"):
        raise ValueError("spoilt")
    with clock.timing("city-3302") as timed:
        timed.how = "linked"
    assert [(one.step, one.how) for one in clock.ended] == [("city-3301", "failed"), ("city-3302", "linked")]
