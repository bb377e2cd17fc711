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
_WARM = slice(0.35, 0.48)  # of the run: once warm
_LAST = slice(0.85, 1.0)  # of the run: at the end
_LONG = 300  # s from which on a run says something of worker and beat after their restart
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
    memory: list[tuple[float, float]]  # MB of web and worker
    restarted: float  # s since the epoch
    seconds: float


def run(seconds: float, quick: bool) -> list[Row]:
    """The rows of the report."""
    with place() as where:
        score = Score()
        held = asyncio.run(_load(where, score, seconds, quick))
        counted, stored_at = where.leave()
    if stored_at < held.restarted and seconds >= _LONG:
        raise NotComparable("after their restart beat and worker stored nothing")
    for wrong in score.wrong[:10]:
        print(f"wrong: {wrong}")
    return _rows(score, held, counted)


def _rows(score: Score, held: Held, counted: int) -> list[Row]:
    web, worker = zip(*held.memory, strict=True)
    flat = "<= 1.1" if held.seconds >= _LONG else None  # it has only just restarted
    took = quantiles(score.milliseconds, n=100)
    answered = score.answered
    return [
        Row("answers checked: wrong, all", len(score.wrong), score.checked, "<= 0"),
        Row("requests: broken off, answered", score.broken, answered, "<= 0"),
        Row("counts: lost or too many, requests", abs(answered - counted), answered, "<= 0"),
        Row("web's memory, MB: at the end, once warm", *_grown(web), "<= 1.1"),
        Row("worker's memory, MB: at the end, once warm", *_grown(worker), flat),
        Row("refused while Valkey or Supabase restarted, answered", score.refused, answered),
        Row("requests a second, callers", held.rate, held.callers),
        Row("ms: 99 of 100 within, half within", took[98], took[49]),
    ]


def _grown(memory: Sequence[float]) -> tuple[float, float]:
    """MB at the end, and once warm."""
    return _typical(memory, _LAST), _typical(memory, _WARM)


def _typical(memory: Sequence[float], part: slice) -> float:
    return median(memory[int(part.start * len(memory)) : int(part.stop * len(memory))])


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
    return Held(size, rate, memory, restarted, seconds)


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


async def _watch(where: Place, start: float, seconds: float) -> list[tuple[float, float]]:
    """What web and worker hold, until the time is over."""
    found = []
    while time.monotonic() < start + seconds:
        found.append((where.web_memory(), where.worker_memory()))
        await asyncio.sleep(seconds / _SAMPLES)
    return found
