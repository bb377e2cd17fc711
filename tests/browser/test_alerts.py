"""The pages of alerts in a real browser: the warning, the preview, the way out."""

from datetime import UTC, timedelta
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from canvalo import watch as web
from optimizer.alerts import mails, telling, unsubscribe, watch
from optimizer.alerts.telling import Reader, Told
from optimizer.domain.rules import Event, Observation, Rule, Transition
from optimizer.models import Pulse
from tests.alerts.factories import AlertRuleFactory, OutboxFactory
from tests.metrics.factories import MinuteTallyFactory, SnapshotRunFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
MINUTE = timedelta(minutes=1)


def done(at):
    """All recurring work was done at this time."""
    SnapshotRunFactory(minute=at.replace(second=0, microsecond=0), ran_at=at)
    for name in (watch.EVALUATIONS, watch.DELIVERIES):
        watch.beat(name, at)


@pytest.mark.parametrize("path", ["/", "/admin/"])
def test_the_warning_comes_and_goes_without_a_reload(signed_in, server, monkeypatch, path):
    """The page asks by itself; beat and worker stop, and start again."""
    monkeypatch.setattr(web, "STARTED", timezone.now() - 60 * MINUTE)
    done(timezone.now())
    signed_in.clock.install()
    signed_in.goto(f"{server}{path}")
    banner = signed_in.locator("[data-overdue]")
    assert not banner.is_visible()
    Pulse.objects.update(at=timezone.now() - 3 * MINUTE)
    signed_in.clock.run_for(21_000)
    banner.wait_for(state="visible")
    assert "evaluations, deliveries" in banner.inner_text()
    Pulse.objects.update(at=timezone.now())
    signed_in.clock.run_for(21_000)
    banner.wait_for(state="hidden")
    lost = signed_in.locator("[data-undelivered]")
    assert not lost.is_visible()
    OutboxFactory(state="dead", next_attempt_at=timezone.now())
    signed_in.clock.run_for(21_000)
    lost.wait_for(state="visible")
    assert "Given up within a day: 1." in lost.inner_text()


@pytest.mark.parametrize("width", [600, 390])
def test_a_mail_fits_into_the_width_of_its_reader(page, width):
    """Of a mail program's pane and of a phone, however long a table's name is."""
    end = timezone.now()
    turn = Transition(Event.FIRED, end - 5 * MINUTE, end, end)
    long = Rule("api." + 50 * "x", 60, 70, 10 * MINUTE, 5 * MINUTE, 20)
    seen, reader = Observation(end, 41.2, 1230), Reader(UTC, "https://canvalo.example")
    told = telling.turn(Told(60 * "y", "critical", long), seen, turn, end, reader)
    page.set_viewport_size({"width": width, "height": 800})
    page.set_content(mails.compose([told] * 25, ["Held back: 1"], f"https://x.org/{99 * 'z'}").html)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.get_by_role("link", name="Unsubscribe").is_visible()
    assert page.get_by_role("heading").count() == 20


def test_the_preview_is_drawn_and_can_be_read_without_colour(signed_in, server, staff):
    """A drawing with its words, and a table of the alarms."""
    staff.is_superuser = True
    staff.save()
    end = timezone.now().replace(second=0, microsecond=0)
    for n in range(600):
        minute = end - (600 - n) * MINUTE
        SnapshotRunFactory(minute=minute, ran_at=minute + timedelta(seconds=70))
        hits = 3 if 200 <= n < 320 else 8 + n % 2
        MinuteTallyFactory(minute=minute, outcome="hit", count=hits)
        MinuteTallyFactory(minute=minute, outcome="miss", count=10 - hits)
    rule = AlertRuleFactory()
    signed_in.goto(f"{server}/admin/optimizer/alertrule/{rule.pk}/change/")
    signed_in.get_by_role("link", name="Preview over 7 days").click()
    assert signed_in.get_by_text("It would have fired 1 time.").is_visible()
    box = signed_in.get_by_role("img").bounding_box()
    assert box["height"] > 100
    assert signed_in.get_by_role("cell", name="2 h").is_visible()


def test_one_can_leave_by_keyboard_alone(page, server):
    """No script, no login."""
    rule = AlertRuleFactory(name="Contacts")
    page.goto(f"{server}{urlsplit(unsubscribe.link('alice@example.com')).path}")
    choice = page.get_by_label("Send me no more mails of")
    choice.select_option(label=rule.name)
    choice.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("status").wait_for()
    assert "no more mails of “Contacts”" in page.get_by_role("status").inner_text()
