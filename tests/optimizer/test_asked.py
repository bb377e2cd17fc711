"""Filters that reads are kept by are known to writers before anything is kept, in a real Valkey."""

import pytest

from optimizer.cache.shared import MOST_ASKED, Found
from optimizer.domain.facts import ReadOutcome, Tier
from optimizer.domain.grain.asked import Asked
from optimizer.domain.tags import of_any, of_filters

from .tiers import follow, read

NAME = "api.notes"
ANY = of_any(NAME)
ASKED = Asked(NAME, '[["team", "gt.3"]]')
TAGS = tuple(sorted(("*", f"r:{NAME}", of_filters(NAME), ASKED.tag)))
BY_FILTER = {"tags": TAGS, "short": (ANY,), "asked": ASKED}
HIT, MISS = ReadOutcome.HIT, ReadOutcome.MISS


def look(shared, asked=ASKED, key="k"):
    """A look for a question with filters."""
    return shared.look(key, TAGS, others=(ANY,), asked=asked)


async def fill_up(shared):
    """Other questions, as many as writers are told of."""
    for n in range(MOST_ASKED):
        await look(shared, Asked(NAME, f'[["team", "gt.{n}0"]]'))


async def test_filters_are_known_from_the_look_on(shared):
    """That is before the fetch, so no write in between can miss them."""
    assert await shared.history.asked(NAME) == ()
    assert not (await look(shared)).unknown
    assert await shared.history.asked(NAME) == (ASKED.text,)
    assert await shared.history.asked("api.others") == ()


@pytest.fixture
def cache(tiers):
    """The tiers of one process, which asks Valkey each time."""
    return tiers()


async def test_beyond_a_bound_reads_end_with_every_write(cache, truth):
    """Writers are told of no more filters than they can test."""
    await fill_up(cache.shared)
    assert (await look(cache.shared)).unknown
    assert (await read(cache, truth, **BY_FILTER))[1] is MISS
    assert (await read(cache, truth, **BY_FILTER))[1] is HIT
    await cache.shared.history.touch([ANY])
    assert (await read(cache, truth, **BY_FILTER))[1] is MISS


async def test_what_is_kept_by_filters_outlives_what_touches_any_row(cache, truth):
    """And ends with its own tag, or with that of all filters."""
    for tag in (ASKED.tag, of_filters(NAME), f"r:{NAME}", "*"):
        await read(cache, truth, **BY_FILTER)
        await cache.shared.history.touch([ANY])
        assert (await read(cache, truth, **BY_FILTER))[1] is HIT
        await cache.shared.history.touch([tag])
        assert (await read(cache, truth, **BY_FILTER))[1] is MISS


async def test_a_writer_at_work_on_any_row_does_not_disturb_known_filters(shared):
    """The marker that counts for them is their own wide tag's."""
    await shared.history.begin("one", [ANY])
    assert (await look(shared)).found is Found.COLD
    await shared.history.begin("two", [of_filters(NAME)])
    assert (await look(shared)).found is Found.WRITER_AT_WORK


@pytest.mark.parametrize("forget", [False, True])
async def test_forgotten_filters_keep_nothing_in_any_process(both, truth, lease, valkey, forget):
    """Those whose stamp is gone, and all where somebody is to be forgotten."""
    cache, other = both
    for one in both:
        await follow(one, lease)
        await read(one, truth, **BY_FILTER)
    assert (await read(other, truth, **BY_FILTER))[2] is Tier.L1
    if not forget:
        await valkey.delete(f"{{canvalo}}:s:{ASKED.tag}")
    assert await cache.shared.history.asked(NAME, forget=forget) == ()
    await follow(other, lease)
    for one in both:
        assert (await read(one, truth, **BY_FILTER))[2] is not Tier.L1
    assert await cache.shared.history.asked(NAME) == (ASKED.text,)


async def test_the_text_of_a_question_is_not_part_of_a_key(shared, valkey):
    """It stands in one hash for each relation, which forgetting finds."""
    await look(shared)
    keys = [key.decode() async for key in valkey.scan_iter(match="*")]
    assert "{canvalo}:q:api.notes" in keys
    assert not any("gt.3" in key for key in keys)
