"""What other caches were seen to get wrong, asked of this one by its public door."""

import asyncio
import json
import shutil

import pytest
from redis import Redis

from optimizer import cached_query, get_cache, runtime, supabase_client
from optimizer.cache.shared import Fetcher
from tests.optimizer.callers import user
from tests.optimizer.upstream import rows
from tests.optimizer.waiting import until


class Contacts:
    """The table behind the server: one name, which a write sets, and who asked for it."""

    def __init__(self, upstream):
        upstream.answer = self._answer
        self.upstream = upstream
        self.name = "old"

    def _answer(self, asked):
        if asked.method == "GET":
            return rows([{"name": self.name, "for": asked.bearer, "tags": [{"n": 1}]}])
        self.name = json.loads(asked.body)["name"]
        return rows([])

    @property
    def reads(self):
        """How many reads have arrived."""
        return self.upstream.count("GET")


@pytest.fixture
async def contacts(configured, upstream):
    """A table behind the public door of this process."""
    configured.SUPABASE_URL = upstream.url
    yield Contacts(upstream)
    await runtime.close_current()


async def ask(who="alice", **filters):
    """Somebody's rows by supabase-py; `filters` are columns, each with operator and value."""
    async with supabase_client(access_token=user(who)) as client:
        query = client.schema("api").table("contacts").select("*")
        for column, (operator, value) in filters.items():
            query = query.filter(column, operator, value)
        return (await query.execute()).data


async def rename(name):
    """A write by supabase-py, answered."""
    async with supabase_client(access_token=user()) as client:
        rows_of = client.schema("api").table("contacts")
        await rows_of.update({"name": name}).eq("id", 1).execute()


def elsewhere(work):
    """Do something in another thread's loop: its runtime, tiers and connections are its own."""

    async def alone():
        try:
            return await work()
        finally:
            await runtime.close_current()

    return asyncio.to_thread(asyncio.run, alone())


@pytest.mark.parametrize("where", ["here", "elsewhere"])
async def test_a_late_fill_serves_nobody(contacts, where):
    """Read, write, late fill: every cache over a network served the old answer for good."""
    contacts.upstream.gate.clear()
    late = asyncio.create_task(ask())
    await contacts.upstream.arrived.wait()
    writing = asyncio.create_task(
        rename("new") if where == "here" else elsewhere(lambda: rename("new"))
    )
    await until(lambda: contacts.name == "new")
    contacts.upstream.gate.set()
    await writing
    assert (await late)[0]["name"] == "old"
    assert (await elsewhere(ask))[0]["name"] == "new"
    if where == "here":
        assert (await ask())[0]["name"] == "new"


async def test_the_same_address_is_another_s_question(contacts):
    """A key of method and URL handed Alice's answer to Bob."""
    alice, bob = await ask("alice"), await ask("bob")
    assert alice[0]["for"] != bob[0]["for"]
    assert contacts.reads == 2
    assert (await ask("alice"), await ask("bob")) == (alice, bob)
    assert contacts.reads == 2


async def test_an_answer_that_was_changed_is_whole_for_the_next(contacts):
    """Caches in memory hand out the very object that they keep."""
    first = await ask()
    first[0]["tags"][0]["n"] = "poison"
    first.append("poison")
    second = await ask()
    assert (second[0]["tags"], len(second), contacts.reads) == ([{"n": 1}], 1, 1)


async def test_a_function_s_value_that_was_changed_is_whole_for_the_next(contacts):
    """Also who joined the same call, and at any depth."""

    @cached_query("api.contacts")
    async def find(user_id):
        return await ask(user_id)

    one, other = await asyncio.gather(find("alice"), find("alice"))
    one[0]["tags"][0]["n"] = "poison"
    assert other[0]["tags"] == (await find("alice"))[0]["tags"] == [{"n": 1}]
    assert contacts.reads == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("isdistinct", "Ada"), ("match", "Ada")),
        (("newop", "1"), ("newop", "2")),
        (("in", '("a,b")'), ("in", "(a,b)")),
        (("like", "a_b"), ("like", "a*b")),
        (("eq", "9007199254740993"), ("eq", "9007199254740992")),
        (("is", "null"), ("eq", "null")),
        (("not.eq", "1"), ("neq", "1")),
    ],
)
async def test_what_is_not_understood_is_part_of_the_question(contacts, one, other):
    """An operator that was not known fell out of the key, and two questions were one."""
    await ask(name=one)
    await ask(name=other)
    assert contacts.reads == 2
    await rename("new")
    for asked in (one, other):
        assert (await ask(name=asked))[0]["name"] == "new"


async def test_ending_a_table_ends_it_in_every_process(contacts):
    """`invalidate` was local to a process."""
    await ask()
    contacts.name = "new"  # past Canvalo: nobody was told
    assert (await elsewhere(ask))[0]["name"] == "old"
    await get_cache().invalidate_table("alice", "api.contacts")
    assert (await elsewhere(ask))[0]["name"] == "new"
    assert (await ask())[0]["name"] == "new"


async def test_a_hundred_misses_are_one_call(contacts):
    """Of a hundred, 99 and more went through."""
    contacts.upstream.gate.clear()
    asked = [asyncio.create_task(ask()) for _ in range(100)]
    await contacts.upstream.arrived.wait()
    contacts.upstream.gate.set()
    answers = await asyncio.gather(*asked)
    assert contacts.reads == 1
    assert all(answer == answers[0] for answer in answers)


async def test_an_upstream_that_outlasts_the_lease_is_asked_once_a_process(contacts):
    """A lease that had run out let all hundred through."""
    here = runtime.current().cache._fetches
    here.fetcher = Fetcher(here.fetcher.name, 0.05)

    async def many():
        there = runtime.current().cache._fetches
        there.fetcher = Fetcher(there.fetcher.name, 0.05)
        return await asyncio.gather(*(ask() for _ in range(50)))

    contacts.upstream.gate.clear()
    asked = [asyncio.create_task(many()), asyncio.create_task(elsewhere(many))]
    await until(lambda: contacts.reads == 2)
    contacts.upstream.gate.set()
    await asyncio.gather(*asked)
    assert contacts.reads == 2


async def test_a_server_restored_from_a_snapshot_serves_nothing_of_before(
    contacts, configured, own_valkey, tmp_path
):
    """It came back with what a write had ended, and served that as if nothing had happened."""
    configured.VALKEY_URL = own_valkey.url
    files = own_valkey.folder / "appendonlydir"
    await ask()
    shutil.copytree(files, tmp_path / "snapshot")
    await rename("new")
    own_valkey.stop()
    shutil.rmtree(files)
    shutil.copytree(tmp_path / "snapshot", files)
    own_valkey.start()
    with Redis.from_url(own_valkey.url) as client:
        assert client.keys("{canvalo}:e:*")  # the old answer is there
    assert (await ask())[0]["name"] == "new"
    assert (await elsewhere(ask))[0]["name"] == "new"
