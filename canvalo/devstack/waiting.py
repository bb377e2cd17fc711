"""Waiting for a condition with a deadline."""

import time
from collections.abc import Callable

from canvalo.devstack.errors import DevstackError, Pause


def until(
    condition: Callable[[], bool],
    seconds: float,
    failure: Callable[[], str],
    pause: Pause = time.sleep,
    every: float = 0.05,
) -> None:
    """Return once the condition holds; raise with the failure's sentence when time is up."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise DevstackError(failure())
        pause(every)
