"""Every page in a real browser: whole in both themes, for everybody, and true to the API."""

import csv
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect

from dashboard.models import ShareLink
from dashboard.pages import PAGES
from optimizer.domain.recency import MINUTE
from optimizer.models import SettingsChange
from tests.browser.axe import grave_faults
from tests.dashboard.traffic import happened, keep, last_minute, save

PATHS = {page.name: f"/{page.path.replace('<str:relation>', 'api.contacts')}" for page in PAGES}
POLL = "document.dispatchEvent(new Event('visibilitychange'))"  # what returning to the tab does


@pytest.fixture
def traffic(transactional_db) -> None:
    """Half an hour of traffic with a gap in it, a changed setting and a deploy."""
    last = last_minute()
    for n in range(30):
        if not 8 <= n < 12:
            contacts = happened(hits=3 + n, misses=1, stale=1, coalesced=1, bypass=1)
            invoices = happened(hits=1, relation="api.invoices")
            save(last - n * MINUTE, contacts, invoices)
    keep(last - 70 * MINUTE, happened(hits=7, misses=3))
    SettingsChange.objects.create(
        at=last - 15 * MINUTE, subject="api.contacts", name="ttl_seconds", before="60", after="300"
    )
    call_command("annotate", "Shop 1.4", "--at", (last - 5 * MINUTE).isoformat(), verbosity=0)


@pytest.fixture
def alice(page, context, server, staff) -> Page:
    """A page in a browser in which Alice has signed in."""
    context.add_cookies([session_cookie(server, staff)])
    return page


def session_cookie(server, user):
    """What signing in would have left."""
    client = Client()
    client.force_login(user)
    return {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": server}


def drawn(page: Page) -> None:
    """Wait until every chart is there."""
    for plot in page.locator(".plot").all():
        expect(plot.locator(".main-svg").first).to_be_visible()


def number(page: Page, tile: str):
    """The large figure of a tile."""
    return page.locator(f"#tile-{tile} .number")


@pytest.mark.slow
@pytest.mark.usefixtures("traffic")
@pytest.mark.parametrize("name", PATHS)
def test_a_page_is_whole_in_both_themes_and_on_a_phone(alice, name):
    """No grave fault by axe, nothing cut off; no error, violation or other host (the fixture)."""
    for theme in ("light", "dark"):
        alice.emulate_media(color_scheme=theme)
        alice.set_viewport_size({"width": 1440, "height": 900})
        alice.goto(PATHS[name])
        drawn(alice)
        assert grave_faults(alice) == []
    alice.set_viewport_size({"width": 390, "height": 844})
    alice.goto(PATHS[name])
    drawn(alice)
    assert alice.evaluate("document.documentElement.scrollWidth") <= 390
    assert grave_faults(alice) == []


@pytest.mark.parametrize("name", PATHS)
def test_an_empty_page_says_what_to_do_next(alice, name):
    """On a first visit, whichever page it is; and that is readable too."""
    alice.goto(PATHS[name])
    expect(alice.get_by_text("Nothing is stored yet.")).to_be_visible()
    expect(alice.get_by_text("manage.py devtoken alice").first).to_be_visible()
    drawn(alice)
    assert grave_faults(alice) == []


@pytest.mark.usefixtures("traffic")
@pytest.mark.parametrize("name", PATHS)
def test_a_stopped_beat_is_seen_on_every_page_within_three_minutes(alice, name):
    """By the page's own clock, without a reload: its slowest healthy pace is fast enough."""
    from optimizer.models import SnapshotRun

    alice.clock.install()
    alice.goto(PATHS[name])
    SnapshotRun.objects.update(ran_at=timezone.now() - timedelta(seconds=151))
    alice.clock.run_for(180_000 - 151_000)
    expect(alice.get_by_text("Snapshots have stopped.")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_around_are_whole_too(alice, context, watch, theme):
    """The sign-in, what does not exist, a link that has ended, and an account that may not look."""
    bob = get_user_model().objects.create_user("bob")
    alice.emulate_media(color_scheme=theme)
    origin = f"http://{watch.host}"
    for path in ("/nowhere", "/share/nonsense"):
        alice.goto(path)
        assert grave_faults(alice) == []
    context.add_cookies([session_cookie(origin, bob)])
    alice.goto("/")
    expect(alice.get_by_role("heading", name="not for this account")).to_be_visible()
    assert grave_faults(alice) == []
    context.clear_cookies()
    alice.goto("/login/")
    assert grave_faults(alice) == []
    watch.problems = [p for p in watch.problems if "404" not in p and "403" not in p]


@pytest.mark.usefixtures("traffic")
def test_the_page_s_numbers_are_the_api_s(alice):
    """Tiles, drawn points and table, for this range and the one before."""
    api = alice.request.get("/api/optimization/series?range=1h&compare=previous").json()
    alice.goto("/?compare=previous")
    for tile in ("asked", "sent", "avoided"):
        expect(number(alice, tile)).to_have_text(f"{api['totals'][tile]:,}")
    expect(number(alice, "hit-rate")).to_have_text(f"{100 * api['totals']['hit_rate']:.1f}")
    drawn(alice)
    traces = alice.evaluate(
        "document.querySelector('#chart-calls .plot').data.map((t) => [t.name, [...t.y]])"
    )
    assert traces == [
        ["asked", api["columns"]["asked"]],
        ["sent", api["columns"]["sent"]],
        ["asked, period before", api["previous"]["asked"]],
    ]
    cells = alice.locator("#chart-calls tbody tr").first.locator("td").all_text_contents()
    assert cells[0] == str(api["columns"]["asked"][-1])


@pytest.mark.usefixtures("traffic")
def test_dragging_over_a_chart_sets_the_range_in_the_address(alice):
    """All charts follow, reloading keeps it, and a link leads out again."""
    alice.goto("/")
    drawn(alice)
    box = alice.locator("#chart-calls .plot .nsewdrag").first.bounding_box()
    y = box["y"] + box["height"] / 2
    alice.mouse.move(box["x"] + box["width"] * 0.5, y)
    alice.mouse.down()
    alice.mouse.move(box["x"] + box["width"] * 0.75, y, steps=6)
    alice.mouse.up()
    alice.wait_for_url("**from=**")
    drawn(alice)
    minutes = alice.locator("#chart-hit-rate tbody tr").count()
    assert 14 <= minutes <= 18
    state = parse_qs(urlsplit(alice.url).query)
    assert state.keys() == {"from", "to"}
    alice.get_by_role("link", name="Zoom out").click()
    expect(alice.locator("#chart-hit-rate tbody tr")).to_have_count(60)
    assert "from" not in alice.url
    alice.go_back()
    expect(alice.locator("#chart-hit-rate tbody tr")).to_have_count(minutes)


@pytest.mark.usefixtures("traffic")
def test_the_narrowest_zoom_is_the_whole_minute(alice):
    """Twenty seconds are widened, and do not lead back to where one came from."""
    alice.goto("/")
    drawn(alice)
    at = f"{last_minute() - 3 * MINUTE:%Y-%m-%d %H:%M}"
    alice.evaluate(
        """(at) => Plotly.relayout(document.querySelector("#chart-calls .plot"),
            { "xaxis.range[0]": `${at}:15.5`, "xaxis.range[1]": `${at}:35` })""",
        at,
    )
    alice.wait_for_url("**from=**")
    expect(alice.locator("#chart-calls tbody tr")).to_have_count(1)
    expect(alice.locator("#chart-calls tbody th")).to_have_text(at)


@pytest.mark.usefixtures("traffic")
def test_comparing_draws_the_period_before_and_says_the_change(alice):
    """A switch, by keyboard too; the whole state stays in the address."""
    alice.goto("/?range=1h&unit=bytes")
    alice.get_by_role("switch", name="Compare").focus()
    alice.keyboard.press("Enter")
    alice.wait_for_url("**compare=previous**")
    drawn(alice)
    assert "unit=bytes" in alice.url
    expect(alice.get_by_role("switch", name="Compare")).to_have_attribute("aria-checked", "true")
    expect(alice.locator("#tile-received-bytes .change")).to_contain_text("%")
    names = alice.evaluate("document.querySelector('#chart-calls .plot').data.map((t) => t.name)")
    assert names == ["needed", "received", "needed, period before"]


@pytest.mark.usefixtures("traffic")
def test_the_switch_tells_bytes_in_place_of_requests(alice):
    """Tiles, axis and table have the unit."""
    alice.goto("/")
    alice.get_by_role("link", name="Bytes", exact=True).click()
    alice.wait_for_url("**unit=bytes**")
    expect(alice.locator("#tile-received-bytes .unit")).to_have_text("kB")
    drawn(alice)
    expect(alice.locator("#chart-calls .ytick text").last).to_contain_text("B")
    expect(alice.locator("#chart-calls thead th").nth(1)).to_have_text("needed (B)")


@pytest.mark.usefixtures("traffic")
def test_the_csv_is_what_the_table_shows(alice):
    """Downloaded by its link, with the same points in the same zone."""
    alice.goto("/")
    with alice.expect_download() as download:
        alice.get_by_role("link", name="Calls asked and calls sent as CSV").click()
    with download.value.path().open(newline="") as file:
        rows = list(csv.DictReader(file))
    alice.locator("#chart-calls summary").click()
    table = alice.locator("#chart-calls tbody tr").all_text_contents()
    assert len(rows) == len(table) == 60
    first = alice.locator("#chart-calls tbody tr").first
    assert first.locator("td").all_text_contents() == [rows[-1]["asked"], rows[-1]["sent"]]
    began = rows[-1]["start"][:16].replace("T", " ")
    assert first.locator("th").text_content() == began


@pytest.mark.usefixtures("traffic")
def test_gaps_and_marks_are_drawn(alice):
    """A shade where nothing is known; a letter where something happened, and its words below."""
    alice.goto("/")
    drawn(alice)
    expect(alice.locator("#chart-calls .shapelayer path")).not_to_have_count(0)
    flags = alice.locator("#chart-calls .annotation-text").all_text_contents()
    assert {"A", "B"} <= set(flags)
    marks = alice.locator("#marks li")
    expect(marks.nth(0)).to_contain_text("api.contacts ttl_seconds: 60 → 300")
    expect(marks.nth(1)).to_contain_text("Shop 1.4")


@pytest.mark.usefixtures("traffic")
def test_a_new_mark_appears_without_reloading(alice):
    """Somebody deploys while others watch."""
    alice.goto("/")
    drawn(alice)
    call_command("annotate", "Shop 1.5", "--at", last_minute().isoformat(), verbosity=0)
    alice.evaluate(POLL)
    expect(alice.locator("#marks li").last).to_contain_text("Shop 1.5")
    expect(alice.locator("#chart-calls .annotation-text", has_text="C")).to_be_visible()


@pytest.mark.usefixtures("traffic")
def test_a_table_is_sorted_and_opened_by_keyboard(alice):
    """Head, row, page of its own, and back with the same state."""
    alice.goto("/tables/?range=6h")
    alice.get_by_role("link", name="Misses").focus()
    alice.keyboard.press("Enter")
    alice.wait_for_url("**sort=-misses**")
    expect(alice.locator("th[aria-sort]")).to_have_text("Misses")
    alice.get_by_role("link", name="api.contacts").focus()
    alice.keyboard.press("Enter")
    alice.wait_for_url("**/tables/api.contacts/**")
    assert "range=6h" in alice.url
    expect(alice.get_by_role("heading", level=1)).to_have_text("api.contacts")
    expect(alice.locator(".bar nav [aria-current]")).to_have_text("Tables")


@pytest.mark.usefixtures("traffic")
def test_the_menu_keeps_the_range(alice):
    """Whoever looks at a week goes on doing so on the next page."""
    alice.goto("/?range=7d&compare=previous")
    alice.get_by_role("navigation", name="Main").get_by_role("link", name="Tables").click()
    alice.wait_for_url("**/tables/**")
    assert "range=7d&compare=previous" in alice.url


@pytest.mark.usefixtures("traffic")
def test_a_share_link_shows_until_it_is_revoked(page, server, watch):
    """For somebody without an account, on the open page too."""
    link = ShareLink(name="board")
    token = link.renew()
    link.save()
    page.goto(f"/share/{token}")
    page.wait_for_url(f"{server}/")
    drawn(page)
    assert token not in page.content()
    expect(page.get_by_text("Read only")).to_be_visible()
    expect(page.get_by_role("link", name="Settings")).to_have_count(0)
    assert grave_faults(page) == []
    ShareLink.objects.update(revoked_at=timezone.now())
    page.evaluate(POLL)
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    watch.problems.clear()  # the 403 that this test brought about


@pytest.mark.usefixtures("traffic")
def test_a_viewer_sees_the_figures_and_no_settings(page, context, server):
    """A member of the group without staff status."""
    user = get_user_model().objects.create_user("vera", password="pw")
    user.groups.add(Group.objects.get(name="viewer"))
    context.add_cookies([session_cookie(server, user)])
    page.goto("/")
    drawn(page)
    expect(page.get_by_role("link", name="Settings")).to_have_count(0)


@pytest.mark.usefixtures("traffic")
def test_a_chart_that_cannot_be_loaded_says_so(alice, watch):
    """The table still holds its points."""
    alice.route("**/vendor/*.min.js", lambda route: route.abort())
    alice.goto("/")
    expect(alice.locator("#chart-calls .plot")).to_contain_text("could not be loaded")
    alice.locator("#chart-calls summary").click()
    expect(alice.locator("#chart-calls tbody tr").first).to_be_visible()
    watch.problems.clear()  # the request that this test broke
