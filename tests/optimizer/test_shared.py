"""L2 on a real Valkey: what stands, what blocks, and who may end what."""

import asyncio
import random
import socket
import time

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from optimizer.cache.entry import FORMAT, Entry
from optimizer.cache.shared import CacheSizes, Fetcher, Found, SharedTier
from optimizer.domain.answer import Answer
from optimizer.errors import CacheUnavailable

TAGS = ("*", "r:api.contacts")
DYING = 0.0  # s of life that a marker has whose writer is dead


def entry(stamps, body=b"[]"):
    """An answer that was fetched under these stamps."""
    return Entry(Answer(200, (("content-type", "application/json"),), body), stamps, 1.0)


async def fill(shared, key="k", body=b"[]", tags=TAGS, ttl=60.0, max_entries=100):
    """Look, and store under what was seen."""
    look = await shared.look(key, tags)
    await shared.fill(key, entry(look.stamps, body), ttl, max_entries)
    return look.stamps


async def dead_writer(shared):
    """A marker that has expired already."""
    await SharedTier(shared.steps.client, lambda: DYING).history.begin("dead", TAGS)


async def found(shared, key="k", tags=TAGS, known=""):
    """What a look finds."""
    return (await shared.look(key, tags, known)).found


async def test_what_was_filled_is_found(shared):
    """And comes back as it was."""
    assert await found(shared) is Found.COLD
    stamps = await fill(shared, body=b"[1]")
    look = await shared.look("k", TAGS)
    assert (look.found, look.stamps, look.entry) == (Found.VALUE, stamps, entry(stamps, b"[1]"))


async def test_two_projects_on_one_valkey_share_no_answer(shared):
    """A user id may be two people; what either writes ends the answers of both."""
    ours, theirs = (SharedTier(shared.steps.client, project=name) for name in ("a", "b"))
    await fill(ours, body=b"[1]")
    assert await found(theirs) is Found.COLD
    assert await theirs.last("k") is None
    assert await theirs.claim("k", "", Fetcher("theirs", 60.0))
    assert await found(ours) is Found.VALUE
    await theirs.history.touch(["r:api.contacts"])
    assert await found(ours) is Found.INVALIDATED


async def test_what_l1_holds_is_not_sent_again(shared):
    """Its stamps are enough."""
    stamps = await fill(shared)
    look = await shared.look("k", TAGS, stamps)
    assert (look.found, look.entry) == (Found.L1_STANDS, None)


@pytest.mark.parametrize("tag", TAGS)
async def test_a_touch_of_any_tag_ends_the_entry_in_both_tiers(shared, tag):
    """One is enough."""
    stamps = await fill(shared)
    await shared.history.touch([tag])
    assert await found(shared) is Found.INVALIDATED
    assert await found(shared, known=stamps) is Found.INVALIDATED


async def test_a_touch_of_another_tag_leaves_it(shared):
    """Writes to projects leave contacts alone."""
    await fill(shared)
    await shared.history.touch(["r:api.projects"])
    assert await found(shared) is Found.VALUE


async def test_a_fill_that_a_write_outran_is_never_served(shared):
    """It was fetched before the write ended, so it may lack it."""
    look = await shared.look("k", TAGS)
    await shared.history.begin("writer", TAGS)
    await shared.history.end("writer", TAGS)
    await shared.fill("k", entry(look.stamps, b"old"), 60.0, 100)
    assert await found(shared) is Found.INVALIDATED


@pytest.mark.parametrize("tag", TAGS)
async def test_a_marker_blocks_whatever_is_there(shared, tag):
    """L2's entry, L1's, and an empty place."""
    stamps = await fill(shared)
    await shared.history.begin("writer", [tag])
    assert await found(shared) is Found.WRITER_AT_WORK
    assert await found(shared, known=stamps) is Found.WRITER_AT_WORK
    assert await found(shared, "other") is Found.WRITER_AT_WORK


async def test_what_was_there_before_the_write_is_dead_after_it(shared):
    """The end sets new stamps."""
    stamps = await fill(shared)
    await shared.history.begin("writer", TAGS)
    await shared.history.end("writer", TAGS)
    assert await found(shared, known=stamps) is Found.INVALIDATED


async def test_a_writer_ends_its_own_marker_only(shared):
    """Of two writers at work, the one that is done does not speak for the other."""
    for writer in ("one", "two"):
        await shared.history.begin(writer, TAGS)
    await shared.history.end("one", TAGS)
    assert await found(shared) is Found.WRITER_AT_WORK
    await shared.history.end("one", TAGS)  # said twice
    assert await found(shared) is Found.WRITER_AT_WORK
    await shared.history.touch(TAGS)  # a webhook
    assert await found(shared) is Found.WRITER_AT_WORK
    await shared.history.end("two", TAGS)
    assert await found(shared) is Found.COLD


async def test_an_expired_marker_is_removed_and_what_it_covered_is_dead(shared, valkey):
    """Its writer died, and its write may have taken effect."""
    stamps = await fill(shared)
    await dead_writer(shared)
    look = await shared.look("k", TAGS, stamps)
    assert (look.found, look.stamps == stamps) == (Found.INVALIDATED, False)
    assert not await valkey.exists(*(f"{{canvalo}}:m:{tag}" for tag in TAGS))


async def test_an_expired_marker_does_not_take_a_living_one_with_it(shared):
    """Each has its own time."""
    await shared.history.begin("living", TAGS)
    await dead_writer(shared)
    assert await found(shared) is Found.WRITER_AT_WORK


async def test_a_marker_never_ends_by_itself_unseen(shared, valkey):
    """It has no expiry in Valkey: whoever meets it must set a new stamp."""
    await shared.history.begin("writer", TAGS)
    assert await valkey.ttl("{canvalo}:m:*") == -1


async def test_lost_stamps_are_made_anew_and_never_repeat(shared, valkey):
    """Evicted or flushed, what was stored under them is dead."""
    stamps = await fill(shared)
    await valkey.delete(*(f"{{canvalo}}:s:{tag}" for tag in TAGS))
    assert await found(shared, known=stamps) is Found.INVALIDATED


async def test_the_stamps_of_every_look_are_the_same_while_nothing_happens(shared):
    """Otherwise nobody could join anybody."""
    looks = await asyncio.gather(*(shared.look("k", TAGS) for _ in range(20)))
    assert len({look.stamps for look in looks}) == 1


async def test_another_versions_entry_is_none(shared, valkey):
    """It is fetched anew and overwritten."""
    stamps = await fill(shared)
    name = "{canvalo}:e:k"
    value = bytearray(await valkey.hget(name, "value"))
    value[0] = FORMAT + 1
    await valkey.hset(name, "value", bytes(value))
    assert await found(shared) is Found.COLD
    await shared.fill("k", entry(stamps), 60.0, 100)
    assert await found(shared) is Found.VALUE


async def test_an_entry_ends_with_its_ttl_and_is_called_expired(shared):
    """Not merely cold: the figures tell the two apart."""
    await fill(shared, ttl=0.005)
    deadline = time.monotonic() + 5
    while (seen := await found(shared)) is Found.VALUE:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.002)
    assert seen is Found.EXPIRED
    assert await shared.sizes() == CacheSizes(active=0, expired=1)
    assert await shared.clean() == 1
    assert await shared.sizes() == CacheSizes(active=0, expired=0)
    assert await found(shared) is Found.EXPIRED


async def test_every_entry_has_an_expiry(shared, valkey):
    """Under `volatile-lru` nothing else may be evicted."""
    await fill(shared, ttl=60)
    assert 0 < await valkey.pttl("{canvalo}:e:k") <= 60_000


async def test_entries_are_bounded_and_those_nearest_to_their_end_make_room(shared):
    """However many are filled."""
    for n in range(6):
        await fill(shared, f"k{n}", ttl=60 + (n * 7) % 6, max_entries=3)
    assert await shared.sizes() == CacheSizes(active=3, expired=0)
    kept = [n for n in range(6) if await found(shared, f"k{n}") is Found.VALUE]
    assert kept == sorted(sorted(range(6), key=lambda n: (n * 7) % 6)[-3:])


async def test_filling_again_is_not_a_second_entry(shared):
    """The bound counts keys."""
    for _ in range(5):
        await fill(shared, max_entries=2)
    assert await shared.sizes() == CacheSizes(active=1, expired=0)


async def test_cleaning_leaves_what_lives(shared):
    """Names of living entries stay."""
    await fill(shared)
    assert await shared.clean() == 0
    assert await found(shared) is Found.VALUE


async def test_after_a_restart_nothing_of_before_is_served(own_valkey):
    """Though its file brought entries and stamps back: the last stamp may be missing in it."""
    client = Redis.from_url(own_valkey.url)
    stamps = await fill(SharedTier(client))
    assert await found(SharedTier(client)) is Found.VALUE
    own_valkey.stop()
    own_valkey.start()
    await client.aclose()
    client = Redis.from_url(own_valkey.url)
    assert await client.hget("{canvalo}:e:k", "stamps") == stamps.encode()
    assert await found(SharedTier(client)) is Found.QUARANTINE
    assert await found(SharedTier(client), known=stamps) is Found.QUARANTINE
    await client.aclose()


async def test_a_flushed_script_cache_is_no_fault(shared, valkey):
    """Scripts are sent again where the server forgot them."""
    await fill(shared)
    await valkey.script_flush()
    assert await found(shared) is Found.VALUE


async def test_a_server_that_is_away_is_one_typed_error():
    """For every step, with no address in its text."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        client = Redis(host="127.0.0.1", port=port, password="hush", retry=Retry(NoBackoff(), 0))
        away = SharedTier(client)
        steps = (
            away.look("k", TAGS),
            away.fill("k", entry("s"), 60, 10),
            away.history.begin("w", TAGS),
            away.history.end("w", TAGS),
            away.history.touch(TAGS),
            away.sizes(),
            away.clean(),
        )
        for step in steps:
            with pytest.raises(CacheUnavailable) as failed:
                await step
            assert str(port) not in str(failed.value)
            assert "hush" not in str(failed.value)
        await client.aclose()


async def test_a_server_that_is_full_is_the_same_error(own_valkey):
    """It answers, but cannot be used."""
    client = Redis.from_url(own_valkey.url)
    await client.config_set("maxmemory-policy", "noeviction")
    await client.config_set("maxmemory", 1)
    with pytest.raises(CacheUnavailable, match="cannot be used"):
        await SharedTier(client).history.begin("w", TAGS)
    await client.aclose()


async def test_callers_that_are_cancelled_do_not_leave_their_answers_to_others(fresh_valkey):
    """Whatever moment they are cancelled in, each key's look returns its own entry."""
    client = Redis.from_url(fresh_valkey, max_connections=4)
    shared = SharedTier(client)
    for n in range(10):
        await fill(shared, f"k{n}", str(n).encode())
    chance = random.Random(7)
    for _ in range(60):
        tasks = [asyncio.create_task(shared.look(f"k{n}", TAGS)) for n in range(3)]
        for _ in range(chance.randrange(12)):
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        n = chance.randrange(10)
        look = await shared.look(f"k{n}", TAGS)
        assert look.entry.answer.body == str(n).encode()
    await client.aclose()
