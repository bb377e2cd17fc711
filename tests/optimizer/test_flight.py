"""Single flight: one does the work, all have the result, and nobody is harmed by another's end."""

import asyncio
import gc

import pytest

from optimizer.cache.flight import SingleFlight
from tests.optimizer.waiting import until


class Work:
    """Counts how often it is done; ends when the test says so."""

    def __init__(self, result="done"):
        self.calls = 0
        self.result = result
        self.gate = asyncio.Event()

    async def __call__(self):
        self.calls += 1
        await self.gate.wait()
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


async def begin(flight, work, count=1, key="k"):
    """Start so many callers and let each come as far as it can."""
    tasks = [asyncio.create_task(flight.run(key, work)) for _ in range(count)]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_a_hundred_callers_are_one_call():
    """One flew, ninety-nine joined."""
    flight, work = SingleFlight(), Work()
    tasks = await begin(flight, work, 100)
    work.gate.set()
    answers = await asyncio.gather(*tasks)
    assert work.calls == 1
    assert [result for result, _ in answers] == ["done"] * 100
    assert sorted(joined for _, joined in answers) == [False] + [True] * 99
    assert len(flight) == 0


async def test_other_keys_fly_alone():
    """Nobody waits for another's question."""
    flight, work = SingleFlight(), Work()
    tasks = [*await begin(flight, work, key="a"), *await begin(flight, work, key="b")]
    work.gate.set()
    await asyncio.gather(*tasks)
    assert work.calls == 2


async def test_who_comes_after_the_end_flies_again():
    """A result is shared while it is fetched, and not remembered."""
    flight, work = SingleFlight(), Work()
    work.gate.set()
    assert await flight.run("k", work) == ("done", False)
    assert await flight.run("k", work) == ("done", False)
    assert work.calls == 2


async def test_an_error_goes_to_all_and_is_not_remembered():
    """The next caller tries again."""
    flight, work = SingleFlight(), Work(ValueError("away"))
    tasks = await begin(flight, work, 10)
    work.gate.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(error) for error in answers] == ["away"] * 10
    work.result = "back"
    assert await flight.run("k", work) == ("back", False)
    assert work.calls == 2


@pytest.mark.parametrize("who", [0, 1], ids=["the first", "a later one"])
async def test_a_cancelled_caller_leaves_the_flight_to_the_others(who):
    """Whether it began the flight or joined it."""
    flight, work = SingleFlight(), Work()
    tasks = await begin(flight, work, 3)
    tasks.pop(who).cancel()
    await asyncio.sleep(0)
    work.gate.set()
    assert [result for result, _ in await asyncio.gather(*tasks)] == ["done", "done"]
    assert work.calls == 1


async def test_a_flight_that_everybody_left_ends_in_silence(caplog):
    """Its error is nobody's, and the loop does not complain of it."""
    flight, work = SingleFlight(), Work(ValueError("away"))
    (task,) = await begin(flight, work)
    task.cancel()
    await asyncio.sleep(0)
    work.gate.set()
    await until(lambda: len(flight) == 0)
    await asyncio.sleep(0)
    gc.collect()
    assert caplog.records == []
    assert task.cancelled()


async def test_work_that_fails_before_it_waits_leaves_no_flight():
    """Even where there is nothing to wait for."""
    flight, work = SingleFlight(), Work(ValueError("at once"))
    work.gate.set()
    with pytest.raises(ValueError, match="at once"):
        await flight.run("k", work)
    assert len(flight) == 0
