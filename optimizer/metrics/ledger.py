"""The ledger in Valkey: every process adds its deltas, the snapshot and the totals read them."""

import json
import secrets
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import redis
import redis.asyncio

from optimizer.domain.tally import Key, Step
from optimizer.errors import CacheUnavailable
from optimizer.metrics import scripts
from optimizer.metrics.codec import (
    Cells,
    Tallies,
    added_up,
    decode,
    encode,
    field_of,
    noted_arguments,
    text,
)
from optimizer.metrics.noted import Noted

PREFIX = "{canvalo}:ledger:"
GAUGE_SECONDS = 15  # a process that has not reported for so long counts as gone
SEQUENCE_SECONDS = 7 * 24 * 3600  # how late a repeated delivery is still recognised
OLDEST_SECONDS = 13 * 24 * 3600  # an event further back counts when it arrives: minutes are kept 14
VANISHED = Key(Step.FAULT, "", "", "vanished")  # processes that ended without a goodbye


@dataclass(frozen=True, slots=True)
class Batch:
    """Deltas of one process that are counted together or not at all."""

    process: str
    sequence: int
    cells: Cells
    facts: int = 0  # how many were added up; for the estimate of what a killed process lost
    noted: Noted | None = None


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
    """What a process tells the ledger in one message; `leaving`: it will not report again."""

    process: str
    at: float
    batch: Batch | None
    gauges: Held | None
    leaving: bool = False


class Minute(NamedTuple):
    """A minute of one ledger id that has something to store, with its version."""

    ledger: str
    minute: int
    version: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Everything that the ledger has counted, over all processes, by ledger id."""

    since: float | None  # seconds since the epoch; None before the first report
    at: float
    by_ledger: dict[str, Tallies]
    gauges: list[PoolGauges]

    @property
    def tallies(self) -> Tallies:
        """The sum over the ids that the ledger still holds."""
        return added_up(self.by_ledger.values())


async def post(client: "redis.asyncio.Redis", report: Report) -> None:
    """Add a process's deltas and gauges; a repeated batch changes nothing."""
    with unavailable():
        await _async_eval(client, scripts.POST, *_arguments(report))


def post_blocking(client: redis.Redis, report: Report) -> None:
    """Like `post`, for a process without an event loop."""
    _eval(client, scripts.POST, *_arguments(report))


async def read_totals(client: "redis.asyncio.Redis") -> Totals:
    """The running totals and the gauges of the processes that are alive."""
    with unavailable():
        return _totals(await _async_eval(client, scripts.TOTALS))


def read_totals_blocking(client: redis.Redis) -> Totals:
    """Like `read_totals`, for a process without an event loop."""
    return _totals(_eval(client, scripts.TOTALS))


def reap(client: redis.Redis, minute: int) -> int:
    """Count the processes that went without a goodbye, in this minute; answers how many."""
    fields = field_of(VANISHED, "count"), field_of(VANISHED, "rows")
    return int(_eval(client, scripts.REAP, minute, _fresh_id(), *fields))


def ledger_ids(client: redis.Redis) -> list[str]:
    """The ids that the ledger holds, oldest first; the last is the present life's."""
    with unavailable():
        found: Any = client.zrange(PREFIX + "ledgers", 0, -1)
    return [text(id_) for id_ in found]


def open_minutes(client: redis.Redis) -> list[Minute]:
    """The minutes with something to store, in order of time."""
    found: list[Minute] = []
    for id_ in ledger_ids(client):
        with unavailable():
            versions: Any = client.hgetall(f"{PREFIX}{id_}:open")
        found += [Minute(id_, int(minute), int(n)) for minute, n in versions.items()]
    return sorted(found, key=lambda open_: open_.minute)


def read_minute(client: redis.Redis, ledger: str, minute: int) -> Tallies:
    """All that was counted in a minute under one id."""
    with unavailable():
        found: Any = client.hgetall(f"{PREFIX}{ledger}:minute:{minute}")
    return decode(found.items())


def close_minute(client: redis.Redis, minute: Minute) -> bool:
    """Mark a minute as stored, unless it has grown since that version."""
    return bool(_eval(client, scripts.CLOSE, *minute))


def move_minute(client: redis.Redis, minute: Minute, into: int) -> None:
    """Count what was counted in one minute in another instead."""
    _eval(client, scripts.MOVE, minute.ledger, minute.minute, into)


def forget_before(client: redis.Redis, ledger: str, minute: int) -> int:
    """Drop the stored minutes before this one; answers how many."""
    return int(_eval(client, scripts.FORGET, ledger, minute))


def drop_ended(client: redis.Redis, ledger: str) -> bool:
    """Drop an id of an earlier life that holds no minute; its totals must be stored."""
    return bool(_eval(client, scripts.DROP, ledger))


def _totals(reply: Sequence[Any]) -> Totals:
    since, now, alive, *found = reply
    by_ledger = {
        text(id_): decode(zip(fields[::2], fields[1::2], strict=True))
        for id_, fields in zip(found[::2], found[1::2], strict=True)
    }
    gauges = [PoolGauges(*map(int, text(values).split(","))) for values in alive]
    return Totals(float(since) if since else None, float(now), by_ledger, gauges)


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
        _fresh_id(),
        batch.facts if batch else 0,
        "1" if report.leaving else "",
        OLDEST_SECONDS,
        *noted_arguments(batch.noted if batch else None, report.at),
    )


def _fresh_id() -> str:
    """A name for a new life, in case the script finds that there is one."""
    return secrets.token_hex(6)


def _eval(client: redis.Redis, script: str, *arguments: str | int) -> Any:
    with unavailable():
        return client.eval(script, 1, PREFIX, *arguments)


async def _async_eval(client: "redis.asyncio.Redis", script: str, *arguments: str | int) -> Any:
    reply: Any = client.eval(script, 1, PREFIX, *arguments)
    return await reply


@contextmanager
def unavailable() -> Any:
    """Name Valkey's failures once, at this edge."""
    try:
        yield
    except (redis.RedisError, OSError) as error:
        kind = type(error).__name__  # its text holds the server's address
        raise CacheUnavailable(f"the ledger in Valkey cannot be reached: {kind}") from error
