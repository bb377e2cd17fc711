"""Timing two calls side by side, so that both meet the same machine in the same mood."""

import statistics
import time
from collections.abc import Callable

Call = Callable[[], object]


class NotComparable(Exception):  # noqa: N818 - a finding; its text is one line for the user
    """The two sides did not do the same, so their times say nothing."""


def medians(ours: Call, theirs: Call, rounds: int, warm_up: int = 20) -> tuple[float, float]:
    """Milliseconds, median of each; after an equal warm-up the calls alternate in who is first."""
    first, second = interleaved(ours, theirs, rounds, warm_up)
    return statistics.median(first), statistics.median(second)


def interleaved(
    ours: Call, theirs: Call, rounds: int, warm_up: int = 20
) -> tuple[list[float], list[float]]:
    """Milliseconds of every round, for who needs more than the median."""
    for _ in range(warm_up):
        ours()
        theirs()
    taken: dict[Call, list[float]] = {ours: [], theirs: []}
    for number in range(rounds):
        for call in (ours, theirs) if number % 2 else (theirs, ours):
            taken[call].append(_milliseconds(call))
    return taken[ours], taken[theirs]


def _milliseconds(call: Call) -> float:
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1000
