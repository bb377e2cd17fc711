"""L1 served without a word to Valkey: only while nothing can have happened, and never for long."""

from optimizer.domain.facts import ReadOutcome, Tier
from optimizer.domain.freshness import Mark
from tests.optimizer.tiers import TAGS, follow, read, write

HIT, MISS, BYPASS = ReadOutcome.HIT, ReadOutcome.MISS, ReadOutcome.BYPASS


async def test_while_it_follows_a_process_asks_nobody(both, lease, wire, truth):
    """Valkey may be away: until the bound is over its word holds."""
    one, _ = both
    await read(one, truth)
    await follow(one, lease)
    await wire.cut()
    lease.now += 0.999
    assert await read(one, truth) == (b"old", HIT, Tier.L1)
    lease.now += 0.001
    truth.value = b"new"
    assert await read(one, truth) == (b"new", BYPASS, Tier.UPSTREAM)


async def test_the_bound_counts_from_the_asking(both, lease, truth):
    """However long the answer was on its way."""
    one, _ = both
    await read(one, truth)
    before, lease.step = lease.now, 5.0  # the clock moves on whenever it is looked at
    await follow(one, lease)
    lease.step = 0.0
    assert one.shared.view.serves_unasked(before + 0.99, None)
    assert not one.shared.view.serves_unasked(before + 1.0, None)


async def test_a_write_elsewhere_is_seen_within_the_bound(both, lease, truth):
    """And at once where the process has heard of it."""
    one, other = both
    await read(one, truth)
    await follow(one, lease)
    await write(other, truth, b"new")
    assert await read(one, truth) == (b"old", HIT, Tier.L1)  # allowed: it has not heard
    await follow(one, lease)
    assert await read(one, truth) == (b"new", MISS, Tier.UPSTREAM)


async def test_a_write_in_the_same_process_is_seen_at_once(both, lease, truth):
    """It need not hear of itself."""
    one, _ = both
    await read(one, truth)
    await follow(one, lease)
    await write(one, truth, b"new")
    assert (await read(one, truth))[0] == b"new"


async def test_a_write_that_has_begun_elsewhere_already_ends_it(both, lease, truth):
    """Its writer may die before it can say more."""
    one, other = both
    await read(one, truth)
    await other.shared.history.begin("dying", TAGS)
    await follow(one, lease)
    truth.value = b"new"
    assert await read(one, truth) == (b"new", MISS, Tier.UPSTREAM)


async def test_the_bearer_of_a_token_sees_its_write_everywhere(both, lease, truth):
    """Though the process has not heard of it; another table's entries need not be asked about."""
    one, other = both
    await read(one, truth)
    await follow(one, lease)
    await other.shared.history.begin("writer", TAGS)
    truth.value = b"new"
    token = await other.shared.history.end("writer", TAGS)
    assert await read(one, truth) == (b"old", HIT, Tier.L1)
    assert (await read(one, truth, after=token))[0] == b"new"


async def test_a_token_that_is_applied_costs_no_question(both, lease, truth, wire):
    """Its bearer is served like everybody else."""
    one, other = both
    await write(other, truth, b"new")
    await read(one, truth)
    await follow(one, lease)
    token = Mark(one.shared.view.epoch, one.shared.view.applied)
    await wire.cut()
    assert await read(one, truth, after=token) == (b"new", HIT, Tier.L1)


async def test_a_token_of_another_epoch_goes_to_supabase(both, lease, truth):
    """Nobody here knows what it speaks of."""
    one, _ = both
    await read(one, truth)
    await follow(one, lease)
    truth.value = b"new"
    answer = await read(one, truth, after=Mark("0" * 16, 1))
    assert answer == (b"new", BYPASS, Tier.UPSTREAM)


async def test_a_strict_table_is_always_asked_about(both, lease, truth):
    """A write that was answered anywhere is seen everywhere."""
    one, other = both
    await read(one, truth)
    await follow(one, lease)
    await write(other, truth, b"new")
    assert (await read(one, truth, strict=True))[0] == b"new"


async def test_a_gap_in_the_changes_drops_what_was_held(both, lease, truth, valkey):
    """Trimmed, deleted, or simply too many."""
    one, other = both
    await read(one, truth)
    await follow(one, lease)
    await write(other, truth, b"new")
    await valkey.delete("{canvalo}:changes")
    await follow(one, lease)
    assert (await read(one, truth))[0] == b"new"


async def test_many_changes_at_once_are_not_read_one_by_one(both, lease, truth):
    """Whoever is far behind drops everything; it has caught up all the same."""
    one, other = both
    await read(one, truth)
    await follow(one, lease)
    for _ in range(1001):
        await other.shared.history.touch(["r:api.projects"])
    await follow(one, lease)
    assert one.shared.view.serves_unasked(lease.now, None)
    assert not one.shared.view.stands(Mark(one.shared.view.epoch, 0), TAGS)
    assert await read(one, truth) == (b"old", HIT, Tier.L1)  # Valkey says that it still stands


async def test_a_changed_declaration_of_sources_is_a_change(both, lease, truth):
    """What was kept without them says nothing about them."""
    one, _ = both
    await read(one, truth)
    await follow(one, lease)
    truth.value = b"new"
    tags = (*TAGS, "r:api.memberships")
    assert (await read(one, truth, tags=tags))[0] == b"new"
