"""Recurring work: it survives its failures, says them once, and ends when it is told to."""

import asyncio

from optimizer.background import Background
from tests.optimizer.waiting import until


async def test_work_is_done_now_and_again():
    """The first time without waiting."""
    background, done = Background(), []

    async def work():
        done.append(1)

    background.every("work", lambda: 0.001, work)
    await asyncio.sleep(0)
    assert done == [1]
    await until(lambda: len(done) >= 3)
    await background.stop()


async def test_a_failure_is_said_once_a_run_and_ends_nothing(caplog):
    """Three failures in a row are one line; after a success the next is news."""
    background, done = Background(), []
    failing = [True, True, True, False, True, True, False]

    async def work():
        done.append(1)
        if len(done) <= len(failing) and failing[len(done) - 1]:
            raise ValueError("away")

    background.every("the work", lambda: 0.001, work)
    await until(lambda: len(done) > len(failing))
    await background.stop()
    assert [record.getMessage() for record in caplog.records] == [
        "the work failed; it is tried again"
    ] * 2


async def test_work_that_takes_its_cancellation_for_a_time_out_ends_all_the_same():
    """As a client does that is told to end while it connects; a loop could never end otherwise."""
    background, started, done = Background(), asyncio.Event(), []

    async def work():
        done.append(1)
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if len(done) > 1:
                raise

    background.every("stubborn", lambda: 0.0, work)
    await started.wait()
    stopping = asyncio.create_task(background.stop())
    await asyncio.wait([stopping], timeout=1)
    assert stopping.done()
    assert len(done) == 1


async def test_nothing_runs_after_the_end():
    """Stop waits for what is under way."""
    background, done = Background(), []

    async def work():
        done.append(1)

    background.every("work", lambda: 0.0, work)
    await until(lambda: done)
    await background.stop()
    seen = len(done)
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(done) == seen
