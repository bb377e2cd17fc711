"""What is not about rows passes as it comes: streamed both ways, and in its turn."""

import asyncio
import json

import httpx
import pytest
import pytest_asyncio
from websockets.asyncio.server import serve

from optimizer.errors import PoolFull
from optimizer.upstream import transport as transports
from optimizer.upstream.client import make_client
from optimizer.upstream.pool import ConnectionPool
from optimizer.upstream.transport import Terms, make_transport
from tests.optimizer.lending import Limits, turn
from tests.optimizer.upstream import Upstream, rows
from tests.optimizer.waiting import until

PART = b"x" * 100_000


class Storage:
    """A server that sends and takes bodies part by part, as the test lets it."""

    def __init__(self):
        self.go = asyncio.Event()
        self.got = 0

    async def __call__(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"GET"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + PART)
            await writer.drain()
            await self.go.wait()
            writer.write(PART)
        else:
            while not self.got or self.got < 200_000:
                self.got += len(await reader.read(65_536))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()


@pytest_asyncio.fixture
async def storage():
    """It, and its address."""
    one = Storage()
    server = await asyncio.start_server(one, "127.0.0.1", 0)
    one.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield one
    one.go.set()
    server.close()


@pytest_asyncio.fixture
async def transport(request):
    """The shared one."""
    made = make_transport(getattr(request, "param", Terms()))
    yield made
    await made.aclose()


async def test_a_download_is_streamed(storage, transport):
    """The first part is here before the server sends the second; then the place is given back."""
    async with httpx.AsyncClient(transport=transport) as client:
        async with client.stream("GET", f"{storage.url}/storage/v1/object/a") as answer:
            parts = answer.aiter_raw()
            got = len(await anext(parts))
            assert (transport.gate.in_flight, storage.go.is_set()) == (1, False)
            storage.go.set()
            got += sum([len(part) async for part in parts])
        assert (got, transport.gate.in_flight) == (200_000, 0)


async def test_an_upload_is_streamed(storage, transport):
    """The server has the first part before the second is made."""

    async def parts():
        yield PART
        await until(lambda: storage.got > 50_000)
        yield PART

    async with httpx.AsyncClient(transport=transport) as client:
        headers = {"content-length": "200000"}
        url = f"{storage.url}/storage/v1/object/a"
        assert (await client.post(url, content=parts(), headers=headers)).json() == {}


async def test_a_stream_that_is_left_gives_its_place_back(storage, transport):
    """However the reader ends."""
    async with httpx.AsyncClient(transport=transport) as client:
        with pytest.raises(ZeroDivisionError):
            async with client.stream("GET", f"{storage.url}/storage/v1/object/a"):
                1 / 0  # noqa: B018
    assert transport.gate.in_flight == 0


@pytest_asyncio.fixture
async def upstream():
    """Answers as the test says."""
    server = Upstream()
    await server.start()
    yield server
    await server.stop()


@pytest.mark.parametrize("fault", [None, rows({}, 503), rows({}, 429)])
async def test_a_post_that_is_not_about_rows_is_never_repeated(upstream, transport, fault):
    """Not by its form: a sign-in or a function may do anything."""
    upstream.answer = lambda _: fault
    async with httpx.AsyncClient(transport=transport) as client:
        if fault is None:
            with pytest.raises(httpx.RemoteProtocolError):
                await client.post(f"{upstream.url}/functions/v1/pay", json={})
        else:
            answer = await client.post(f"{upstream.url}/functions/v1/pay", json={})
            assert answer.status_code == fault[0]
    assert len(upstream.asked) == 1


async def test_who_repeats_already_is_not_repeated_here(upstream, transport):
    """Retries above ours would multiply it."""
    upstream.answer = lambda _: rows({}, 503)
    headers = {"x-retry-count": "1"}
    request = httpx.Request("GET", f"{upstream.url}/rest/v1/contacts", headers=headers)
    assert (await transport.ask(request)).status == 503
    assert len(upstream.asked) == 1


@pytest.mark.parametrize(
    "transport", [Terms(pool_max_connections=1, pool_max_waiting=2)], indirect=True
)
async def test_load_is_shed_before_it_piles_up(upstream, transport):
    """One is under way, two wait, and the others learn it at once."""
    upstream.gate.clear()
    url = f"{upstream.url}/rest/v1/contacts"
    tasks = [asyncio.create_task(transport.ask(httpx.Request("GET", url))) for _ in range(50)]
    await turn()
    refused = [task for task in tasks if task.done()]
    assert {type(task.exception()) for task in refused} == {PoolFull}
    assert len(refused) == 47
    upstream.gate.set()
    assert len([await task for task in tasks if task not in refused]) == 3


@pytest.mark.parametrize("transport", [Terms(pool_max_connections=2)], indirect=True)
async def test_a_users_burst_does_not_make_another_wait_for_all_of_it(upstream, transport):
    """Over one transport, by two users' own clients."""
    upstream.answer = lambda asked: rows([asked.bearer])
    pool = ConnectionPool(
        lambda who: make_client(upstream.url, "anon", transport, who.bearer, who.name),
        Limits(),
        lambda _: None,
    )

    async def ask(name):
        async with pool.get_connection(jwt_token=name) as client:
            await client.table("contacts").select("*").execute()

    burst = [asyncio.create_task(ask("greedy")) for _ in range(60)]
    await turn(20)
    await ask("modest")
    before = [asked.bearer for asked in upstream.asked].index("modest")
    assert before < 10
    await asyncio.gather(*burst)
    await pool.close()


async def test_idle_connections_are_closed_and_used_ones_are_not(upstream, transport, monkeypatch):
    """The next request opens one again."""
    request = httpx.Request("GET", f"{upstream.url}/rest/v1/contacts")
    await transport.ask(request)
    await transport.close_idle()
    assert len(transport.inner._pool.connections) == 1
    monkeypatch.setattr(transports, "KEPT_ALIVE", -1.0)
    client = httpx.AsyncClient(transport=transport)
    async with client.stream("GET", f"{upstream.url}/storage/v1/object/a"):
        await transport.close_idle()
        assert len(transport.inner._pool.connections) == 1
    await transport.close_idle()
    assert transport.inner._pool.connections == []
    assert (await transport.ask(request)).status == 200


async def test_realtime_keeps_working(transport):
    """A channel of a pooled client joins, and hears what is broadcast, also after its lease."""
    heard = asyncio.Queue()

    async def phoenix(socket):
        async for text in socket:
            message = json.loads(text)
            reply = {"status": "ok", "response": {"postgres_changes": []}}
            await socket.send(json.dumps({**message, "event": "phx_reply", "payload": reply}))
            if message["event"] == "phx_join":
                payload = {"type": "broadcast", "event": "news", "payload": {"n": 1}}
                news = {"topic": message["topic"], "event": "broadcast", "ref": None}
                await socket.send(json.dumps({**news, "payload": payload}))

    async with serve(phoenix, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        pool = ConnectionPool(
            lambda who: make_client(url, "anon", transport, who.bearer), Limits(), lambda _: None
        )
        async with pool.get_connection() as client:
            channel = client.channel("room")
            channel.on_broadcast("news", heard.put_nowait)
            await channel.subscribe()
        message = await asyncio.wait_for(heard.get(), 5)
        assert message["payload"] == {"n": 1}
        await client.remove_all_channels()
        await pool.close()
