"""Microseconds of many calls side by side: batches alternate, medians count, ranges are shown."""

import inspect
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.measure import NotComparable

Call = Callable[[], Any]


async def microseconds(
    what: str,
    calls: Mapping[str, Call],
    rounds: int,
    batch: int,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """The median time of one call of each, coroutine functions or plain ones, in µs.

    Each round takes a batch of every call, and who comes first goes round. Two rounds only warm.
    """
    taken: dict[str, list[float]] = {name: [] for name in calls}
    names = list(calls)
    for number in range(-2, rounds):
        first = number % len(names)
        for name in (*names[first:], *names[:first]):
            seconds = await _batch(calls[name], batch, clock)
            if number >= 0:
                taken[name].append(seconds / batch * 1e6)
    return tell(what, taken)


def tell(what: str, taken: Mapping[str, list[float]]) -> dict[str, float]:
    """Print what each side took, with its range, and return the medians."""
    medians = {name: statistics.median(times) for name, times in taken.items()}
    for name, times in taken.items():
        print(f"  {what}: {name} {medians[name]:.2f} µs ({min(times):.2f} to {max(times):.2f})")
    return medians


def must_be(found: object, expected: object, what: str) -> None:
    """Raise NotComparable where a side answers something else."""
    if found != expected:
        raise NotComparable(f"{what} does not answer with the rows that went in")


async def _batch(call: Call, batch: int, clock: Callable[[], float]) -> float:
    if inspect.iscoroutinefunction(call):
        start = clock()
        for _ in range(batch):
            await call()
        return clock() - start
    start = clock()
    for _ in range(batch):
        call()
    return clock() - start
