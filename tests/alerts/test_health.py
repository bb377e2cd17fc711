"""A web process whose stores are away: which form of health says so."""

import pytest

from tests.security.web import Web

NOBODY = {
    "database": {"DATABASE_URL": "postgresql://canvalo:hunter2@127.0.0.1:1/canvalo"},
    "valkey": {"VALKEY_URL": "redis://:hunter2@127.0.0.1:1/0"},
}


@pytest.mark.slow
@pytest.mark.parametrize("store", list(NOBODY))
def test_a_store_that_is_away_fails_ready_and_deep_and_not_live(stack, store):
    """It says which, and names neither its address nor its password."""
    server = Web(stack.home.folder("logs") / f"no-{store}.log", **NOBODY[store])
    try:
        live, ready, deep = (server.ask("GET", f"/health/{f}") for f in ("live", "ready", "deep"))
    finally:
        server.stop()
    assert [answer.status_code for answer in (live, ready, deep)] == [200, 503, 503]
    for answer in (ready, deep):
        assert answer.json()[store] == "away"
        assert "hunter2" not in answer.text
        assert "127.0.0.1" not in answer.text
