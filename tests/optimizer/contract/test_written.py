"""After a write, by all three alike: what was acknowledged is seen, by whom it was promised."""

import pytest

from optimizer.cache.shared import SharedTier
from optimizer.domain.facts import ReadOutcome
from optimizer.domain.freshness import Mark
from tests.optimizer.tiers import TAGS, write

HIT, MISS, BYPASS = ReadOutcome.HIT, ReadOutcome.MISS, ReadOutcome.BYPASS


async def test_an_acknowledged_write_of_this_process_is_seen(backend):
    """At once, and then kept."""
    await backend.read()
    await write(backend.cache, backend.truth, b"new")
    assert await backend.read() == (b"new", MISS)
    assert await backend.read() == (b"new", HIT)


async def test_a_write_elsewhere_is_seen_once_it_was_heard(backend):
    """However long it was served before."""
    await backend.read()
    await write(backend.other, backend.truth, b"new")
    await backend.hear()
    assert await backend.read() == (b"new", MISS)
    assert await backend.read() == (b"new", HIT)


async def test_a_token_and_a_strict_table_need_not_hear(backend):
    """They see a write of elsewhere at once."""
    await backend.read()
    await write(backend.other, backend.truth, b"new")
    assert (await backend.read(strict=True))[0] == b"new"
    await backend.other.shared.history.begin("w", TAGS)
    backend.truth.value = b"newer"
    token = await backend.other.shared.history.end("w", TAGS)
    assert (await backend.read(after=token))[0] == b"newer"


async def test_a_token_of_another_epoch_goes_to_supabase(backend):
    """Nobody here knows what it speaks of."""
    await backend.read()
    backend.truth.value = b"new"
    assert await backend.read(after=Mark("0" * 16, 1)) == (b"new", BYPASS)


@pytest.mark.parametrize("tag", TAGS)
async def test_a_change_under_any_of_its_tags_ends_an_entry(backend, tag):
    """Announced by a webhook, say."""
    await backend.read()
    await backend.cache.shared.history.touch([tag])
    backend.truth.value = b"new"
    assert await backend.read() == (b"new", MISS)


async def test_a_change_under_another_tag_leaves_it(backend):
    """Here or elsewhere."""
    await backend.read()
    await backend.cache.shared.history.touch(["r:api.projects"])
    await backend.other.shared.history.touch(["r:api.projects"])
    await backend.hear()
    assert await backend.read() == (b"old", HIT)


@pytest.mark.parametrize("where", ["here", "elsewhere"])
async def test_while_somebody_writes_nothing_is_served_or_kept(backend, where):
    """The write may take effect at any moment; after its end all is as usual."""
    history = (backend.cache if where == "here" else backend.other).shared.history
    await backend.read()
    await history.begin("writer", TAGS)
    await backend.hear()
    for _ in range(2):
        assert (await backend.read())[1] is MISS
    backend.truth.value = b"new"
    assert await backend.read() == (b"new", MISS)
    await history.end("writer", TAGS)
    assert await backend.read() == (b"new", MISS)
    assert await backend.read() == (b"new", HIT)


async def test_what_stood_before_a_dead_writer_is_not_served_after_it(backend):
    """Its marker is over; whether it wrote, nobody knows."""
    await backend.read()
    dying = SharedTier(backend.cache.shared.steps.client, lambda: 0.0)
    await dying.history.begin("dead", TAGS)
    backend.truth.value = b"new"
    await backend.hear()
    assert await backend.read() == (b"new", MISS)


async def test_of_two_writers_one_does_not_speak_for_the_other(backend):
    """The second is still at work."""
    for writer in ("one", "two"):
        await backend.other.shared.history.begin(writer, TAGS)
    await backend.other.shared.history.end("one", TAGS)
    await backend.hear()
    await backend.read()
    backend.truth.value = b"new"
    assert await backend.read() == (b"new", MISS)
