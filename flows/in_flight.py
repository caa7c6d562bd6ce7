"""Batches at work side by side: one alone leaves a core idle while it reads, writes or hashes.

Here: order and how many. Not here: what is done to a batch.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")
WORKERS = 2


def in_flight(work: Callable[[A], B], items: Iterable[A]) -> Iterator[B]:
    """Yield work(item) in the order of the items, some at work at a time; no more of them are held."""
    with ThreadPoolExecutor(WORKERS) as pool:
        pending: deque[Future[B]] = deque()
        for item in items:
            pending.append(pool.submit(work, item))
            if len(pending) > WORKERS:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
