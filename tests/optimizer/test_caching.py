"""`@cached_query` and `get_cache()` over the running stack: fresh objects, never outdated ones."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from uuid import UUID

import pytest

from optimizer import (
    cached_query,
    get_cache,
    get_connection_pool,
    optimization_settings,
    runtime,
)
from optimizer.conf import Overrides, TableOverride
from optimizer.errors import QueryError, ValueNotCacheable
from optimizer.runtime import own_loop

ALICE, BOB = "00000000-0000-4000-8000-00000000a11c", "00000000-0000-4000-8000-000000000b0b"


class Colour(Enum):
    """One that an annotation names by way of a dataclass."""

    RED = "r"


@dataclass
class Contact:
    """A dataclass that can be changed."""

    name: str
    colour: Colour
    numbers: list[int]


class Opaque:
    """Nobody knows how to write it."""


@pytest.fixture
async def engine(supabase, fresh_valkey, transactional_db):
    """The runtime of this test's loop, closed at its end; nothing changed in the settings."""
    yield runtime.current()
    optimization_settings.adopt(Overrides())
    await runtime.close_current()


@pytest.fixture
def counted(engine):
    """A cached function that counts its calls."""
    calls = []

    @cached_query("contacts", ttl=300)
    async def get_contacts(user_id: str, contact_type: str | None = None, limit: int = 3):
        """Some contacts."""
        calls.append((user_id, contact_type, limit))
        async with get_connection_pool().get_connection(user_id) as client:
            query = client.schema("api").table("contacts").select("id,name").eq("owner_id", user_id)
            if contact_type:
                query = query.eq("contact_type", contact_type)
            return (await query.order("id").limit(limit).execute()).data

    get_contacts.calls = calls
    return get_contacts


async def write(user_id: str) -> None:
    """Change something in the contacts of a user, to what it was."""
    async with get_connection_pool().get_connection(user_id) as client:
        rows = client.schema("api").table("contacts")
        await rows.update({"phone": "1"}).eq("owner_id", user_id).eq("name", "nobody").execute()


async def test_the_second_call_is_answered_from_the_cache(counted):
    first, second = await counted(ALICE), await counted(ALICE)
    assert first == second
    assert len(first) == 3
    assert len(counted.calls) == 1


async def test_what_is_returned_is_the_caller_s_to_change(counted):
    first = await counted(ALICE)
    first[0]["name"] = "spoilt"
    first.clear()
    assert len(await counted(ALICE)) == 3
    assert (await counted(ALICE))[0]["name"] != "spoilt"


async def test_users_and_arguments_are_told_apart(counted):
    alice, bob = await counted(ALICE), await counted(BOB)
    assert {row["id"] for row in alice}.isdisjoint(row["id"] for row in bob)
    await counted(ALICE, "customer")
    await counted(ALICE, contact_type="customer", limit=3)  # the same question in other words
    await counted(ALICE, limit=4)
    assert len(counted.calls) == 4


async def test_a_write_through_the_pool_ends_it(counted):
    await counted(ALICE)
    await write(BOB)
    await counted(ALICE)
    assert len(counted.calls) == 2


async def test_many_callers_at_once_ask_once(counted):
    found = await asyncio.gather(*(counted(ALICE) for _ in range(50)))
    assert len(counted.calls) == 1
    assert all(rows == found[0] for rows in found)
    assert len({id(rows) for rows in found}) == 50


async def test_each_read_is_counted_once(counted, engine):
    """A miss by the function's own read, a hit as the read that it avoided."""
    for _ in range(3):
        await counted(ALICE)
    await engine.flush_metrics()
    from optimizer.metrics.ledger import read_totals

    totals = await read_totals(engine.valkey)
    counts = {(k.step, k.outcome): t.count for k, t in totals.tallies.items() if k.relation}
    assert counts == {("asked", "miss"): 1, ("asked", "hit"): 2, ("sent", "ok"): 1}


async def test_an_error_goes_to_the_caller_and_is_not_kept(engine):
    calls = []

    @cached_query("contacts")
    async def fails(user_id):
        calls.append(user_id)
        raise LookupError("no")

    for _ in range(2):
        with pytest.raises(LookupError):
            await fails(ALICE)
    assert len(calls) == 2


@pytest.mark.parametrize(
    "value",
    [
        {1, 2},
        (1, [2]),
        {1: "a"},
        {"$": 1},
        date(2026, 1, 1),
        b"\x00x",
        Decimal("1.10"),
        UUID(int=7),
    ],
    ids=str,
)
async def test_what_is_returned_comes_back_as_it_was(engine, value):
    """Equal and of its type, from L1 and, in another process's place, from L2."""
    calls = []

    @cached_query("contacts")
    async def returns(user_id):
        calls.append(user_id)
        return value

    for _ in range(3):
        back = await returns("alice")
        assert (back, type(back)) == (value, type(value))
    engine.cache.memory.clear()
    back = await returns("alice")
    assert (back, type(back), len(calls)) == (value, type(value), 1)


async def test_classes_come_back_where_the_annotation_names_them(engine):
    """Each time as an object of its own."""

    @cached_query("contacts")
    async def returns(user_id) -> list[Contact]:
        return [Contact("Ada", Colour.RED, [1])]

    first = await returns("alice")
    first[0].numbers.append(2)
    for clear in (False, False, True):
        if clear:
            engine.cache.memory.clear()
        assert await returns("alice") == [Contact("Ada", Colour.RED, [1])]


@pytest.mark.parametrize("value", [object(), Opaque(), iter([]), [lambda: 1]], ids=repr)
async def test_what_would_come_back_as_something_else_is_refused(engine, value):
    """At the first call, with what to do."""

    @cached_query("contacts")
    async def returns(user_id):
        return value

    with pytest.raises(ValueNotCacheable, match="return annotation"):
        await returns("alice")


async def test_without_a_copy_everybody_gets_the_same_object(engine):
    """For what nobody changes."""

    @cached_query("contacts", copy=False)
    async def returns(user_id):
        return [{"id": 1}]

    await returns("alice")
    assert await returns("alice") is await returns("alice")


async def test_equal_arguments_of_other_types_are_other_questions(engine):
    """1, True and 1.0 are equal in Python."""

    @cached_query("contacts")
    async def returns(user_id, n):
        return repr(n)

    for _ in range(3):
        found = [await returns("alice", n) for n in (1, True, 1.0, "1", -0.0, 0.0, 0, False)]
        assert found == ["1", "True", "1.0", "'1'", "-0.0", "0.0", "0", "False"]
    assert await returns("alice", n=True) == "True"
    assert await returns("alice", n=1) == "1"


async def test_another_table_s_write_ends_it_where_it_is_named(engine, upstream):
    """As `tags` says."""
    calls = []

    @cached_query("contacts", tags=("projects",))
    async def returns(user_id):
        calls.append(1)
        return len(calls)

    assert [await returns("alice") for _ in range(3)] == [1, 1, 1]
    await engine.engine.touch(["r:api.projects"])
    assert await returns("alice") == 2


async def test_an_argument_that_has_no_canonical_form_is_refused(engine):
    @cached_query("contacts")
    async def takes(user_id, thing):
        return 1

    with pytest.raises(QueryError, match="object"):
        await takes(ALICE, object())


@pytest.mark.usefixtures("supabase", "fresh_valkey", "transactional_db")
def test_a_function_that_is_not_async_is_cached_too():
    """For views, tasks and scripts: one call, fresh objects, ended by a write."""
    calls = []

    @cached_query("contacts")
    def returns(user_id, n=1):
        calls.append(n)
        return [{"n": n}]

    for _ in range(3):
        found = returns("alice", 2)
        assert found == [{"n": 2}]
        found[0]["n"] = 9
    assert calls == [2]
    own_loop.run(lambda: get_cache().invalidate_table("alice", "contacts"))
    assert returns("alice", n=2) == [{"n": 2}]
    assert calls == [2, 2]
    own_loop.stop()


@pytest.mark.usefixtures("supabase", "fresh_valkey", "transactional_db")
def test_many_threads_ask_once_and_functions_may_call_each_other():
    """More threads than any pool would have, each waiting for another function's value."""
    calls = []
    gate = threading.Barrier(40)

    @cached_query("contacts")
    def inner(user_id):
        calls.append("inner")
        return 1

    @cached_query("contacts")
    def outer(user_id, n):
        calls.append(n)
        gate.wait(10)
        return inner(user_id) + n

    with ThreadPoolExecutor(40) as pool:
        found = list(pool.map(lambda n: outer("alice", n), range(40)))
    assert found == list(range(1, 41))
    assert (calls.count("inner"), len(calls)) == (1, 41)
    own_loop.stop()


@pytest.mark.usefixtures("supabase", "fresh_valkey", "transactional_db")
def test_what_a_function_that_is_not_async_raises_reaches_its_caller():
    """And is not kept."""

    @cached_query("contacts")
    def fails(user_id):
        raise KeyError(user_id)

    for _ in range(2):
        with pytest.raises(KeyError, match="alice"):
            fails("alice")
    own_loop.stop()


def test_name_docstring_and_signature_stay():
    import inspect

    @cached_query("contacts")
    async def get_contacts(user_id: str, contact_type: str | None = None) -> list:
        """Some contacts."""
        return []

    assert (get_contacts.__name__, get_contacts.__doc__) == ("get_contacts", "Some contacts.")
    assert list(inspect.signature(get_contacts).parameters) == ["user_id", "contact_type"]


async def test_an_operator_s_ttl_goes_before_the_code_s(counted):
    optimization_settings.adopt(Overrides("v", {"api.contacts": TableOverride(ttl=0)}))
    await counted(ALICE)
    await counted(ALICE)
    assert len(counted.calls) == 2


async def test_a_value_set_by_hand_is_got_back(engine):
    cache, params = get_cache(), {"type": "lead", "page": 1}
    assert await cache.get(ALICE, "contacts", params) is None
    data = [{"id": 1, "tags": ["a", None], "x": 1.5}]
    assert await cache.set(ALICE, "contacts", params, data, ttl=300)
    assert await cache.get(ALICE, "contacts", {"page": 1, "type": "lead"}) == data
    assert await cache.get(BOB, "contacts", params) is None
    assert await cache.get(ALICE, "contacts", {"type": "lead", "page": "1"}) is None
    assert await cache.get(ALICE, "invoices", params) is None


async def test_a_cached_none_is_no_miss(engine):
    cache, nothing = get_cache(), object()
    assert await cache.get(ALICE, "contacts", "p", default=nothing) is nothing
    await cache.set(ALICE, "contacts", "p", None)
    assert await cache.get(ALICE, "contacts", "p", default=nothing) is None


async def test_what_a_write_outran_is_never_kept(engine):
    """get, fetch, somebody writes, set: the value is of before the write."""
    cache = get_cache()
    assert await cache.get(ALICE, "contacts", "p") is None
    await write(BOB)
    await cache.set(ALICE, "contacts", "p", "outdated")
    assert await cache.get(ALICE, "contacts", "p") is None
    await cache.set(ALICE, "contacts", "p", "of today")
    assert await cache.get(ALICE, "contacts", "p") == "of today"


async def test_the_same_from_a_task_that_did_not_ask(engine):
    """Whoever sets where another task missed gets the stamps of that miss."""
    cache = get_cache()
    await asyncio.create_task(cache.get(ALICE, "contacts", "p"))
    await write(BOB)
    await cache.set(ALICE, "contacts", "p", "outdated")
    assert await cache.get(ALICE, "contacts", "p") is None


async def test_two_tasks_that_missed_before_and_after_a_write(engine):
    """The later one's stamps do not bless the earlier one's value."""
    cache, missed, written = get_cache(), asyncio.Event(), asyncio.Event()

    async def early():
        await cache.get(ALICE, "contacts", "p")
        missed.set()
        await written.wait()
        await cache.set(ALICE, "contacts", "p", "outdated")

    task = asyncio.create_task(early())
    await missed.wait()
    await write(BOB)
    assert await cache.get(ALICE, "contacts", "p") is None
    written.set()
    await task
    assert await cache.get(ALICE, "contacts", "p") is None


async def test_invalidating_a_table_ends_everybody_s_values_of_it(counted):
    cache = get_cache()
    await cache.set(BOB, "contacts", "p", 1)
    await cache.set(BOB, "projects", "p", 2)
    await counted(ALICE)
    await cache.invalidate_table(ALICE, "contacts")
    await counted(ALICE)
    assert len(counted.calls) == 2
    assert await cache.get(BOB, "contacts", "p") is None
    assert await cache.get(BOB, "projects", "p") == 2


async def test_invalidating_a_user_ends_that_user_s_values_alone(counted):
    """In every table."""
    for who in (ALICE, BOB, ALICE, BOB):
        await counted(who)
    await get_cache().invalidate_user(ALICE)
    for who in (ALICE, BOB):
        await counted(who)
    assert [who for who, *_ in counted.calls] == [ALICE, BOB, ALICE]


async def test_invalidating_everything_ends_every_value(engine):
    """Of every user and table."""
    kept = [(ALICE, "contacts"), (BOB, "projects")]
    for user, table in kept:
        await get_cache().set(user, table, {}, 1)
    assert [await get_cache().get(*one, {}) for one in kept] == [1, 1]
    await get_cache().invalidate_all()
    assert [await get_cache().get(*one, {}) for one in kept] == [None, None]


async def test_the_cache_tells_what_it_holds(engine):
    """Here and in Valkey; what is kept weighs something."""
    for number in range(3):
        await get_cache().set(ALICE, "contacts", {"page": number}, [number])
    held = await get_cache().stats()
    assert (held["total_entries"], held["active_entries"], held["expired_entries"]) == (3, 3, 0)
    assert held["memory_entries"] == 3
    assert held["memory_bytes"] > 0


async def test_without_valkey_the_function_is_called_each_time(settings, wire, counted):
    await runtime.close_current()  # the one that reaches Valkey directly
    settings.VALKEY_URL = wire.url
    await wire.cut()
    await counted(ALICE)
    await counted(ALICE)
    assert len(counted.calls) == 2
