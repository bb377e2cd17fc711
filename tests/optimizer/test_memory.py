"""L1: bounded in entries and in bytes, the least recently used goes first."""

from hypothesis import given
from hypothesis import strategies as st

from optimizer.cache.entry import Entry
from optimizer.cache.memory import Held, MemoryTier
from optimizer.domain.answer import Answer
from optimizer.domain.freshness import Mark
from optimizer.domain.ttl import EvictionPolicy

BIG = 10**9


def entry(size=0):
    """An entry whose body has so many bytes."""
    return Held(Entry(Answer(200, (), b"x" * size), "stamps", 0.0), Mark("epoch", 1), ("*",))


def held(tier, keys="abcdefgh"):
    """Which keys are held; asking counts as use, so only at a test's end."""
    return {key for key in keys if tier.get(key) is not None}


def test_the_least_recently_used_makes_room():
    """Use counts, not age."""
    tier = MemoryTier(2, BIG, EvictionPolicy.LRU)
    tier.put("a", entry())
    tier.put("b", entry())
    tier.get("a")
    tier.put("c", entry())
    assert held(tier) == {"a", "c"}


def test_a_repeated_put_is_a_use_and_no_second_entry():
    """The bytes of the one before are given back."""
    tier = MemoryTier(2, BIG, EvictionPolicy.LRU)
    for key in "aba":
        tier.put(key, entry(100))
    tier.put("c", entry())
    assert held(tier) == {"a", "c"}
    assert tier.size_bytes == entry(100).size + entry().size


def test_bytes_are_bounded_too():
    """One large entry costs several small ones their place."""
    small = entry(0).size
    tier = MemoryTier(100, 4 * small, EvictionPolicy.LRU)
    for key in "abcd":
        tier.put(key, entry())
    tier.put("e", entry(small))
    assert held(tier) == {"c", "d", "e"}


def test_an_entry_larger_than_the_tier_is_not_kept_and_costs_no_other_its_place():
    """But the one that it replaces is gone: it is older."""
    tier = MemoryTier(100, 2 * entry().size)
    tier.put("a", entry())
    tier.put("b", entry())
    tier.put("b", entry(BIG // 1000))
    assert held(tier) == {"a"}


def test_clear_forgets_everything():
    """Also the count of bytes."""
    tier = MemoryTier(10, BIG)
    tier.put("a", entry())
    tier.clear()
    assert (len(tier), tier.size_bytes, held(tier)) == (0, 0, set())


steps = st.tuples(
    st.sampled_from(["put", "get", "drop"]), st.sampled_from("abcdefgh"), st.integers(0, 900)
)


@given(st.lists(steps, max_size=60), st.integers(1, 5), st.integers(1, 3000))
def test_no_sequence_of_steps_passes_the_bounds(steps, max_entries, max_bytes):
    """And the bytes counted are those of what is held."""
    tier = MemoryTier(max_entries, max_bytes)
    for step, key, size in steps:
        tier.put(key, entry(size)) if step == "put" else getattr(tier, step)(key)
        assert len(tier) <= max_entries
        assert tier.size_bytes <= max_bytes
    assert tier.size_bytes == sum(tier.get(key).size for key in held(tier))
