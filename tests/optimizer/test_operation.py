"""What the admin shows of what runs: processes with their breakers, and batches."""

from datetime import timedelta

import pytest
import pytest_asyncio
import redis
from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connections
from django.urls import reverse
from django.utils import timezone

from optimizer import runtime, tasks
from optimizer.domain.facts import BatchFlushed, CircuitMoved, Operation
from optimizer.metrics import presence
from optimizer.metrics.store import expire_batches, store_batches
from optimizer.models import BatchRun

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_valkey")]
PROCESSES = reverse("admin:optimizer_process_changelist")
BATCHES = reverse("admin:optimizer_batchrun_changelist")
BATCH = BatchFlushed("api.contacts", Operation.INSERT, 120, 3, 2, 0.25)


@pytest_asyncio.fixture
async def engine(settings, wire):
    """This loop's runtime, over a wire that can be cut."""
    settings.VALKEY_URL = wire.url
    yield runtime.current()
    await runtime.close_current()
    await sync_to_async(connections.close_all)()


@pytest.fixture
def valkey(fresh_valkey):
    """A client of the session's Valkey."""
    with redis.Redis.from_url(fresh_valkey) as client:
        yield client


@pytest_asyncio.fixture
async def victor(async_client):
    """A viewer, signed in."""
    user = await get_user_model().objects.acreate_user("victor", is_staff=True)
    await user.groups.aadd(await Group.objects.aget(name="viewer"))
    await async_client.aforce_login(user)
    return async_client


async def test_each_process_is_listed_with_its_breaker(engine, victor):
    """Closed, then open since a moment ago; and the settings that it obeys."""
    await engine.refresh_settings()
    await engine.flush_metrics()
    page = (await victor.get(PROCESSES)).content.decode()
    assert "<td>closed</td>" in page
    assert "newest in force" in page
    engine.emit(CircuitMoved("open"))
    await engine.flush_metrics()
    assert "<td>open</td>" in (await victor.get(PROCESSES)).content.decode()


async def test_a_process_that_has_not_heard_of_a_change_is_told_apart(engine, victor, valkey):
    """Until it has adopted the newest version."""
    await engine.refresh_settings()
    await engine.flush_metrics()
    await sync_to_async(valkey.set)(runtime_version_key(), "another")
    await engine._announcer.announce(engine.valkey, "0")
    assert "not yet the newest" in (await victor.get(PROCESSES)).content.decode()


def runtime_version_key():
    from optimizer.conf import VERSION_KEY

    return VERSION_KEY


async def test_a_process_that_has_ended_is_not_listed(engine, valkey):
    """It says goodbye; one that was killed is gone after some seconds."""
    await engine.flush_metrics()
    assert len(await sync_to_async(presence.present)(valkey)) == 1
    await runtime.close_current()
    assert await sync_to_async(presence.present)(valkey) == []
    assert not valkey.smembers(presence.NAMES)


async def test_with_valkey_away_the_page_says_that_nothing_is_known(engine, victor, settings):
    """And is no error."""
    settings.VALKEY_URL = "redis://127.0.0.1:1/0"
    page = await victor.get(PROCESSES, follow=True)
    assert page.status_code == 200
    assert "Not known" in page.content.decode()


async def test_a_batch_is_in_the_history(engine, victor):
    """With its rows, those that failed, and its calls."""
    engine.emit(BATCH)
    await engine.flush_metrics()
    await sync_to_async(tasks.snapshot_metrics)()
    row = await BatchRun.objects.aget()
    assert (row.relation, row.operation, row.rows) == ("api.contacts", "insert", 120)
    assert (row.failed, row.calls, row.seconds) == (3, 2, 0.25)
    page = (await victor.get(BATCHES)).content.decode()
    assert "api.contacts" in page
    assert '<td class="field-milliseconds">250</td>' in page


async def test_a_batch_that_ends_while_valkey_is_away_is_told_later(engine, wire, valkey):
    """Once."""
    await wire.cut()
    engine.emit(BATCH)
    await engine.flush_metrics()
    wire.mend()
    await engine.flush_metrics()
    assert await sync_to_async(store_batches)(valkey) == 1
    assert await sync_to_async(store_batches)(valkey) == 0
    assert await BatchRun.objects.acount() == 1


async def test_a_batch_that_is_stored_by_two_at_once_is_stored_once(engine, valkey):
    """Both have read it, and neither takes away what it has not stored."""
    engine.emit(BATCH)
    await engine.flush_metrics()
    both = [list(presence.waiting(valkey)) for _ in range(2)]
    await sync_to_async(store_batches)(valkey)
    engine.emit(BATCH)
    await engine.flush_metrics()
    presence.taken(valkey, [text for text, _ in both[1]])
    await sync_to_async(store_batches)(valkey)
    assert await BatchRun.objects.acount() == 2


def test_batches_are_kept_for_a_month():
    """Older ones are deleted."""
    now = timezone.now()
    for days in (1, 29, 31):
        BatchRun.objects.create(
            at=now - timedelta(days=days), relation="api.a", operation="insert", rows=1, failed=0,
            calls=1, seconds=0,
        )  # fmt: skip
    assert expire_batches(now) == 1
    assert BatchRun.objects.count() == 2


def test_strangers_see_neither(client):
    """Staff without the right to."""
    client.force_login(get_user_model().objects.create_user("bob", is_staff=True))
    assert client.get(PROCESSES).status_code == 403
    assert client.get(BATCHES).status_code == 403
