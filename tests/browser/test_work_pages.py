"""Pool, batches, cost and alerts in a real browser: true to the API, and usable by keyboard."""

import csv
from decimal import Decimal
from importlib import import_module

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from optimizer.domain.recency import MINUTE
from optimizer.domain.rules import Phase
from optimizer.models import AlertRule, BillingProfile, PriceItem, UsageReading
from tests.alerts.factories import AlertRuleFactory, OutboxFactory
from tests.browser.axe import grave_faults
from tests.browser.test_pages import POLL, alice, drawn, number  # noqa: F401 - a fixture
from tests.dashboard.traffic import happened, keep, last_minute, save
from tests.dashboard.work import HOUR, batched, pooled, stood

GB = 10**9


@pytest.fixture
def work(transactional_db) -> None:
    """Half an hour of leases, calls, batches and hits; prices, a reading, and three rules."""
    last = last_minute()
    for n in range(29, 0, -1):
        save(last - n * MINUTE, pooled(calls=n, repeated=1), batched(rows=10 * n), happened(hits=n))
    keep(last, pooled(shed=2, opened=1), batched(failed=3, skipped=3))
    sheet = import_module("optimizer.migrations.0009_price_sheet").sheet()
    PriceItem.objects.all().delete()  # other tests empty all tables, these rows among them
    PriceItem.objects.bulk_create(PriceItem(**row) for row in sheet)
    BillingProfile.objects.create(plan="pro", spend_cap=False, log_line_bytes=900)
    UsageReading.objects.create(item="egress", amount=245 * GB, at=timezone.now())
    fires, calm = AlertRuleFactory(name="contacts"), AlertRuleFactory(name="invoices " * 8)
    stood(fires, (last - 5 * HOUR, Phase.PENDING), (last - 4 * HOUR, Phase.FIRING))
    stood(calm, (last - 9 * HOUR, Phase.NO_DATA), (last - 8 * HOUR, Phase.OK))
    OutboxFactory(created_at=last, state="dead", last_error="no such user " * 9)


@pytest.mark.slow
@pytest.mark.usefixtures("work")
@pytest.mark.parametrize("path", ["pool/", "batches/", "cost/", "alerts/?range=7d"])
def test_a_page_full_of_work_is_whole_in_both_themes_and_on_a_phone(alice, path):  # noqa: F811
    """No grave fault by axe, nothing cut off; no error, violation or other host (the fixture)."""
    for theme, width in (("light", 1440), ("dark", 390), ("light", 390), ("dark", 1440)):
        alice.emulate_media(color_scheme=theme)
        alice.set_viewport_size({"width": width, "height": 900})
        alice.goto(f"/{path}")
        drawn(alice)
        assert alice.evaluate("document.documentElement.scrollWidth") <= width
        assert grave_faults(alice) == []


@pytest.mark.usefixtures("work")
def test_the_bill_on_the_page_is_the_api_s(alice):  # noqa: F811
    """Tiles and the table of items, each with its formula."""
    api = alice.request.get("/api/optimization/cost").json()
    alice.goto("/cost/")
    egress, logs = api["lines"]
    expect(number(alice, "avoided-calls")).to_have_text(f"{api['counted']['avoided_calls']:,}")
    worth = Decimal(egress["low"]) + Decimal(logs["low"])
    expect(number(alice, "saved")).to_have_text(f"{worth:,.2f}")
    cells = alice.locator("#listing-lines tbody tr").first.locator("td").all_text_contents()
    assert cells[5:8] == [f"{egress['low']} US$", f"{egress['high']} US$", egress["formula"]]
    rows = alice.locator("#listing-inputs tbody tr")
    explained = [egress, logs, *api["figures"], *api["quotas"]]
    expect(rows).to_have_count(sum(len(one["inputs"]) for one in explained))
    for said in api["forecasts"]:
        expect(alice.get_by_text(said)).to_be_visible()


@pytest.mark.usefixtures("work")
def test_drawn_bars_table_and_csv_of_batches_are_one(alice):  # noqa: F811
    """What is seen, read and downloaded."""
    alice.goto("/batches/")
    drawn(alice)
    traces = dict(
        alice.evaluate(
            "document.querySelector('#chart-rows .plot').data.map((t) => [t.name, [...t.y]])"
        )
    )
    with alice.expect_download() as download:
        alice.get_by_role("link", name="What became of the rows as CSV").click()
    with download.value.path().open(newline="") as file:
        points = list(csv.DictReader(file))
    assert [p["done"] for p in points] == ["" if y is None else str(y) for y in traces["done"]]
    assert (traces["done"][-1], traces["skipped"][-1]) == (197, 3)
    alice.locator("#chart-rows summary").click()
    first = alice.locator("#chart-rows tbody tr").first
    assert first.locator("td").all_text_contents() == ["197", "0", "3", "0", "0"]


@pytest.mark.usefixtures("work")
def test_the_time_line_is_drawn_zoomed_and_read_by_keyboard(alice):  # noqa: F811
    """Bars by state; dragging sets the range; its table holds each stretch."""
    alice.goto("/alerts/")
    drawn(alice)
    expect(alice.locator("#chart-history .trace.bars .point path")).to_have_count(3)
    alice.locator("#chart-history summary").focus()
    alice.keyboard.press("Enter")
    rows = alice.locator("#chart-history tbody tr")
    expect(rows).to_have_count(4)
    assert rows.first.locator("td").all_text_contents()[0] == "firing"
    box = alice.locator("#chart-history .plot .nsewdrag").first.bounding_box()
    y = box["y"] + box["height"] / 2
    alice.mouse.move(box["x"] + box["width"] * 0.8, y)
    alice.mouse.down()
    alice.mouse.move(box["x"] + box["width"] * 0.95, y, steps=6)
    alice.mouse.up()
    alice.wait_for_url("**from=**")
    drawn(alice)
    alice.get_by_role("link", name="Zoom out").click()
    alice.wait_for_url(lambda url: "from=" not in url)


@pytest.mark.usefixtures("work")
def test_an_alarm_that_ends_is_seen_without_reloading(alice):  # noqa: F811
    """Tile, table and time line follow."""
    alice.goto("/alerts/")
    drawn(alice)
    expect(number(alice, "firing")).to_have_text("1")
    rule = AlertRule.objects.get(name="contacts")
    rule.transitions.create(at=last_minute() - MINUTE, phase=Phase.OK)
    rule.state.phase, rule.state.alarm_since = Phase.OK, None
    rule.state.save()
    alice.evaluate(POLL)
    expect(number(alice, "firing")).to_have_text("0")
    expect(alice.locator("#listing-rules tbody tr").first.locator("td").first).to_have_text("ok")
    expect(alice.locator("#chart-history tbody tr")).to_have_count(5)
