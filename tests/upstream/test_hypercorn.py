"""A real server before the stand-in, which takes its leave every few requests, as an edge does.

Hypercorn ends an HTTP/1.1 connection with `Connection: close`, and one of HTTP/2 with GOAWAY and
whatever is under way on it.
"""

import os
import socket
import subprocess
import sys

import httpx
import pytest

from optimizer.conf import Defaults, OptimizationSettings
from optimizer.runtime import Config, Runtime
from tests.optimizer.callers import Listening
from tests.stack import PROJECT
from tests.upstream.certificates import certificate
from tests.upstream.storm import Storm, must_agree

REQUESTS = 1000


@pytest.fixture
def edge(supabase, tmp_path, monkeypatch):
    """Starts one that serves so many requests by each connection; its address."""
    cert, key = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    listening = socket.create_server(("127.0.0.1", 0), backlog=200)
    running = []

    def start(requests):
        terms = tmp_path / "hypercorn.toml"
        terms.write_text(
            f'bind = ["fd://{listening.fileno()}"]\ncertfile = "{cert}"\nkeyfile = "{key}"\n'
            f"keep_alive_max_requests = {requests}\n"
        )
        command = [sys.executable, "-m", "hypercorn", "--config", str(terms)]
        process = subprocess.Popen(
            [*command, "tests.upstream.proxying:application"],
            cwd=PROJECT,
            env={**os.environ, "TARGET": supabase.url},
            pass_fds=[listening.fileno()],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        running.append(process)
        return f"https://localhost:{listening.getsockname()[1]}"

    yield start
    for process in running:
        process.kill()
        process.wait()
    listening.close()


@pytest.mark.slow
# Fifty share a connection of HTTP/2, so each leave takes up to fifty requests along.
@pytest.mark.parametrize(("http2", "version", "each"), [(False, "1.1", 40), (True, "2", 400)])
async def test_a_server_that_takes_its_leave_loses_no_read_and_doubles_no_write(
    edge, supabase, fresh_valkey, token_for, mark, stored, http2, version, each
):
    """Fifty at a time: every acknowledged write is there once, every other one named."""
    config = Config(
        edge(each), supabase.anon_key, jwt_secret=supabase.jwt_secret, valkey_url=fresh_valkey
    )
    settings = OptimizationSettings(Defaults(cache_enabled=False, pool_http2=http2))
    engine = Runtime(config, Listening(), settings)
    try:
        url = f"{config.supabase_url}/rest/v1/"
        said = await engine.transport.ask(httpx.Request("HEAD", url))
        assert said.header("x-spoken") == version
        storm = Storm(engine, token_for, mark)
        await storm.blow(REQUESTS)
    finally:
        await engine.close()
    must_agree(storm.log, stored())
    told = list(storm.log.written.values())
    print(f"reads {dict(storm.log.reads)}, {told.count('unknown')} of {len(told)} writes unknown")
    assert storm.log.reads[False] == 0
    assert "failed" not in told
    assert http2 or "unknown" not in told
