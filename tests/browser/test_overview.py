"""The overview in a real browser, under the content security policy that is served."""

import time
from datetime import datetime, timedelta

import pytest
import redis
from django.contrib.auth import get_user_model
from django.utils import timezone
from playwright.sync_api import Page, expect

from optimizer.domain.facts import ReadOutcome
from optimizer.domain.recency import MINUTE
from optimizer.metrics import store
from optimizer.metrics.recorder import Recorder, flush_blocking
from tests.browser.conftest import sign_in
from tests.dashboard.traffic import happened, keep, last_minute, save
from tests.metrics.factories import call, read

POLL = "document.dispatchEvent(new Event('visibilitychange'))"  # what returning to the tab does


@pytest.fixture
def minute() -> datetime:
    """The last closed minute."""
    return last_minute()


@pytest.fixture
def traffic(transactional_db, minute) -> None:
    """Ten minutes in which three of four reads were hits."""
    for n in range(10):
        save(minute - n * MINUTE, happened(hits=3, misses=1))


def number(page: Page, tile: str):
    """The large figure of a tile."""
    return page.locator(f"#tile-{tile} .number")


def wait_for_bars(page: Page, *counts: int) -> None:
    """Wait until each trace has so many bars with a height."""
    page.wait_for_function(
        """(counts) => counts.every((count, trace) => {
            const bars = document.querySelectorAll("#chart-calls .trace.bars")[trace];
            const paths = [...(bars?.querySelectorAll(".point path") ?? [])];
            return count === paths.filter((p) => p.getBoundingClientRect().height > 0.5).length;
        })""",
        arg=list(counts),
    )


@pytest.mark.usefixtures("traffic")
def test_signing_in_leads_to_charts_with_nothing_blocked(signed_in):
    """Both charts are drawn; no error, no violation, no other host (checked by the fixture)."""
    expect(signed_in.locator(".plot .main-svg").first).to_be_visible()
    expect(signed_in.locator("#chart-hit-rate .scatterlayer .point")).to_have_count(10)
    wait_for_bars(signed_in, 10, 10)


def test_the_watch_would_notice_what_the_policy_blocks(signed_in, watch):
    """An inline script is refused, and the fixture of these tests sees it."""
    signed_in.evaluate(
        """() => new Promise((done) => {
            document.addEventListener("securitypolicyviolation", done, { once: true });
            const script = document.createElement("script");
            script.textContent = "window.broken = true";
            document.body.append(script);
        })"""
    )
    assert signed_in.evaluate("window.broken") is None
    assert any("script-src" in problem for problem in watch.all_problems())
    watch.problems.clear()
    signed_in.evaluate("window.violations = []")


@pytest.mark.usefixtures("traffic")
def test_what_the_page_says_is_what_its_data_say(signed_in):
    """Tiles, table and JSON agree."""
    data = signed_in.request.get("/data/overview").json()
    for tile in data["tiles"]:
        expect(number(signed_in, tile["id"])).to_have_text(tile["number"])
    expect(number(signed_in, "asked")).to_have_text("40")
    rows = signed_in.locator("#chart-calls tbody tr")
    expect(rows).to_have_count(len(data["charts"][1]["figure"]["data"][0]["x"]))


def test_a_request_just_made_is_drawn(signed_in, fresh_valkey):
    """From a fact through the ledger and the snapshot to a bar in the browser."""
    recorder = Recorder("web", lambda: time.time() - 120)
    for outcome in (ReadOutcome.MISS, ReadOutcome.HIT, ReadOutcome.HIT):
        recorder.record(read(outcome))
    recorder.record(call())
    expect(signed_in.get_by_text("Nothing is stored yet.")).to_be_visible()
    with redis.Redis.from_url(fresh_valkey) as client:
        flush_blocking(recorder, client)
        store.snapshot(client, timezone.now())
    signed_in.evaluate(POLL)
    expect(signed_in.get_by_text("Nothing is stored yet.")).to_be_hidden()
    expect(number(signed_in, "hit-rate")).to_have_text("66.7")
    wait_for_bars(signed_in, 1, 1)


@pytest.mark.usefixtures("traffic")
def test_news_appear_without_reloading(signed_in, minute):
    """A poll brings the new minute into tiles, charts and tables."""
    expect(number(signed_in, "asked")).to_have_text("40")
    keep(minute - 15 * MINUTE, happened(hits=60), ran_at=timezone.now() + timedelta(seconds=1))
    signed_in.evaluate(POLL)
    expect(number(signed_in, "asked")).to_have_text("100")
    expect(signed_in.locator("#chart-calls tbody tr").nth(15).locator("td").first).to_have_text(
        "60"
    )
    wait_for_bars(signed_in, 11)


@pytest.mark.usefixtures("traffic")
def test_a_poll_without_news_costs_nothing(signed_in):
    """The second asks with the version of the first and is answered 304."""
    with signed_in.expect_response("**/data/overview**") as first:
        signed_in.evaluate(POLL)
    with signed_in.expect_response("**/data/overview**") as second:
        signed_in.evaluate(POLL)
    assert (first.value.status, second.value.status) == (200, 304)


@pytest.mark.usefixtures("traffic")
def test_a_stopped_beat_is_seen_without_reloading(signed_in, minute):
    """The banner appears by the page's own polling."""
    from optimizer.models import SnapshotRun

    expect(signed_in.get_by_text("Snapshots have stopped.")).to_be_hidden()
    SnapshotRun.objects.update(ran_at=timezone.now() - timedelta(minutes=3))
    signed_in.evaluate(POLL)
    expect(signed_in.get_by_text("Snapshots have stopped.")).to_be_visible()


@pytest.mark.usefixtures("traffic")
def test_a_server_that_is_away_is_said_and_forgotten_when_it_is_back(signed_in, watch):
    """One lost answer is no alarm; two are; the figures stay."""
    notice = signed_in.get_by_text("Canvalo does not answer.")
    signed_in.route("**/data/overview**", lambda route: route.abort())
    for _ in range(2):
        with signed_in.expect_event("requestfailed"):
            signed_in.evaluate(POLL)
    expect(notice).to_be_visible()
    expect(number(signed_in, "asked")).to_have_text("40")
    signed_in.unroute("**/data/overview**")
    signed_in.evaluate(POLL)
    expect(notice).to_be_hidden()
    watch.problems.clear()  # the browser reports the requests that this test broke


@pytest.mark.usefixtures("traffic")
def test_a_session_that_ended_is_said(signed_in, context, watch):
    """Old figures do not pass for new ones."""
    context.clear_cookies()
    signed_in.evaluate(POLL)
    expect(signed_in.get_by_text("You are signed out.")).to_be_visible()
    watch.problems.clear()  # the 403 that this test brought about


@pytest.mark.usefixtures("traffic")
def test_the_range_is_a_link_and_stays_in_the_address(signed_in):
    """It can be sent to somebody, and reloading keeps it."""
    signed_in.get_by_role("link", name="6 h").click()
    signed_in.wait_for_url("**/?range=6h")
    signed_in.reload()
    expect(signed_in.locator(".ranges [aria-current]")).to_have_text("6 h")
    expect(signed_in.locator("#chart-calls tbody tr")).to_have_count(72)


@pytest.mark.usefixtures("traffic")
def test_the_table_is_reached_and_opened_by_keyboard(signed_in):
    """Tab to it, Enter opens it, and Tab enters the region that scrolls."""
    signed_in.locator("#chart-calls summary").focus()
    signed_in.keyboard.press("Enter")
    region = signed_in.get_by_role("region", name="Calls asked and calls sent, table")
    expect(region).to_be_visible()
    signed_in.keyboard.press("Tab")
    expect(region).to_be_focused()
    expect(region.locator("tbody tr").first.locator("td").first).to_have_text("4")


@pytest.mark.usefixtures("traffic")
def test_everything_can_be_reached_by_tab(signed_in):
    """From the top: skip link, navigation, theme, sign out, ranges, both tables."""
    wanted = {"Skip to content", "Overview", "Settings", "Sign out", "6 h", "Table"}
    signed_in.locator("body").press("Home")
    met = set()
    for _ in range(40):
        signed_in.keyboard.press("Tab")
        met.add(signed_in.evaluate("document.activeElement.textContent.trim()"))
    assert wanted <= met


@pytest.mark.usefixtures("traffic")
def test_the_theme_follows_the_system_until_one_is_chosen(signed_in):
    """Charts change with it, and the choice outlives a reload."""

    def colours():
        return signed_in.evaluate(
            """() => [getComputedStyle(document.body).backgroundColor,
                      getComputedStyle(document.querySelector(".plot .xtick text")).fill]"""
        )

    light = colours()
    signed_in.emulate_media(color_scheme="dark")
    signed_in.wait_for_function(
        "old => getComputedStyle(document.querySelector('.plot .xtick text')).fill !== old",
        arg=light[1],
    )
    dark = colours()
    assert dark[0] != light[0]
    signed_in.get_by_label("Theme").select_option("light")
    assert colours() == light
    signed_in.reload()
    expect(signed_in.locator(".plot .xtick text").first).to_be_visible()
    assert colours() == light


@pytest.mark.usefixtures("traffic")
def test_a_visit_to_the_admin_leaves_the_theme_as_it_was(signed_in):
    """Django's admin keeps its choice under the same name: neither page meets a word unknown."""
    for chosen in ("auto", "dark"):
        signed_in.get_by_label("Theme").select_option(chosen)
        signed_in.goto("/admin/")
        signed_in.goto("/")
        expect(signed_in.get_by_label("Theme")).to_have_value(chosen)


@pytest.mark.usefixtures("traffic")
@pytest.mark.parametrize("path", ["/", "/?range=7d", "/login/", "/nowhere"])
def test_nothing_is_cut_off_on_a_phone(signed_in, watch, path):
    """No page scrolls sideways at 390 pixels."""
    signed_in.set_viewport_size({"width": 390, "height": 844})
    signed_in.goto(path)
    wide = signed_in.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
    watch.problems = [p for p in watch.problems if "404" not in p]


@pytest.mark.usefixtures("traffic")
def test_without_javascript_the_figures_are_there(chromium, server, staff):
    """Tiles and tables come with the page itself."""
    context = chromium.new_context(base_url=server, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "alice", "correct horse")
    expect(number(page, "hit-rate")).to_have_text("75.0")
    page.locator("#chart-calls summary").click()
    expect(page.locator("#chart-calls tbody tr").first).to_be_visible()
    context.close()


def test_signing_out_ends_the_session(signed_in):
    """Back at the login, and the overview asks for it again."""
    signed_in.get_by_role("button", name="Sign out").click()
    signed_in.wait_for_url("**/login/")
    signed_in.goto("/")
    signed_in.wait_for_url("**/login/?next=/")


def test_a_user_without_staff_status_is_told_and_can_leave(page, watch, transactional_db):
    """The page explains, and the way out works."""
    get_user_model().objects.create_user("bob", password="correct horse")
    sign_in(page, "bob", "correct horse")
    expect(page.get_by_role("heading", name="This page is not for this account")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login/")
    watch.problems = [p for p in watch.problems if "403" not in p]
