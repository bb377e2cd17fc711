"""What compression in Valkey saves and costs, by size of answer."""

import asyncio
import random
import time
from functools import partial
from string import ascii_lowercase
from typing import Any
from uuid import UUID

from benchmarks.cache.samples import as_json
from benchmarks.cache.timing import microseconds, must_be
from benchmarks.report import Row
from optimizer.cache.entry import Entry, decode, encode
from optimizer.domain.answer import Answer

_SIZES = (1, 2, 5, 20, 100, 500)  # kB
_SEED = 20_261_125
_FROM = 1  # byte: so that it is seen below the setting's threshold, too


def rows(quick: bool) -> list[Row]:
    """Bytes, and microseconds to write and to read, with compression and without."""
    return [row for size in _SIZES for row in asyncio.run(of_size(size, quick))]


async def of_size(size: int, quick: bool) -> list[Row]:
    """Of an answer of so many kB."""
    entry = Entry(Answer(200, (), answer(size * 1000)), "epoch stamp", 0.0)
    packed, plain = encode(entry, _FROM), encode(entry)
    must_be((decode(packed), decode(plain)), (entry, entry), "a packed entry")
    rounds, batch = (7 if quick else 25), max(2, 1000 // size)
    writes = {"packed": partial(encode, entry, _FROM), "plain": partial(encode, entry)}
    reads = {"packed": partial(decode, packed), "plain": partial(decode, plain)}
    wrote = await microseconds(f"writing {size} kB", writes, rounds, batch, time.thread_time)
    read = await microseconds(f"reading {size} kB", reads, rounds, batch, time.thread_time)
    name = f"compression, {size} kB"
    return [
        Row(f"{name}, bytes: packed, plain", len(packed), len(plain)),
        Row(f"{name}, µs to write: packed, plain", wrote["packed"], wrote["plain"]),
        Row(f"{name}, µs to read: packed, plain", read["packed"], read["plain"]),
    ]


def answer(size: int) -> bytes:
    """Contacts with keys, names and times at random, as rows have them, cut at so many bytes."""
    chance, text = random.Random(_SEED), b"["
    while len(text) < size:
        text += as_json([_contact(chance)])[1:-1] + b","
    return text[:size]


def _contact(chance: random.Random) -> dict[str, Any]:
    first, last = ("".join(chance.choices(ascii_lowercase, k=6)).title() for _ in range(2))
    return {
        "id": str(UUID(int=chance.getrandbits(128), version=4)),
        "name": f"{first} {last}",
        "email": f"{first}.{last}@example.com".lower(),
        "phone": f"+32 {chance.randrange(10**8):08}",
        "contact_type": chance.choice(("lead", "customer", "partner")),
        "created_at": f"2026-11-{chance.randrange(1, 25):02}T10:{chance.randrange(60):02}:00+00:00",
    }
