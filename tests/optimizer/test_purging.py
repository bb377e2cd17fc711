"""A purge in the admin: of a table, of a row, of a user, of everything; who did it is on record."""

import time

import pytest
import pytest_asyncio
import redis
from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connections
from django.urls import reverse

from optimizer import purging, runtime
from optimizer.conf import Overrides, optimization_settings
from optimizer.domain import tags
from optimizer.domain.grain.schema import Declared, Relation, Schema
from optimizer.domain.scope import hash_user
from optimizer.domain.sql.kinds import Kind
from optimizer.kept import get_cache
from optimizer.models import EngineSetting, Purge, SettingsChange

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_valkey")]
ADD = reverse("admin:optimizer_purge_add")
ALICE, BOB = "00000000-0000-4000-8000-00000000a11c", "00000000-0000-4000-8000-000000000b0b"


@pytest.fixture(autouse=True)
def as_before():
    """What a test changes in this process is taken back."""
    yield
    optimization_settings.adopt(Overrides())


@pytest_asyncio.fixture
async def cache(settings, valkey_url):
    """Values of two users and two tables, kept by this loop's engine."""
    settings.VALKEY_URL = valkey_url
    kept = get_cache()
    for user in (ALICE, BOB):
        for table in ("contacts", "invoices"):
            await kept.get(user, table)
            assert await kept.set(user, table, None, f"{table} of {user}")
    yield kept
    await runtime.close_current()
    await sync_to_async(connections.close_all)()


async def still_there(cache):
    """Which values are served."""
    return {
        (user, table)
        for user in (ALICE, BOB)
        for table in ("contacts", "invoices")
        if await cache.get(user, table)
    }


@pytest.mark.parametrize(
    ("form", "left"),
    [
        (
            {"reach": "table", "relation": "contacts"},
            {(ALICE, "invoices"), (BOB, "invoices")},
        ),
        (
            {"reach": "user", "user": ALICE},
            {(BOB, "contacts"), (BOB, "invoices")},
        ),
        (
            {"reach": "row", "relation": "api.invoices", "row": "id=5"},
            {(ALICE, "contacts"), (BOB, "contacts")},
        ),
        ({"reach": "all"}, set()),
    ],
    ids=lambda given: given["reach"] if isinstance(given, dict) else "",
)
async def test_a_purge_ends_what_it_says_and_nothing_else(
    async_client, cache, olga_async, form, left
):
    """In the admin, by an operator; a running engine serves it no more."""
    empty = {"relation": "", "user": "", "row": ""}
    answer = await async_client.post(ADD, {**empty, **form})
    assert answer.status_code == 302, answer.content.decode()
    assert await still_there(cache) == left


@pytest_asyncio.fixture
async def olga_async(async_client):
    """An operator, signed in."""
    user = await get_user_model().objects.acreate_user("olga", password="pw", is_staff=True)
    await user.groups.aadd(await Group.objects.aget(name="operator"))
    await async_client.aforce_login(user)
    return user


def test_who_purged_what_is_on_record_without_naming_the_user(client, olga):
    """In the list of purges, and among the changes that charts show; with a hash alone."""
    client.post(ADD, {"reach": "user", "relation": "", "user": ALICE, "row": ""})
    done, told = Purge.objects.get(), SettingsChange.objects.get()
    assert (done.by, done.reach, len(done.about)) == (olga, "user", 8)
    assert (told.by, told.name, told.kind, told.subject) == (olga, "purge", "purged", "engine")
    page = client.get(reverse("admin:optimizer_purge_change", args=[done.pk])).content.decode()
    assert done.about in page
    for text in (page, done.about, told.after):
        assert ALICE not in text


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"reach": "table"}, "relation"),
        ({"reach": "table", "relation": "a b"}, "relation"),
        ({"reach": "table", "relation": "contacts", "user": "alice"}, "user"),
        ({"reach": "row", "relation": "contacts"}, "row"),
        ({"reach": "row", "relation": "contacts", "row": "5"}, "row"),
        ({"reach": "user"}, "user"),
        ({"reach": "user", "user": "alice", "relation": "contacts"}, "relation"),
        ({"reach": "all", "relation": "contacts"}, "relation"),
        ({"reach": "everything"}, "reach"),
    ],
    ids=str,
)
def test_a_purge_that_says_too_little_or_too_much_is_refused(client, olga, form, field):
    """Nothing is ended, nothing recorded, and the page says why."""
    page = client.post(ADD, {"relation": "", "user": "", "row": "", **form})
    assert field in page.context["adminform"].form.errors
    assert not Purge.objects.exists()


def test_with_valkey_away_nothing_is_ended_and_the_page_says_so(client, olga, settings):
    """No record of what was not done."""
    settings.VALKEY_URL = "redis://127.0.0.1:1/0"
    page = client.post(ADD, {"reach": "all", "relation": "", "user": "", "row": ""}, follow=True)
    assert b"Nothing was ended" in page.content
    assert not Purge.objects.exists()
    assert not SettingsChange.objects.exists()


def test_whoever_may_only_look_cannot_purge(client):
    """A viewer sees the list."""
    victor = get_user_model().objects.create_user("victor", is_staff=True)
    victor.groups.add(Group.objects.get(name="viewer"))
    client.force_login(victor)
    assert client.get(reverse("admin:optimizer_purge_changelist")).status_code == 200
    assert client.post(ADD, {"reach": "all"}).status_code == 403


def test_a_row_whose_key_is_known_ends_no_other_row():
    """And not the table as a whole; without a schema all of it."""
    nothing_else = Declared(sources=frozenset(), targets=frozenset())
    relation = Relation("api.invoices", {"id": Kind("int")}, ("id",), declared=nothing_else)
    schema = Schema({"api.invoices": relation})
    found = purging.tags_of_row("api.invoices", {"id": "5"}, schema)
    assert tags.of_row("api.invoices", ("5",)) in found
    assert tags.of_row("api.invoices", ("6",)) not in found
    assert tags.of_relation("api.invoices") not in found
    unknown = purging.tags_of_row("api.invoices", {"id": "5"}, Schema())
    assert tags.of_relation("api.invoices") in unknown


def test_a_user_is_purged_by_the_tag_that_tokens_and_ids_share():
    """The hash is the one under which answers to the user are found."""
    what = Purge(reach="user")
    assert list(purging._tags(what, ALICE, {}, Schema())) == [tags.of_user(hash_user(ALICE))]


def test_a_purge_obeys_the_settings_of_now(client, olga, fresh_valkey):
    """It may be the first to meet a restarted Valkey: nothing is kept for as long as is set."""
    EngineSetting.objects.create(name="cache_marker_life", value="600")
    with redis.Redis.from_url(fresh_valkey) as valkey:
        valkey.hset("{canvalo}:epoch", "run", "that of the server before")
        client.post(ADD, {"reach": "all", "relation": "", "user": "", "row": ""})
        quiet = int(valkey.hget("{canvalo}:epoch", "quiet")) / 1000 - time.time()
    assert 500 < quiet <= 600
