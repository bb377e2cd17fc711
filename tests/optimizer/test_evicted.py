"""Why an entry is not there: what made room for others is told from what was never kept."""

from optimizer.cache.entry import Entry
from optimizer.cache.served import Terms
from optimizer.cache.shared import Found
from optimizer.domain.answer import Answer
from optimizer.domain.facts import MissReason, ReadOutcome
from tests.optimizer.tiers import TAGS


async def fill(shared, key="k", ttl=60.0, max_entries=100):
    """Look, and store under what was seen."""
    look = await shared.look(key, TAGS)
    await shared.fill(key, Entry(Answer(200, (), b"[]"), look.stamps, 0.0), ttl, max_entries)


async def found(shared, key="k"):
    """What a look finds."""
    return (await shared.look(key, TAGS)).found


async def test_what_made_room_is_called_evicted_until_it_is_filled_again(shared):
    """Not cold: a cache that is too small shows in the figures."""
    await fill(shared, "first", ttl=60)
    await fill(shared, "second", ttl=90, max_entries=1)
    assert await found(shared, "first") is Found.EVICTED
    assert await found(shared, "never") is Found.COLD
    await fill(shared, "first", ttl=99, max_entries=2)
    assert await found(shared, "first") is Found.VALUE


async def test_what_valkey_itself_dropped_is_called_evicted(shared, valkey):
    """As `volatile-lru` does where memory is full."""
    await fill(shared, ttl=60)
    await valkey.delete("{canvalo}:e:k")
    assert await found(shared) is Found.EVICTED


async def test_of_what_is_gone_a_bounded_number_is_remembered(shared, valkey):
    """Those whose time ends last; all are forgotten in a day."""
    gone = "{canvalo}:entries:gone"
    far = {f"{{canvalo}}:e:other{n}": 9e15 + n for n in range(10_000)}
    await valkey.zadd(gone, far)
    await fill(shared, "first", ttl=60)
    await fill(shared, "second", ttl=90, max_entries=1)
    assert await valkey.zcard(gone) == 10_000
    assert await found(shared, "first") is Found.COLD
    assert 0 < await valkey.ttl(gone) <= 86_400


async def test_a_reader_is_told_that_the_cache_was_too_small(tiers, truth):
    """The reason of the miss that Supabase is asked for."""
    cache, terms = tiers(), Terms(TAGS, 300.0, 1)
    cache.memory.max_entries = 1
    reasons = [(await cache.read(key, terms, truth)).reason for key in ("a", "b", "a")]
    assert reasons == [MissReason.COLD, MissReason.COLD, MissReason.EVICTED]
    again = await cache.read("a", terms, truth)
    assert again.outcome is ReadOutcome.HIT
