"""Random reads and writes of one process's clients, for a while.

Each client reads after a short thought, and writes when its next write is due: after a random time,
longer the longer its last write took. So the share of time in which a row is being written hardly
depends on the machine's speed. In every table most operations of all processes go to the same row
for a moment, then to another.
"""

import asyncio
import random
import time
from dataclasses import dataclass

from benchmarks.truth import tables
from benchmarks.truth.asker import Asker
from benchmarks.truth.history import Mode

CLIENTS = 8
_EACH = tables.ROWS // tables.TABLES
_FOCUS = 0.9  # of all operations go to the row of the moment
_MOMENT = 4.0  # s
_FIRST = 0.35  # s; as if a write before the first one had taken so long
_STRIDE = 7  # so that the tables' rows of the moment do not go in step


@dataclass(frozen=True, slots=True)
class Load:
    """For how long (s), in which modes (client n takes the n-th, in turns), and how often."""

    seconds: float
    modes: tuple[Mode, ...]
    thought: float  # mean s before each operation
    rest: float  # mean time between a client's writes, as a multiple of what the former took
    seed: int


async def run(asker: Asker, process: int, load: Load) -> None:
    """Keep all clients busy until the time is over and the last answer is there."""
    end = time.monotonic() + load.seconds
    async with asyncio.TaskGroup() as group:
        for client in range(CLIENTS):
            chance = random.Random(f"{load.seed} {process} {client}")
            mode = load.modes[client % len(load.modes)]
            group.create_task(_work(asker, client, mode, chance, load, end))


async def _work(
    asker: Asker, client: int, mode: Mode, chance: random.Random, load: Load, end: float
) -> None:
    due = time.monotonic() + chance.expovariate(1 / (load.rest * _FIRST))
    while (now := time.monotonic()) < end:
        row = _row(now, chance)
        if now >= due:
            await asker.write(client, row, mode)
            took = time.monotonic() - now
            due = now + took + chance.expovariate(1 / (load.rest * took))
        else:
            await asker.read(client, row, mode)
        await asyncio.sleep(chance.expovariate(1 / load.thought))


def _row(now: float, chance: random.Random) -> int:
    table = chance.randrange(tables.TABLES)
    moment = int(now / _MOMENT) * _STRIDE + table
    place = moment % _EACH if chance.random() < _FOCUS else chance.randrange(_EACH)
    return table * _EACH + place
