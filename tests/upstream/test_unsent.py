"""What counts as a call: each attempt that left, and nothing that was refused before it did."""

import asyncio

import httpx
import pytest

from optimizer.domain.facts import CallRepeated
from optimizer.errors import CanvaloError, DeadlinePassed, PoolFull
from optimizer.upstream.transport import SharedTransport, Terms
from tests.optimizer.waiting import until


class Far(httpx.AsyncBaseTransport):
    """Says 503 to /ill, answers /slow only when it is told to, and hears what arrives."""

    def __init__(self):
        self.heard, self.go = [], asyncio.Event()

    async def handle_async_request(self, request):
        """Answer one request."""
        self.heard.append(request.url.path)
        if request.url.path == "/slow":
            await self.go.wait()
        status = 503 if request.url.path == "/ill" else 200
        return httpx.Response(status, stream=httpx.ByteStream(b"[]"))


@pytest.fixture
async def far():
    """Behind no wire."""
    return Far()


@pytest.fixture
def facts():
    """What was told."""
    return []


def ask(transport, path):
    """A read under way."""
    request = httpx.Request("GET", f"http://far{path}")
    return asyncio.create_task(transport.ask(request))


def one_at_a_time(far, facts, **terms):
    """Nobody waits: whoever comes second is refused."""
    limits = Terms(**{"pool_max_connections": 1, "pool_max_waiting": 0} | terms)
    return SharedTransport(far, limits, facts.append)


def repeated(facts):
    """Calls beyond a request's first."""
    return sum(isinstance(fact, CallRepeated) for fact in facts)


async def failed(task):
    """The error with which it ends."""
    with pytest.raises(CanvaloError) as told:
        await task
    return told.value


async def test_every_attempt_that_left_is_counted(far, facts):
    """Whoever asked counts one of three; the other two are told."""
    transport = one_at_a_time(far, facts, pool_max_waiting=9, retry_attempts=3)
    assert (await ask(transport, "/ill")).status == 503
    assert (len(far.heard), repeated(facts)) == (3, 2)


async def test_what_was_refused_at_once_never_left(far, facts):
    """And says why."""
    transport = one_at_a_time(far, facts)
    slow = ask(transport, "/slow")
    await until(lambda: far.heard)
    error = await failed(ask(transport, "/"))
    assert (type(error), error.kept_back) == (PoolFull, "line full")
    far.go.set()
    await slow
    assert repeated(facts) == 0


async def test_a_repetition_that_was_refused_is_one_call_all_the_same(far, facts):
    """Its first attempt had left, and it is not counted twice."""
    transport = one_at_a_time(far, facts, pool_max_waiting=1, pool_wait_timeout=0.01)
    ill = ask(transport, "/ill")
    await until(lambda: far.heard)
    slow = ask(transport, "/slow")
    error = await failed(ill)
    far.go.set()
    await slow
    assert (error.kept_back, far.heard, repeated(facts)) == ("", ["/ill", "/slow"], 0)


async def test_a_deadline_that_passes_in_the_line_is_no_call(far, facts):
    """One that passes while Supabase thinks is."""
    transport = one_at_a_time(far, facts, pool_max_waiting=9, request_deadline=0.05)
    slow, waiting = ask(transport, "/slow"), ask(transport, "/")
    told = [await failed(task) for task in (slow, waiting)]
    assert [type(error) for error in told] == [DeadlinePassed, DeadlinePassed]
    assert [error.kept_back for error in told] == ["", "deadline passed"]
    assert far.heard == ["/slow"]
