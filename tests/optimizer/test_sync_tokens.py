"""Whose token Supabase sees, where threads take turns every ten microseconds."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from supabase import create_client

from optimizer import supabase_client_sync

THREADS = 16
USERS = [f"user-{n:02}" for n in range(50)]
FEW_OR_ALL = [600, pytest.param(10_000, marks=pytest.mark.slow)]


@pytest.fixture(autouse=True)
def hasty():
    """Threads are switched in the middle of everything."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(usual)


def at_once(work, requests):
    """So many requests of fifty users, by threads."""
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(work, (USERS[n % len(USERS)] for n in range(requests))))


def strangers(served):
    """Requests that carried another's token than that of the user whom they ask about."""
    return [asked for asked in served.asked if f"eq.{asked.bearer}" not in asked.target]


@pytest.mark.usefixtures("twin")
@pytest.mark.parametrize("requests", FEW_OR_ALL)
def test_the_token_is_always_the_callers(served, requests):
    """By our sync twin."""

    def work(name):
        with supabase_client_sync(access_token=name) as client:
            client.table("contacts").select("*").eq("owner", name).execute()

    at_once(work, requests)
    assert len(served.asked) == requests
    assert strangers(served) == []


@pytest.mark.thorough
@pytest.mark.parametrize("requests", [3000])
def test_one_shared_client_of_supabase_py_mixes_them_up(served, requests):
    """As its documentation shows it: `postgrest.auth(token)`, then the query. So we do not."""
    client = create_client(served.url, "anon-key")

    def work(name):
        client.postgrest.auth(name)
        client.table("contacts").select("*").eq("owner", name).execute()

    at_once(work, requests)
    assert len(served.asked) == requests
    assert strangers(served) != []
