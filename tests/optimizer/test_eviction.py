"""S3-FIFO: what is asked for once pushes nothing out that is asked for often."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.cache.entry import Entry
from optimizer.cache.memory import Held, MemoryTier
from optimizer.domain.answer import Answer
from optimizer.domain.freshness import Mark
from optimizer.domain.ttl import EvictionPolicy

S3, LRU = EvictionPolicy


def held(size=0):
    """An entry whose body has so many bytes."""
    return Held(Entry(Answer(200, (), b"x" * size), "s", 0.0), Mark("e", 1), ())


def hits(policy, keys, size):
    """How many of these questions a tier of this size answers."""
    tier, found = MemoryTier(size, 10**9, policy), 0
    for key in keys:
        if tier.get(key) is not None:
            found += 1
        else:
            tier.put(key, held())
    return found


def test_a_scan_pushes_nothing_out_that_is_in_use():
    """LRU forgets everything."""
    hot = [f"h{n}" for n in range(50)]
    scan = [f"s{n}" for n in range(1000)]
    trace = hot * 3 + scan + hot
    assert hits(S3, trace, 100) == 150
    assert hits(LRU, trace, 100) == 100


def test_what_was_pushed_out_lately_is_known_when_it_comes_again():
    """It goes to the main queue, where a scan does not reach it."""
    tier = MemoryTier(20, 10**9, S3)
    for n in range(30):
        tier.put(f"k{n}", held())
    gone = next(f"k{n}" for n in range(30) if tier.get(f"k{n}") is None)
    tier.put(gone, held())
    for n in range(100):
        tier.put(f"s{n}", held())
    assert tier.get(gone) is not None


def test_popular_keys_stay():
    """On a skewed workload it beats LRU, as the paper says."""
    chosen = random.Random(7)
    keys = [f"k{min(int(chosen.paretovariate(0.9)), 20_000)}" for _ in range(40_000)]
    assert hits(S3, keys, 100) > hits(LRU, keys, 100)


def test_another_policy_takes_hold_at_once():
    """And starts empty."""
    tier = MemoryTier(10, 10**9, S3)
    tier.put("a", held())
    tier.resize(10, 10**9, LRU)
    assert (len(tier), tier.size_bytes) == (0, 0)
    tier.put("a", held())
    assert tier.get("a") is not None


def test_a_weight_that_grows_makes_room():
    """The object that was made of an entry counts, too."""
    tier = MemoryTier(10, 3 * held().size, S3)
    for key in "abc":
        tier.put(key, held())
    one = tier.get("c")
    tier.weigh("c", one, 2 * one.size)
    assert tier.get("c") is one
    assert tier.size_bytes <= 3 * held().size


steps = st.tuples(
    st.sampled_from(["put", "get", "drop", "weigh"]), st.sampled_from("abcdefghij"),
    st.integers(0, 900),
)  # fmt: skip


@pytest.mark.parametrize("policy", [S3, LRU])
@given(steps=st.lists(steps, max_size=80), entries=st.integers(1, 6), size=st.integers(1, 3000))
def test_no_sequence_of_steps_passes_the_bounds(policy, steps, entries, size):
    """And what is counted is what is held."""
    tier = MemoryTier(entries, size, policy)
    for step, key, weight in steps:
        if step == "put":
            tier.put(key, held(weight))
        elif step == "weigh":
            found = tier.get(key)
            if found is not None:
                tier.weigh(key, found, weight + 1)
        else:
            getattr(tier, step)(key)
        assert len(tier) <= entries
        assert tier.size_bytes <= size
    kept = [found for key in "abcdefghij" if (found := tier.get(key)) is not None]
    assert (len(tier), tier.size_bytes) == (len(kept), sum(one.size for one in kept))
