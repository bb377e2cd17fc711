"""Thousands of mixed requests through an edge that fails one time in ten, checked in PostgreSQL."""

import asyncio
import random
from collections import Counter

import pytest

from tests.optimizer.waiting import until
from tests.upstream.faulty import ALL, Fault
from tests.upstream.storm import Storm, must_agree

SHARE = 0.1  # of the requests that meet a fault
FAULTS = [fault for fault in ALL if fault is not Fault.NONE]


async def restart(edge, times):
    """Take the edge down for a moment, now and then, while requests come in."""
    for _ in range(times):
        at = len(edge.seen) + 150
        await until(lambda at=at: len(edge.seen) >= at, within=60)
        await edge.stop()
        await asyncio.sleep(0.1)  # the outage
        await edge.start()


@pytest.mark.parametrize(
    ("requests", "restarts"), [(600, 0), pytest.param(10_000, 10, marks=pytest.mark.slow)]
)
async def test_no_write_is_lost_doubled_or_wrongly_reported(
    engine, edge, token_for, mark, stored, requests, restarts
):
    """Reads succeed; the fate of each write is what its caller was told; all end in time."""
    chance = random.Random(11)
    edge.choose = lambda _: chance.choice(FAULTS) if chance.random() < SHARE else Fault.NONE
    storm = Storm(engine, token_for, mark)
    restarting = asyncio.create_task(restart(edge, restarts))
    await storm.blow(requests)
    await restarting
    log = storm.log
    must_agree(log, stored())
    told = Counter(log.written.values())
    print(f"reads {dict(log.reads)}, writes {dict(told)}, slowest {log.slowest:.1f} s")
    assert sum(log.reads.values()) + len(log.written) == requests
    assert log.reads[True] >= 0.999 * sum(log.reads.values())
    assert told["done"] > 0.8 * len(log.written)
    assert log.slowest < engine.settings.request_deadline + 1
    assert engine.transport.gate.in_flight == 0
    assert edge.open_connections <= engine.settings.pool_max_connections
