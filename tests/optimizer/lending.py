"""Tasks that hold leases of a pool until they are told to let go."""

import asyncio
from dataclasses import dataclass


@dataclass
class Limits:
    """What the settings say, and a test changes."""

    pool_enabled: bool = True
    pool_max_connections: int = 2
    pool_max_idle_time: float = 300.0
    pool_max_waiting: int = 1000
    pool_wait_timeout: float = 10.0


async def turn(times=5):
    """Let every task come as far as it can."""
    for _ in range(times):
        await asyncio.sleep(0)


class Holder:
    """A task that holds a lease until it is told to let go."""

    def __init__(self, pool, token):
        self.name = token
        self.go = asyncio.Event()
        self.client = None
        self.task = asyncio.create_task(self._hold(pool, token))

    async def _hold(self, pool, token):
        async with pool.get_connection(jwt_token=token) as client:
            self.client = client
            await self.go.wait()

    @property
    def holds(self):
        """Whether it has its lease."""
        return self.client is not None

    async def end(self):
        """Give the lease back."""
        self.go.set()
        await self.task


async def hold(pool, *tokens):
    """Start so many holders, in this order."""
    holders = [Holder(pool, token) for token in tokens]
    await turn()
    return holders
