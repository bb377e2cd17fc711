"""A caller of a runtime, and a recorder that keeps what it hears."""

import uuid

import httpx

from canvalo.devstack import tokens
from optimizer.metrics.recorder import Recorder

SECRET = "s" * 48


def user(name="alice", **claims):
    """A user's token."""
    return tokens.mint(SECRET, role="authenticated", sub=name, **claims)


class Listening(Recorder):
    """A recorder that also keeps what it is told."""

    def __init__(self):
        super().__init__(f"test-{uuid.uuid4()}")
        self.facts = []

    def record(self, fact):
        self.facts.append(fact)
        super().record(fact)


async def ask(engine, token=None, **who):
    """One list of contacts by supabase-py; how it was come by."""
    async with engine.pool.get_connection(jwt_token=token, **who) as client:
        query = client.schema("api").table("contacts").select("*")
        response = await query.request.send(httpx.Headers())
    return response.headers["x-cache"]
