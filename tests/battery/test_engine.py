"""The whole battery direct, through a cold engine and through a warm one: the same to the byte."""

from collections import Counter
from contextlib import ExitStack

import httpx
import pytest

from canvalo.devstack import tokens
from optimizer import runtime, supabase_client_sync
from optimizer.conf import Overrides
from tests.battery import cases_embed, cases_read

CASES = [*cases_read.all_cases(), *cases_embed.all_cases()]
HEADERS = (
    "content-type", "content-range", "content-location", "content-profile", "location",
    "preference-applied", "range-unit", "www-authenticate",
)  # fmt: skip


@pytest.fixture
def engine_of(battery, settings, monkeypatch, fresh_valkey):
    """The sync twin's clients, as the battery's callers, before an engine that is cold."""

    async def nothing(version):
        return Overrides(version)

    monkeypatch.setattr(runtime, "_load_overrides", nothing)
    settings.SUPABASE_URL, settings.SUPABASE_ANON_KEY = battery.url, battery.anon_key
    settings.SUPABASE_SERVICE_ROLE_KEY = battery.service_role_key
    settings.SUPABASE_JWT_SECRET = battery.jwt_secret
    with ExitStack() as leases:
        yield lambda who: leases.enter_context(supabase_client_sync(**identity(battery, who)))
        leases.close()
        runtime.own_loop.stop()


def identity(battery, who):
    """How the twin is asked to speak as one of the battery's callers."""
    if who == "service_role":
        return {"user_id": "battery"}
    known = who in tokens.USERS
    token = tokens.user(battery.jwt_secret, who, expires_in=7200) if known else None
    return {"access_token": token}


def answers(cases, clients):
    """Each case's answer by the clients of these callers."""
    return [case.ask(clients[case.who]).request.send(httpx.Headers()) for case in cases]


def seen(response):
    """What a caller relies on."""
    headers = {name: response.headers.get(name) for name in HEADERS}
    return response.status_code, response.content, headers


def different(cases, *ways):
    """The names of the cases that were not answered alike each way."""
    return [
        case.name
        for case, first, *others in zip(cases, *ways, strict=True)
        if any(seen(other) != seen(first) for other in others)
    ]


@pytest.mark.parametrize("_", [1, 2, 3])
def test_an_answer_is_the_same_direct_cold_and_warm(engine_of, client_of, _):
    """Status, body and headers; and what may be cached comes from the cache the second time."""
    callers = {case.who for case in CASES}
    plain = {who: client_of(who) for who in callers}
    ours = {who: engine_of(who) for who in callers}
    # A function that is called by POST may change anything, so it empties the cache: all of them
    # are called before the reads, which would meet a cold engine otherwise.
    reads = [case for case in CASES if case.ask(plain[case.who]).request.http_method == "GET"]
    calls = [case for case in CASES if case not in reads]
    assert different(calls, *(answers(calls, clients) for clients in (plain, ours, ours))) == []
    direct, cold, warm = (answers(reads, clients) for clients in (plain, ours, ours))
    assert different(reads, direct, cold, warm) == []
    cacheable = [n for n, one in enumerate(cold) if one.headers.get("x-cache") == "miss"]
    how = Counter(warm[n].headers["x-cache"] for n in cacheable)
    share = how["hit"] / len(cacheable)
    print(f"{len(CASES)} cases, {len(cacheable)} cacheable, {share:.0%} of these hits when warm")
    assert share >= 0.9
    assert len(cacheable) > len(CASES) / 2
