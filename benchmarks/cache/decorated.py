"""A hit of a decorated function: flat rows, nested rows, bytes.

No side waits for anything, so the thread's own time is taken: what else the machine does meanwhile
is in no figure.
"""

import time

from benchmarks.cache import peers
from benchmarks.cache.samples import Rows, as_json, copied, flat, nested
from benchmarks.cache.timing import microseconds, must_be
from benchmarks.report import Row
from optimizer import cached_query

_TTL, _WHO = 3600, "bench"
_CLOCK = time.thread_time
_NESTED_BAR, _BYTES_BAR = 30.0, 2.0  # µs


@cached_query("contacts", ttl=_TTL)
async def flat_rows(user_id: str) -> Rows:
    """Fifty flat rows."""
    return flat()


@cached_query("contacts", ttl=_TTL)
async def nested_rows(user_id: str) -> Rows:
    """Fifty nested rows."""
    return nested()


@cached_query("contacts", ttl=_TTL)
async def body(user_id: str) -> bytes:
    """The flat rows as JSON."""
    return as_json(flat())


async def rows(quick: bool) -> list[Row]:
    """Every peer in the same rounds."""
    rounds, batch = (15, 200) if quick else (60, 500)
    return [
        *await _flat(rounds, batch),
        *await _nested(rounds, batch),
        await _bytes(rounds, batch * 5),
    ]


async def _flat(rounds: int, batch: int) -> list[Row]:
    kept = flat()

    async def ours() -> Rows:
        return await flat_rows(_WHO)

    calls = {"ours": ours, "copying": lambda: copied(kept), **peers.decorated()}
    for name, call in calls.items():
        for _ in range(2):
            found = call()
            must_be(await found if hasattr(found, "__await__") else found, kept, name)
    took = await microseconds("hit, flat rows", calls, rounds, batch, _CLOCK)
    bars = {"cashews, its pickler": "<= 0.1667", "copying": "<= 2"}
    name = "decorated hit, 50 flat rows, fresh, µs: ours"
    others = [other for other in took if other != "ours"]
    return [Row(f"{name}, {it}", took["ours"], took[it], bars.get(it)) for it in others]


async def _nested(rounds: int, batch: int) -> list[Row]:
    async def ours() -> Rows:
        return await nested_rows(_WHO)

    for _ in range(2):
        must_be(await ours(), nested(), "ours")
    cashews = peers.cashews_raw(nested)
    calls = {"ours": ours, "cashews": cashews}
    took = await microseconds("hit, nested rows", calls, rounds, batch, _CLOCK)
    name = "decorated hit, 50 nested rows, fresh, µs: ours"
    return [
        Row(f"{name}, bar", took["ours"], _NESTED_BAR, "<= 1"),
        Row(f"{name}, cashews without a copy", took["ours"], took["cashews"]),
    ]


async def _bytes(rounds: int, batch: int) -> Row:
    kept = {_WHO: as_json(flat())}

    async def ours() -> bytes:
        return await body(_WHO)

    async def looked_up(key: str) -> bytes:
        return kept[key]

    async def theirs() -> bytes:
        return await looked_up(_WHO)

    for _ in range(2):
        must_be(await ours(), kept[_WHO], "ours")
    calls = {"ours": ours, "a dict": theirs}
    took = await microseconds("hit, bytes", calls, rounds, batch, _CLOCK)
    over = took["ours"] - took["a dict"]
    return Row("hit returning bytes, µs over await and a dict: ours, bar", over, _BYTES_BAR, "<= 1")
