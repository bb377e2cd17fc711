"""Waiting for something that other tasks bring about, with a deadline."""

import asyncio
import time
from collections.abc import Callable

WITHIN = 5.0  # s


async def until(condition: Callable[[], object], within: float = WITHIN) -> None:
    """Return when something holds; fail where it takes too long."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        await asyncio.sleep(0.001)
