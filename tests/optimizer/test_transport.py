"""The edge to Supabase: what never left and what broke off are told apart, and bytes stay bytes."""

import gzip
import socket

import httpx
import pytest
import pytest_asyncio

from optimizer.errors import OutcomeUnknown, PoolTimeout, UpstreamError, UpstreamUnreachable
from optimizer.upstream.client import BorrowedTransport
from optimizer.upstream.exchange import json_of
from optimizer.upstream.transport import Terms, make_transport
from tests.optimizer.upstream import rows

TIMEOUT = {"timeout": httpx.Timeout(2.0).as_dict()}


@pytest_asyncio.fixture
async def transport():
    """The shared transport, closed at the end."""
    made = make_transport(Terms())
    yield made
    await made.aclose()


def request(url, method="GET", timeout=TIMEOUT, **more):
    """A request as httpx would hand it over."""
    return httpx.Request(method, f"{url}/rest/v1/contacts", extensions=timeout, **more)


async def test_status_headers_and_body_come_back(transport, upstream):
    """Without what belongs to the connection or the moment."""
    upstream.answer = lambda _: rows([1], 206, content_range="0-0/9", date="now", set_cookie="a=b")
    answer = await transport.ask(request(upstream.url))
    assert (answer.status, answer.body) == (206, b"[1]")
    assert dict(answer.headers) == {"content-type": "application/json", "content-range": "0-0/9"}


async def test_a_compressed_body_stays_as_it_was_on_the_wire(transport, upstream):
    """It is counted, stored and sent on as it came; who reads it sees the text."""
    body = gzip.compress(b"[1, 2, 3]")
    upstream.answer = lambda _: (200, {"content-encoding": "gzip"}, body)
    answer = await transport.ask(request(upstream.url))
    assert answer.body == body
    response = httpx.Response(answer.status, headers=answer.headers, content=answer.body)
    assert response.json() == [1, 2, 3]


async def test_an_answer_to_head_has_no_body_and_leaves_the_connection_usable(transport, upstream):
    """Though its headers tell of one."""
    answer = await transport.ask(request(upstream.url, "HEAD"))
    assert (answer.status, answer.body) == (200, b"")
    assert (await transport.ask(request(upstream.url))).body == b'[{"id": 1}]'


@pytest.mark.thorough
async def test_a_refused_connection_never_left(transport):
    """A write may be tried again."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(UpstreamUnreachable):
            await transport.ask(request(url))


async def test_no_free_connection_never_left(upstream):
    """All are busy for too long."""
    transport = make_transport(Terms(pool_max_connections=1, pool_wait_timeout=0.01))
    async with httpx.AsyncClient(transport=transport).stream("GET", upstream.url):
        with pytest.raises(PoolTimeout):
            await transport.ask(request(upstream.url))
    await transport.aclose()


async def test_a_connection_that_breaks_off_is_not_unreachable(transport, upstream):
    """It was sent, and may have been carried out."""
    upstream.answer = lambda _: None
    with pytest.raises(UpstreamError) as failed:
        await transport.ask(request(upstream.url, "POST", json=[]))
    assert not isinstance(failed.value, UpstreamUnreachable | OutcomeUnknown)


async def test_an_error_does_not_tell_the_token(transport, upstream):
    """Its text is shown to callers and stands in logs."""
    bad = request(upstream.url, headers={"authorization": "Bearer secret-token "})
    with pytest.raises(UpstreamError) as failed:
        await transport.ask(bad)
    assert "secret" not in str(failed.value)


@pytest.mark.thorough
async def test_an_answer_that_does_not_come_is_not_unreachable(transport, upstream):
    """The time for reading is over."""
    upstream.gate.clear()
    short = {"timeout": httpx.Timeout(2.0, read=0.05).as_dict()}
    with pytest.raises(UpstreamError) as failed:
        await transport.ask(request(upstream.url, timeout=short))
    assert not isinstance(failed.value, UpstreamUnreachable)


@pytest.mark.thorough
async def test_a_body_that_breaks_off_is_no_answer(transport, upstream):
    """Half a body is never taken for a whole one."""
    upstream.answer = lambda _: (200, {"content-length": "9"}, b"[1,")
    short = {"timeout": httpx.Timeout(2.0, read=0.2).as_dict()}
    with pytest.raises(UpstreamError):
        await transport.ask(request(upstream.url, timeout=short))


@pytest.mark.thorough
async def test_an_error_is_an_answer(transport, upstream):
    """A status is what Supabase said, whatever it is."""
    upstream.answer = lambda _: rows({"message": "no"}, 503)
    assert (await transport.ask(request(upstream.url))).status == 503


async def test_closing_a_client_leaves_the_shared_transport_open(transport, upstream):
    """It belongs to all clients."""
    for _ in range(2):
        async with httpx.AsyncClient(transport=BorrowedTransport(transport)) as client:
            assert (await client.get(upstream.url)).status_code == 200


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (rows({}, 500), "status is 500"),
        ((200, {}, b"<html>"), "not JSON"),
        ((200, {}, b"\xff"), "not JSON"),
    ],
)
async def test_a_document_that_cannot_be_read_is_an_error(transport, upstream, reply, said):
    """A gateway's page where keys were expected."""
    upstream.answer = lambda _: reply
    with pytest.raises(UpstreamError, match=said):
        json_of(await transport.ask(request(upstream.url)))
