"""The end of a process: what it counted and did not yet deliver reaches the ledger."""

import asyncio

import pytest
import redis
from celery import Celery

from canvalo.asgi import application
from optimizer import runtime, supabase_client, supabase_client_sync, wiring
from optimizer.domain.counts import Counts
from optimizer.metrics import ledger
from optimizer.tasks import hand_over_after
from tests.optimizer.callers import user

pytestmark = pytest.mark.usefixtures("served", "twin")


@pytest.fixture(autouse=True)
def silent(monkeypatch):
    """Nothing is delivered while the process works, but for the beginning."""
    monkeypatch.setattr(wiring, "FLUSH_INTERVAL", 3600.0)


def contacts(client):
    """A query."""
    return client.schema("api").table("contacts").select("*")


def ask(times):
    """Ask as a view without an event loop does."""
    for _ in range(times):
        with supabase_client_sync(access_token=user()) as client:
            contacts(client).execute()


async def ask_here():
    """Ask once, in an event loop that nobody closes the engine in."""
    async with supabase_client(access_token=user()) as client:
        await contacts(client).execute()


def totals(url):
    """What the ledger has counted."""
    with redis.Redis.from_url(url) as client:
        return ledger.read_totals_blocking(client)


async def serve(*events):
    """Live through the beginning and the end of an ASGI server."""
    coming = iter([{"type": f"lifespan.{event}"} for event in events])

    async def receive():
        return next(coming)

    async def send(_):
        pass

    await application({"type": "lifespan"}, receive, send)


def test_a_web_server_that_ends_hands_over_what_its_views_counted(fresh_valkey):
    """Also those that ask from threads: it ends by a signal, without exit handlers."""
    ask(7)
    assert Counts(totals(fresh_valkey).tallies).asked < 7
    asyncio.run(serve("shutdown"))
    found = totals(fresh_valkey)
    assert (Counts(found.tallies).asked, found.gauges) == (7, [])


def test_a_loop_that_ends_unclosed_loses_nothing(fresh_valkey):
    """A task that calls `asyncio.run`; its hits were added up in that loop."""
    for _ in range(3):
        asyncio.run(ask_here())
    runtime.hand_over()
    found = totals(fresh_valkey)
    assert (Counts(found.tallies).asked, found.gauges) == (3, [])


def test_after_a_celery_task_its_loop_is_not_taken_for_a_process_that_vanished(fresh_valkey):
    """The worker goes on, and may have nothing to do for an hour."""

    @Celery(set_as_current=False).task
    def work():
        asyncio.run(ask_here())

    work.apply()
    found = totals(fresh_valkey)
    assert (Counts(found.tallies).asked, found.gauges) == (1, [])


def test_a_task_takes_nothing_from_a_loop_that_lives(fresh_valkey):
    """What it counts is delivered by itself, and its process has not gone."""
    ask(1)
    hand_over_after()
    assert len(totals(fresh_valkey).gauges) == 1


def test_at_the_end_the_ledger_may_be_away(settings, caplog):
    """The process ends all the same, and says what is lost."""
    settings.VALKEY_URL = "redis://:secret@127.0.0.1:1/0"
    ask(1)
    runtime.hand_over()
    assert "could not be handed over" in caplog.text
    assert "secret" not in caplog.text


def test_where_nothing_was_counted_nothing_is_asked(settings, caplog):
    """An end without a beginning is silent."""
    settings.VALKEY_URL = "redis://127.0.0.1:1/0"
    runtime.hand_over()
    assert caplog.text == ""
