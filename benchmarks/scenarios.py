"""scenarios: the original description's three examples and five expected ranges, one row each.

Bars are the lower ends of the ranges. The upstream waits 20 ms before each answer, save on the
simulated day, which counts and does not time. The functions run in this process, as in the
original, on the event loop of the product's servers; rows without a bar show the same over HTTP.
"""

import asyncio

import uvloop

from benchmarks import day, examples, ranges
from benchmarks.inprocess import Place, before, place
from benchmarks.report import Row

LATENCY_MS = 20


def run(quick: bool) -> list[Row]:
    """Milliseconds, calls or reads: ours, and those of plain supabase-py."""
    with place(LATENCY_MS) as where:
        web = where.stack.web(where.ours.url)
        with (
            before(where.stack, 0) as prompt,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop,
        ):
            return loop.run(_measure(where, prompt, web, quick))


async def _measure(where: Place, prompt: Place, web: str, quick: bool) -> list[Row]:
    from optimizer import runtime

    try:
        return [
            *await examples.rows(where, web, 15 if quick else 40),
            *await day.rows(prompt, hours=1 if quick else 8),
            *await ranges.rows(where, 20 if quick else 100),
        ]
    finally:
        await runtime.close_current()
