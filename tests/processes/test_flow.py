"""The whole flow through running processes: every figure shown traces to a request made here."""

import signal
import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import chromium  # noqa: F401 - a fixture
from tests.processes.conftest import Server
from tests.processes.test_life import LIST, PRINTED, first_post

pytestmark = pytest.mark.slow
SNAPSHOT_WITHIN = 120.0  # seconds, as the page itself promises


def sign_in(page: Page, server: Server, password: str) -> None:
    """As the person at the keyboard does after the first start."""
    page.goto(server.url)
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")


def outcomes(server: Server, *tokens: str) -> list[str]:
    """How one list after another was answered."""
    return [server.get(LIST, token).headers["x-cache"] for token in tokens]


def test_what_was_asked_is_what_is_counted_stored_and_drawn(start, chromium):  # noqa: F811
    """Alice reads twice, writes, reads; Bob and nobody read; ten figures follow from that."""
    server = start("--no-demo")
    password = server.line(PRINTED)[1]
    server.ready()
    alice, bob, anon = (server.manage("devtoken", name) for name in ("alice", "bob", "anon"))
    api = server.manage("apitoken", "test")
    empty = server.get("/api/optimization/stats", api).json()
    assert empty["requests"]["asked"] == empty["requests"]["sent"] == 0

    assert outcomes(server, alice, alice) == ["miss", "hit"]
    row = first_post(server, alice, {"name": "AAA first of all"})
    seen = server.get(LIST, alice)
    assert seen.headers["x-cache"] == "miss"
    assert row in seen.json()
    his = server.get(LIST, bob)
    assert not {r["id"] for r in seen.json()} & {r["id"] for r in his.json()}
    assert server.get(LIST, anon).json() == []

    stats = server.get("/api/optimization/stats", api).json()
    assert stats["requests"]["by_outcome"] == {"hit": 1, "miss": 4, "ok": 1}
    assert stats["requests"]["sent_by_outcome"] == {"ok": 5}
    pool = stats["connection_pool"]
    assert (pool["total_requests"], pool["cache_hits"], pool["cache_misses"]) == (6, 1, 4)
    assert pool["hit_rate_percent"] == 20.0
    assert stats["cache"]["total_entries"] == 3  # one list each

    page = chromium.new_page()
    sign_in(page, server, password)
    asked = page.locator("#tile-asked .number")
    deadline = time.monotonic() + SNAPSHOT_WITHIN
    while asked.inner_text() != "6" and time.monotonic() < deadline:
        page.wait_for_timeout(2000)
        page.reload()
    expect(asked).to_have_text("6")
    expect(page.locator("#tile-sent .number")).to_have_text("5")
    expect(page.locator("#tile-hit-rate .number")).to_have_text("20.0")
    expect(page.locator("#chart-calls .trace.bars").first).to_be_visible()
    page.context.close()
    assert server.end(signal.SIGTERM) == 0
    assert server.processes() == []


def test_a_ttl_changed_in_the_admin_holds_within_two_seconds(start, chromium):  # noqa: F811
    """Zero caches nothing; the browser's form is the one that an operator uses."""
    server = start("--no-demo")
    password = server.line(PRINTED)[1]
    server.ready()
    alice = server.manage("devtoken", "alice")
    assert outcomes(server, alice, alice) == ["miss", "hit"]
    page = chromium.new_page()
    sign_in(page, server, password)
    page.goto(f"{server.url}/admin/optimizer/tablesettings/")
    row = page.locator("tr", has_text="api.contacts")
    row.locator("input[name$=ttl_seconds]").fill("0")
    page.get_by_role("button", name="Save").click()
    changed = time.monotonic()
    page.wait_for_selector(".messagelist .success")
    while outcomes(server, alice) != ["bypass"]:
        assert time.monotonic() < changed + 10, "the new TTL never took hold"
    page.goto(f"{server.url}/admin/optimizer/settingschange/")
    expect(page.locator("#result_list")).to_contain_text("api.contacts")
    expect(page.locator("#result_list")).to_contain_text("admin")
    page.context.close()
    assert server.end(signal.SIGTERM) == 0
