"""Supabase that cannot be reached at all, and certificates that are not trusted."""

import asyncio
import ssl
import time
from contextlib import suppress

import httpx
import pytest
import pytest_asyncio

from optimizer.domain.facts import CircuitMoved
from optimizer.errors import (
    CircuitOpen,
    ConfigurationError,
    UpstreamError,
    UpstreamUnreachable,
)
from optimizer.upstream.tls import NAMES, trusted
from optimizer.upstream.transport import Terms, make_transport
from tests.upstream.certificates import certificate

TIMES = httpx.Timeout(2.0).as_dict()


@pytest_asyncio.fixture
async def secure(tmp_path):
    """A server that speaks TLS with a certificate that nobody has signed; its address and file."""
    cert, key = certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)

    spoken = []
    context.set_alpn_protocols(["h2", "http/1.1"])

    async def serve(reader, writer):
        spoken.append(writer.get_extra_info("ssl_object").selected_alpn_protocol())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    yield f"https://localhost:{server.sockets[0].getsockname()[1]}", cert, spoken
    server.close()


async def ask(url, method="GET", **terms):
    """One question about rows over a transport of its own."""
    transport = make_transport(Terms(**terms))
    request = httpx.Request(method, f"{url}/rest/v1/contacts", extensions={"timeout": TIMES})
    try:
        return await transport.ask(request)
    finally:
        await transport.aclose()


@pytest.mark.thorough
@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_a_certificate_that_is_not_trusted_is_refused(secure, method):
    """Nothing was sent, and that is what the caller is told."""
    with pytest.raises(UpstreamUnreachable):
        await ask(secure[0], method, retry_attempts=2)


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
async def test_the_environments_bundle_is_trusted(secure, monkeypatch, name):
    """A company's own authority, by the variables that other programs read."""
    url, cert, _ = secure
    for other in NAMES:
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, str(cert))
    assert (await ask(url)).body == b"[]"


@pytest.mark.parametrize(("setting", "protocol"), [(False, "http/1.1"), (True, "h2")])
async def test_http_2_is_spoken_only_where_it_is_asked_for(secure, monkeypatch, setting, protocol):
    """To a server that would rather have it; this one then takes its leave."""
    url, cert, spoken = secure
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    with suppress(UpstreamError):
        await ask(url, pool_http2=setting, retry_attempts=1)
    assert spoken == [protocol]


def test_a_folder_of_certificates_is_one_too(tmp_path):
    """And what is not there is said, by its variable."""
    trusted({"SSL_CERT_DIR": str(tmp_path)})
    with pytest.raises(ConfigurationError, match="SSL_CERT_FILE"):
        trusted({"SSL_CERT_FILE": str(tmp_path / "none.pem")})


@pytest.mark.thorough
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_name_that_resolves_nowhere_never_left(method):
    """A write may be tried again."""
    with pytest.raises(UpstreamUnreachable):
        await ask("http://nowhere.invalid", method, retry_attempts=2)


async def test_an_outage_opens_the_circuit_and_its_end_closes_it(edge, engine, token_for):
    """Meanwhile who asks is answered at once; a write is told that it was not sent."""

    async def read():
        async with engine.pool.get_connection(jwt_token=token_for("alice")) as client:
            await client.schema("api").table("contacts").select("id").limit(1).execute()

    engine.settings.update(retry_attempts=1)
    await edge.stop()
    deadline = time.monotonic() + 20
    while engine.transport.breaker.state == "closed":
        assert time.monotonic() < deadline, "the circuit never opened"
        with pytest.raises(UpstreamError):
            await read()
    async with engine.pool.get_connection(jwt_token=token_for("alice")) as client:
        with pytest.raises(CircuitOpen):
            await client.schema("api").table("contacts").insert({"name": "never"}).execute()
    assert not await engine.valkey.keys("{canvalo}:m:*")  # its marker stands in nobody's way
    await edge.start()
    while engine.transport.breaker.state != "closed":
        assert time.monotonic() < deadline, "the circuit never closed"
        with suppress(CircuitOpen):
            await read()
    moves = [f.state for f in engine.recorder.facts if isinstance(f, CircuitMoved)]
    assert moves[0] == "open"
    assert moves[-2:] == ["half-open", "closed"]
