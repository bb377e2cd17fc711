"""The run: find the rate, hold it, restart the parts one after another, and judge."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from benchmarks.load.callers import Caller, Score
from benchmarks.load.place import Place, place
from benchmarks.measure import NotComparable
from benchmarks.report import Row

_RAMP = (4, 8, 16, 32)  # callers that are tried
_STEP = 5.0  # s for each
_SAMPLES = 200  # of memory, over the whole run
_WARM = 0.25  # of the run, before which memory is not judged
_LAST = 0.85  # of the run, from where it is
_RESTARTS: tuple[tuple[float, Callable[[Place], None]], ...] = (
    (0.30, Place.restart_worker),
    (0.40, Place.restart_beat),
    (0.50, Place.restart_valkey),
    (0.65, Place.restart_upstream),
)


@dataclass(frozen=True, slots=True)
class Held:
    """What the run was: callers, requests a second, memory over time, the end of restarts."""

    callers: int
    rate: float
    memory: list[float]
    restarted: float  # s since the epoch


def run(seconds: float, quick: bool) -> list[Row]:
    """The rows of the report."""
    with place() as where:
        score = Score()
        held = asyncio.run(_load(where, score, seconds, quick))
        counted, stored_at = where.leave()
    if stored_at < held.restarted and seconds > 120:  # a short run ends before a minute closes
        raise NotComparable("after their restart beat and worker stored nothing")
    for wrong in score.wrong[:10]:
        print(f"wrong: {wrong}")
    return _rows(score, held, counted)


def _rows(score: Score, held: Held, counted: int) -> list[Row]:
    memory = held.memory
    before = memory[int(_WARM * len(memory)) : int(0.4 * len(memory))]
    after = memory[int(_LAST * len(memory)) :]
    took = quantiles(score.milliseconds, n=100)
    answered = score.answered
    return [
        Row("answers checked: wrong, all", len(score.wrong), score.checked, "<= 0"),
        Row("requests: broken off, answered", score.broken, answered, "<= 0"),
        Row("counts: lost or too many, requests", abs(answered - counted), answered, "<= 0"),
        Row("web's memory, MB: at the end, once warm", median(after), median(before), "<= 1.1"),
        Row("refused while Valkey or Supabase restarted, answered", score.refused, answered),
        Row("requests a second, callers", held.rate, held.callers),
        Row("ms: 99 of 100 within, half within", took[98], took[49]),
    ]


async def _load(where: Place, score: Score, seconds: float, quick: bool) -> Held:
    """Call, restart and watch."""
    crew = [Caller(n, where.web_ports, where.bearer, score) for n in range(max(_RAMP))]
    for caller in crew:
        await caller.begin()
    size = 16 if quick else await _highest(crew, score)
    print(f"{size} callers, {seconds:.0f} s", flush=True)
    start, before = time.monotonic(), score.answered
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for caller in crew[:size]:
            group.create_task(caller.work(stop, crew))
        restarts = group.create_task(_restart(where, start, seconds))
        memory = await _watch(where, start, seconds)
        restarted = await restarts
        stop.set()
    for caller in crew:
        caller.close()
    rate = (score.answered - before) / (time.monotonic() - start)
    return Held(size, rate, memory, restarted)


async def _highest(crew: Sequence[Caller], score: Score) -> int:
    """The fewest callers that get nearly as much answered as any number."""
    rates = {size: await _rate(crew[:size], crew, score) for size in _RAMP}
    print(", ".join(f"{size} callers: {rate:,.0f}/s" for size, rate in rates.items()))
    return next(size for size, rate in rates.items() if rate >= 0.95 * max(rates.values()))


async def _rate(some: Sequence[Caller], crew: Sequence[Caller], score: Score) -> float:
    stop, before = asyncio.Event(), score.answered
    async with asyncio.TaskGroup() as group:
        for caller in some:
            group.create_task(caller.work(stop, crew))
        await asyncio.sleep(_STEP)
        stop.set()
    return (score.answered - before) / _STEP


async def _restart(where: Place, start: float, seconds: float) -> float:
    """Restart each part at its time; when the last but Supabase was back, in epoch seconds."""
    done = time.time()
    for share, restart in _RESTARTS:
        await asyncio.sleep(max(0.0, start + share * seconds - time.monotonic()))
        await asyncio.to_thread(restart, where)
        print(f"{restart.__name__} after {time.monotonic() - start:.0f} s", flush=True)
        done = time.time()
    return done


async def _watch(where: Place, start: float, seconds: float) -> list[float]:
    """What the web processes hold, until the time is over."""
    found = []
    while time.monotonic() < start + seconds:
        found.append(where.memory())
        await asyncio.sleep(seconds / _SAMPLES)
    return found
