"""What Valkey may lose, and what is never served after it has: epochs, markers, replicas."""

import asyncio

import pytest

from optimizer.cache.shared import SharedTier
from optimizer.domain.facts import CacheFault, ReadOutcome, Tier
from optimizer.errors import CacheUnavailable
from tests.optimizer.tiers import TAGS, Lease, follow, read

HIT, MISS, BYPASS = ReadOutcome.HIT, ReadOutcome.MISS, ReadOutcome.BYPASS


async def test_a_new_epoch_drops_what_was_held(both, lease, truth, valkey):
    """Valkey lost what it knew; nothing of before counts."""
    one, _ = both
    await read(one, truth)
    await follow(one, lease)
    await valkey.flushall()
    await follow(one, lease)
    truth.value = b"new"
    assert await read(one, truth) == (b"new", MISS, Tier.UPSTREAM)


async def test_after_a_new_epoch_nothing_is_kept_for_a_marker_s_life(tiers, truth, valkey):
    """A marker may have been lost with its writer at work: its write comes within that time."""
    cache = tiers(life=0.5)
    await read(cache, truth)
    await valkey.flushall()
    assert (await read(cache, truth))[1] is MISS
    assert (await read(cache, truth))[1] is MISS
    look = await cache.shared.look("k", TAGS)
    assert 0 < look.quarantine <= 0.5
    await valkey.hset("{canvalo}:epoch", "quiet", 1)  # that time is over
    assert (await read(cache, truth))[1] is MISS
    assert (await read(cache, truth))[1] is HIT


async def test_the_first_to_use_an_empty_valkey_waits_from_its_start(own_valkey):
    """A server that has been up for long cannot have lost a marker that matters."""
    from redis.asyncio import Redis

    client = Redis.from_url(own_valkey.url)
    await client.flushall()
    look = await SharedTier(client, lambda: 3600.0).look("k", TAGS)
    uptime = (await client.info("server"))["uptime_in_seconds"]
    assert 3590 - uptime < look.quarantine <= 3600
    await client.flushall()
    assert (await SharedTier(client, lambda: 0.0).look("k", TAGS)).quarantine == 0
    await client.aclose()


async def test_who_knew_an_epoch_before_the_first_one_objects(tiers, lease, truth, valkey):
    """Somebody emptied Valkey, and a newcomer took it for unused."""
    old, new = tiers(lease=lease), tiers(life=0.0)
    await read(old, truth)
    await valkey.flushall()
    await read(new, truth)
    await read(new, truth)
    assert (await read(new, truth))[1] is HIT
    await follow(old, lease)
    truth.value = b"new"
    assert await read(new, truth) == (b"new", MISS, Tier.UPSTREAM)
    assert (await read(new, truth))[1] is MISS


async def test_a_follower_that_hears_nothing_says_so(tiers, wire, facts):
    """It goes on trying."""
    from optimizer.cache.follower import Follower

    cache = tiers(wire.url)
    follower = Follower(cache.shared.history, lambda: 1.0, facts)
    await wire.cut()
    await follower.round()
    assert facts == [CacheFault("follow")]
    wire.mend()
    await follower.round()
    assert cache.shared.view.epoch


async def test_what_dead_writers_left_is_swept_up(tiers, truth, valkey):
    """Though nobody reads the table; living writers' markers stay."""
    cache, dead = tiers(), tiers(life=0.0)
    before = (await cache.shared.look("k", TAGS)).stamps
    await dead.shared.history.begin("dead", TAGS)
    await cache.shared.history.begin("living", ["r:other"])
    assert await cache.shared.history.sweep() == len(TAGS)
    assert await valkey.keys("{canvalo}:m:*") == [b"{canvalo}:m:r:other"]
    assert (await cache.shared.look("k", TAGS)).stamps != before
    assert await cache.shared.history.sweep() == 0


async def test_a_valkey_that_may_evict_markers_is_named(own_valkey, facts, caplog):
    """In the log of every process that uses it."""
    from redis.asyncio import Redis

    from optimizer.cache.follower import Follower

    client = Redis.from_url(own_valkey.url)
    await client.config_set("maxmemory-policy", "allkeys-lru")
    follower = Follower(SharedTier(client).history, lambda: 1.0, facts)
    await follower.round()
    assert "maxmemory-policy" in caplog.text
    await client.aclose()


async def test_with_a_replica_a_marker_is_one_when_the_replica_has_it(own_valkey, fresh_valkey):
    """A failover would lose it else; a replica that does not answer makes it no marker."""
    from urllib.parse import urlsplit

    from redis.asyncio import Redis

    primary, replica = Redis.from_url(fresh_valkey), Redis.from_url(own_valkey.url)
    place = urlsplit(fresh_valkey)
    await primary.config_set("repl-diskless-sync-delay", 0)
    await replica.config_set("masterauth", place.password)
    await replica.replicaof(place.hostname, place.port)
    shared = SharedTier(primary)
    async with asyncio.timeout(20):
        while (await replica.info("replication"))["master_link_status"] != "up":  # noqa: ASYNC110
            await asyncio.sleep(0.02)  # it tells nobody when it is
    await shared.history.catch_up(Lease(), 1.0)
    await shared.history.begin("confirmed", TAGS)
    assert await replica.hexists("{canvalo}:m:*", "confirmed")
    await replica.replicaof("NO", "ONE")
    with pytest.raises(CacheUnavailable, match="replica"):
        await shared.history.begin("alone", TAGS)
    await primary.aclose()
    await replica.aclose()
