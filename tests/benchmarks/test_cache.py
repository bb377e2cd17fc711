"""The parts of `script/bench cache` that need no peers: its rows, its timing, its tier, memory."""

import asyncio
import random

import pytest

from benchmarks.cache import flatness, packing
from benchmarks.cache.samples import as_json, copied, flat, nested
from benchmarks.cache.tier import Tier
from benchmarks.cache.timing import microseconds, must_be, tell
from benchmarks.measure import NotComparable, interleaved


def test_the_rows_are_fifty_of_about_the_stated_size():
    """The figures speak of fifty rows of a little more than 5 kB."""
    assert (len(flat()), len(nested())) == (50, 50)
    assert 5000 < len(as_json(flat())) < 6000
    assert flat(1) != flat(2)


def test_a_copy_is_equal_and_can_be_changed_alone():
    """Otherwise a peer with a copy would not be as correct as ours."""
    kept = flat()
    given = copied(kept)
    given[0]["name"] = "changed"
    assert kept == flat()


async def test_calls_take_turns_in_being_first_and_are_told_with_their_range(capsys):
    """Plain functions and coroutine functions alike."""
    called = []

    async def awaited():
        called.append("a")

    took = await microseconds("x", {"a": awaited, "b": lambda: called.append("b")}, 2, batch=2)
    assert "".join(called) == "aabb" + "bbaa" + "aabb" + "bbaa"
    assert took.keys() == {"a", "b"}
    assert all(value > 0 for value in took.values())
    assert "x: a" in capsys.readouterr().out


def test_the_median_counts_and_the_extremes_are_shown(capsys):
    """One slow batch does not make a slow side, and is not hidden."""
    assert tell("x", {"a": [1.0, 2.0, 99.0]}) == {"a": 2.0}
    assert "2.00 µs (1.00 to 99.00)" in capsys.readouterr().out


def test_a_side_that_answers_otherwise_is_not_timed():
    """Fast and wrong is no comparison."""
    must_be([1], [1], "it")
    with pytest.raises(NotComparable, match="it does not answer"):
        must_be([1], [2], "it")


def test_every_round_is_kept():
    """For the range."""
    ours, theirs = interleaved(lambda: None, lambda: None, rounds=5, warm_up=0)
    assert (len(ours), len(theirs)) == (5, 5)


def test_the_tier_tells_hits_and_keeps_to_its_size():
    """What hit ratio and memory are measured on."""
    tier = Tier(2)
    assert [tier.ask(key) for key in "aab"] == [False, True, False]
    for key in "cdef":
        tier.ask(key)
    assert len(tier.memory) == 2


def test_memory_is_measured_on_a_tier_that_is_full():
    """An empty one would grow, and not by a fault."""
    tier, names = Tier(50), [str(n) for n in range(500)]
    flatness.fill(tier, names, [100] * 500)
    flatness.resident_after(tier, names, [100] * 500, random.Random(1), 2000)
    assert len(tier.memory) == 50


@pytest.mark.parametrize("size", [1000, 20_000])
def test_the_answers_that_are_packed_have_the_stated_size(size):
    """And are rows, so that they pack as rows do."""
    assert len(packing.answer(size)) == size
    assert packing.answer(size).startswith(b'[{"id":"')


def test_packing_tells_bytes_and_times_for_a_size():
    """Three rows: bytes before and after, the time to write, the time to read."""
    found = asyncio.run(packing.of_size(20, quick=True))
    assert [row.bar for row in found] == [None] * 3
    assert 0.1 < found[0].ours / found[0].theirs < 0.9  # as rows pack, not as repetition does
