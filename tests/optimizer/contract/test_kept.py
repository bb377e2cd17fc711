"""What is kept, by all three alike: as it came, bounded, for its time, each key its own."""

import asyncio

import pytest

from optimizer.domain.answer import Answer
from optimizer.domain.facts import ReadOutcome
from optimizer.errors import UpstreamError
from tests.optimizer.tiers import TERMS

HIT, MISS, ERROR = ReadOutcome.HIT, ReadOutcome.MISS, ReadOutcome.ERROR


async def test_the_second_answer_is_the_first_one_again(backend):
    """By the tier that this way of caching has, without another call."""
    assert await backend.read() == (b"old", MISS)
    served = await backend.served()
    assert (served.answer.body, served.outcome, served.tier) == (b"old", HIT, backend.tier)
    assert backend.truth.calls == 1


@pytest.mark.parametrize("body", [b"", b"\x00\xff\r\n", b'[{"name":"\xc3\xa9"}]', b"x" * 100_000])
async def test_bytes_come_back_as_they_were(backend, body):
    """With status and headers; whatever they are."""
    answer = Answer(206, (("content-range", "0-24/573"), ("x", "é")), body)

    async def fetch():
        return answer

    for _ in range(2):
        served = await backend.cache.read("k", TERMS, fetch)
        assert served.answer == answer
    assert served.outcome is HIT


async def test_other_keys_have_other_answers(backend):
    """Under the same tags."""
    await backend.read("a")
    backend.truth.value = b"other"
    assert await backend.read("b") == (b"other", MISS)
    assert await backend.read("a") == (b"old", HIT)


async def test_entries_are_bounded(backend):
    """However many are asked for; the latest is there."""
    if backend.name != "valkey":
        backend.cache.memory.resize(3, 10**6)
    for n in range(8):
        await backend.read(f"k{n}", max_entries=3)
    assert len(backend.cache.memory) == (0 if backend.name == "valkey" else 3)
    assert (await backend.cache.shared.sizes()).active == 3
    assert await backend.read("k7", max_entries=3) == (b"old", HIT)


async def test_an_answer_is_kept_for_its_ttl(backend, clock):
    """And no longer; its age is told."""
    await backend.read()
    clock.now += 299
    assert (await backend.served()).age == 299
    clock.now += 1
    assert (await backend.read())[1] is MISS


async def test_a_lowered_ttl_holds_for_what_is_stored(backend, clock):
    """The operator's change is not for later entries alone."""
    await backend.read()
    clock.now += 60
    assert (await backend.read(ttl=60.0))[1] is MISS


async def test_the_ttl_counts_from_the_question(backend, clock):
    """An answer that took long may be as old as its question."""
    slow = await backend.begin()
    clock.now += 100
    backend.truth.gate.set()
    await slow
    clock.now += 199
    assert (await backend.served()).age == 299
    clock.now += 1
    assert (await backend.read())[1] is MISS


@pytest.mark.parametrize("status", [401, 404, 416, 500, 503])
async def test_an_error_is_not_kept(backend, status):
    """The next caller is not refused for this one's sake."""
    backend.truth.status = status
    assert (await backend.read())[1] is ERROR
    backend.truth.status = 200
    assert await backend.read() == (b"old", MISS)


async def test_a_failure_goes_to_all_and_is_not_kept(backend):
    """Once to Supabase, and again with the next read."""
    backend.truth.value = UpstreamError("away")
    answers = await asyncio.gather(*(backend.read() for _ in range(5)), return_exceptions=True)
    assert {str(answer) for answer in answers} == {"away"}
    backend.truth.value = b"back"
    assert await backend.read() == (b"back", MISS)
