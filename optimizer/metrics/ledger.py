"""The ledger in Valkey: every process adds its deltas, the snapshot and the totals read them."""

import json
from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import redis
import redis.asyncio

from optimizer.domain.tally import COUNTERS, Key, Tally
from optimizer.errors import CacheUnavailable
from optimizer.metrics import scripts

PREFIX = "{canvalo}:ledger:"
GAUGE_SECONDS = 15  # a process that has not reported for so long counts as gone
SEQUENCE_SECONDS = 7 * 24 * 3600  # how late a repeated delivery is still recognised
SEPARATOR = "\x1f"  # between the parts of a field's name: no relation's name holds it

Cells = dict[tuple[int, str, str, str, str], Tally]


@dataclass(frozen=True, slots=True)
class Batch:
    """Deltas of one process that are counted together or not at all."""

    process: str
    sequence: int
    cells: Cells


class PoolGauges(NamedTuple):
    """What a process holds at this moment."""

    total: int
    active: int
    idle: int


class Held(Protocol):
    """What a pool says of itself; `PoolGauges` is one."""

    @property
    def total(self) -> int:
        """Connections."""

    @property
    def active(self) -> int:
        """Of these, lent."""

    @property
    def idle(self) -> int:
        """Of these, waiting."""


class Report(NamedTuple):
    """What a process tells the ledger in one message."""

    process: str
    at: float
    batch: Batch | None
    gauges: Held | None


@dataclass(frozen=True, slots=True)
class Totals:
    """Everything counted since the installation, over all processes."""

    since: float | None  # seconds since the epoch; None before the first report
    at: float
    tallies: dict[Key, Tally]
    gauges: list[PoolGauges]


async def post(client: "redis.asyncio.Redis", report: Report) -> None:
    """Add a process's deltas and gauges; a repeated batch changes nothing."""
    with _unavailable():
        await _async_eval(client, scripts.POST, *_arguments(report))


def post_blocking(client: redis.Redis, report: Report) -> None:
    """Like `post`, for a process without an event loop."""
    _eval(client, scripts.POST, *_arguments(report))


async def read_totals(client: "redis.asyncio.Redis") -> Totals:
    """The running totals and the gauges of the processes that are alive."""
    with _unavailable():
        since, now, totals, gauges = await _async_eval(client, scripts.TOTALS)
    tallies = decode(zip(totals[::2], totals[1::2], strict=True))
    alive = [PoolGauges(*map(int, _text(values).split(","))) for values in gauges]
    return Totals(float(since) if since else None, float(now), tallies, alive)


def open_minutes(client: redis.Redis) -> dict[int, int]:
    """The minutes with something to store, each with the version that it has now."""
    with _unavailable():
        found: Any = client.hgetall(PREFIX + "open")
    return {int(minute): int(version) for minute, version in found.items()}


def read_minute(client: redis.Redis, minute: int) -> dict[Key, Tally]:
    """All that was counted in a minute."""
    with _unavailable():
        found: Any = client.hgetall(f"{PREFIX}minute:{minute}")
    return decode(found.items())


def close_minute(client: redis.Redis, minute: int, version: int) -> bool:
    """Mark a minute as stored, unless it has grown since that version."""
    return bool(_eval(client, scripts.CLOSE, minute, version))


def forget_before(client: redis.Redis, minute: int) -> int:
    """Drop the stored minutes before this one; answers how many."""
    return int(_eval(client, scripts.FORGET, minute))


def encode(cells: Cells) -> dict[str, dict[str, str]]:
    """Deltas as the ledger keeps them: minute → field → number."""
    minutes: dict[str, dict[str, str]] = {}
    for (minute, *key), tally in cells.items():
        fields = minutes.setdefault(str(minute), {})
        name = SEPARATOR.join(key)
        for column in COUNTERS:
            if number := getattr(tally, column):
                fields[f"{name}{SEPARATOR}{column}"] = str(number)
        for bucket, count in tally.buckets.items():
            fields[f"{name}{SEPARATOR}{bucket}"] = str(count)
    return minutes


def decode(fields: Iterable[tuple[bytes | str, bytes | str]]) -> dict[Key, Tally]:
    """The inverse of `encode` for one minute, or for the totals."""
    tallies: dict[Key, Tally] = {}
    for field, number in fields:
        *key, column = _text(field).split(SEPARATOR)
        tally = tallies.setdefault(Key(*key), Tally())
        if column in COUNTERS:
            setattr(tally, column, int(number))
        else:
            tally.buckets[int(column)] = int(number)
    return tallies


def _arguments(report: Report) -> Sequence[str | int]:
    batch, gauges = report.batch, report.gauges
    return (
        report.process,
        batch.sequence if batch else 0,
        int(report.at) // 60 * 60,
        json.dumps(encode(batch.cells)) if batch else "{}",
        f"{gauges.total},{gauges.active},{gauges.idle}" if gauges else "",
        GAUGE_SECONDS,
        SEQUENCE_SECONDS,
    )


def _eval(client: redis.Redis, script: str, *arguments: str | int) -> Any:
    with _unavailable():
        return client.eval(script, 1, PREFIX, *arguments)


async def _async_eval(client: "redis.asyncio.Redis", script: str, *arguments: str | int) -> Any:
    reply: Any = client.eval(script, 1, PREFIX, *arguments)
    return await reply


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


@contextmanager
def _unavailable() -> Any:
    """Name Valkey's failures once, at this edge."""
    try:
        yield
    except (redis.RedisError, OSError) as error:
        kind = type(error).__name__  # its text holds the server's address
        raise CacheUnavailable(f"the ledger in Valkey cannot be reached: {kind}") from error
