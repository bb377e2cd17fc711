"""A proxy that the environment names is used, and only where it is meant."""

import asyncio

import pytest
import pytest_asyncio

from optimizer import Config, open_engine
from optimizer.upstream.proxy import proxy_for
from tests.optimizer.callers import SECRET, ask, user

URL = "https://abcd.supabase.co"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    """The developer's own are left out."""
    for name in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name.upper()}_PROXY", raising=False)


@pytest.mark.parametrize(
    ("environment", "url", "proxy"),
    [
        ({}, URL, None),
        ({"HTTPS_PROXY": "http://proxy:3128"}, URL, "http://proxy:3128"),
        ({"https_proxy": "proxy:3128"}, URL, "http://proxy:3128"),
        ({"ALL_PROXY": "http://proxy:3128"}, URL, "http://proxy:3128"),
        ({"HTTP_PROXY": "http://proxy:3128"}, URL, None),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": ".supabase.co"}, URL, None),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "*"}, URL, None),
        ({"HTTP_PROXY": "http://proxy:3128"}, "http://127.0.0.1:54321", None),
        ({"HTTP_PROXY": "http://proxy:3128"}, "http://localhost:54321", None),
    ],
)
def test_which_proxy_an_address_gets(monkeypatch, environment, url, proxy):
    """As other programs read the same variables; this machine is always asked directly."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(url) == proxy


@pytest_asyncio.fixture
async def proxy(upstream):
    """Takes requests for any host, notes their first lines, and passes all on to one server."""
    lines = []

    async def serve(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        lines.append(head.split(b"\r\n")[0].decode())
        port = int(upstream.url.rpartition(":")[2])
        behind, ahead = await asyncio.open_connection("127.0.0.1", port)
        ahead.write(head.replace(b"http://project.invalid", b"", 1))
        answer = await behind.readuntil(b"\r\n\r\n")
        size = next(
            int(line.split(b":")[1])
            for line in answer.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        )
        writer.write(answer + await behind.readexactly(size))
        for one in (writer, ahead):
            await one.drain()
            one.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    server.lines = lines
    yield server
    server.close()
    await server.wait_closed()


async def test_supabase_is_asked_through_the_proxy(monkeypatch, fresh_valkey, proxy):
    """A real one: the host's name resolves nowhere, so only the proxy can have answered."""
    port = proxy.sockets[0].getsockname()[1]
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
    config = Config("http://project.invalid", "anon", jwt_secret=SECRET, valkey_url=fresh_valkey)
    async with open_engine(config) as engine:
        assert [await ask(engine, user()) for _ in range(2)] == ["miss", "hit"]
    assert len(proxy.lines) == 1
    assert proxy.lines[0].startswith("GET http://project.invalid/rest/v1/contacts")
