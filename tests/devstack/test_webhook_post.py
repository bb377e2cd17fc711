"""Database webhooks: what is written is posted, in order, as Supabase would."""

import asyncio
import json
import socket
import uuid
from contextlib import suppress

import psycopg
import pytest
import pytest_asyncio
import uvicorn

from canvalo.devstack import schema, tokens
from canvalo.devstack.supabase import webhooks
from tests.stack import PROJECT


class Receiver:
    """An HTTP server of its own that keeps what it was sent, and refuses it when told to."""

    def __init__(self):
        self.got, self.headers, self.refusals = [], [], 0
        self.arrived = asyncio.Event()

    async def __call__(self, scope, receive, send):
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message.get("more_body", False)
        status = 503 if self.refusals else 200
        if self.refusals:
            self.refusals -= 1
        else:
            self.got.append(json.loads(body))
            self.headers.append({k.decode(): v.decode() for k, v in scope["headers"]})
        self.arrived.set()
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body"})

    async def has(self, count):
        async with asyncio.timeout(15):
            while len(self.got) < count:
                self.arrived.clear()
                await self.arrived.wait()


@pytest.fixture
def database(stack):
    schema.apply(stack.supabase_database, PROJECT / "supabase")
    return stack.supabase_database


@pytest.fixture
def sql(database):
    with psycopg.connect(database, autocommit=True) as connection:
        # A row that was posted just before the end is posted again: the next test is not for it.
        connection.execute("delete from canvalo_webhooks.outbox")
        yield connection


@pytest_asyncio.fixture
async def receiver():
    found = Receiver()
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(found, lifespan="off", log_level="error")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server._serve([listening]))
        found.url = f"http://127.0.0.1:{listening.getsockname()[1]}/hook"
        yield found
        server.should_exit = True
        await serving


@pytest_asyncio.fixture
async def forwarding(database, receiver, sql):
    sending = webhooks.forward(database, receiver.url, "the-secret", pauses=(0.01, 0.01))
    task = asyncio.create_task(sending)
    await until(sql, SWITCH, True)
    yield receiver
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def until(sql, query, expected):
    async with asyncio.timeout(10):
        while sql.execute(query).fetchone() != (expected,):  # noqa: ASYNC110 - another process acts
            await asyncio.sleep(0.02)


SWITCH = "select is_on from canvalo_webhooks.switch"
WAITING = "select count(*) from canvalo_webhooks.outbox"


def write(sql, name):
    """Insert, update and delete one contact of alice's; its key."""
    key = str(uuid.uuid4())
    values = [key, tokens.USERS["alice"], name]
    sql.execute("insert into api.contacts (id, owner_id, name) values (%s, %s, %s)", values)
    sql.execute("update api.contacts set name = name || '!' where id = %s", [key])
    sql.execute("delete from api.contacts where id = %s", [key])
    return key


async def test_each_change_is_posted_in_supabases_form(forwarding, sql):
    key = write(sql, "Hook")
    await forwarding.has(3)
    made, changed, gone = forwarding.got
    assert [body["type"] for body in forwarding.got] == ["INSERT", "UPDATE", "DELETE"]
    assert {(body["schema"], body["table"]) for body in forwarding.got} == {("api", "contacts")}
    assert (made["record"]["id"], made["old_record"]) == (key, None)
    assert (changed["record"]["name"], changed["old_record"]["name"]) == ("Hook!", "Hook")
    assert (gone["record"], gone["old_record"]["name"]) == (None, "Hook!")
    assert forwarding.headers[0]["authorization"] == "Bearer the-secret"
    assert forwarding.headers[0]["x-canvalo-secret"] == "the-secret"


async def test_order_is_kept_across_refusals(forwarding, sql):
    forwarding.refusals = 2
    keys = [write(sql, f"Row {n}") for n in range(5)]
    await forwarding.has(15)
    seen = [(b["record"] or b["old_record"])["id"] for b in forwarding.got]
    assert seen == [key for key in keys for _ in range(3)]


async def test_what_nobody_takes_is_given_up_for_the_next(forwarding, sql, caplog):
    forwarding.refusals = 3
    write(sql, "Refused")
    await forwarding.has(2)
    assert [body["type"] for body in forwarding.got] == ["UPDATE", "DELETE"]
    assert "gave up a row after 3 attempts" in caplog.text


async def test_the_outbox_is_empty_afterwards_and_fills_only_while_somebody_listens(
    database, receiver, sql
):
    task = asyncio.create_task(webhooks.forward(database, receiver.url, None))
    await until(sql, SWITCH, True)
    write(sql, "Heard")
    await receiver.has(3)
    assert "authorization" not in receiver.headers[0]
    await until(sql, WAITING, 0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await until(sql, SWITCH, False)
    write(sql, "Unheard")
    assert sql.execute(WAITING).fetchone() == (0,)
