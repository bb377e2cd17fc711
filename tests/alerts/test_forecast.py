"""Forecasts of egress and cost: worked out by hand, and the same in judging and in the preview."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from optimizer.alerts import series
from optimizer.alerts.evaluate import evaluate_all
from optimizer.alerts.forecast import valuer
from optimizer.domain.recency import MINUTE, floor
from optimizer.domain.replay import replay
from optimizer.domain.tally import Key, Tally
from optimizer.metrics import store
from optimizer.models import AlertState, BillingProfile, Notice, PriceItem, UsageReading
from tests.alerts.factories import AlertRuleFactory

pytestmark = pytest.mark.django_db
GB, MB = 10**9, 10**6
DAY = timedelta(days=1)
MARCH = datetime(2026, 3, 1, tzinfo=UTC)  # 31 days
NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)  # 10 days and a half into the cycle
LEFT = 20 * 1440 + 718  # minutes, from two past noon to the end of March


def received(minute, size, calls=10, relation="api.contacts"):
    """A minute in which so many calls were sent, of so many bytes in all."""
    sent = {Key("sent", relation, "read", "ok"): Tally(calls, received=size)}
    store.save(minute, "life", sent, minute + timedelta(seconds=70))
    store.rollup(minute, UTC)


@pytest.fixture
def two_minutes():
    """A megabyte in each of the first two after noon, and three on the second of March."""
    received(MARCH + DAY, 3 * MB)
    received(NOON, MB)
    received(NOON + MINUTE, MB)


def paid(**values):
    """What is paid to Supabase."""
    return BillingProfile.objects.create(**{"plan": "pro", "spend_cap": False, **values})


def rule(metric, relation="", **more):
    """A rule that fires above a figure, over the last two minutes."""
    return AlertRuleFactory.build(
        metric=metric, relation=relation, direction="above", window_minutes=2, **more
    )


def value(metric, relation=""):
    """The figure at two past noon."""
    judged_by = rule(metric, relation, fire_at=1, recover_at=1).as_rule()
    seen = series.observe(judged_by, NOON + 2 * MINUTE, NOON + 3 * MINUTE)
    assert seen.samples in (0, 20)
    return seen.value


@pytest.mark.usefixtures("two_minutes")
def test_egress_is_what_was_received_and_the_rest_of_the_cycle_at_this_pace():
    """5 MB so far, and a megabyte in each minute that is left; of one table likewise."""
    assert value("egress_forecast") == pytest.approx((5 * MB + LEFT * MB) / GB)
    assert value("egress_forecast", "contacts") == value("egress_forecast")
    assert value("egress_forecast", "api.invoices") == 0


@pytest.mark.usefixtures("two_minutes")
def test_the_cycle_is_the_profiles():
    """From the 5th to the 5th: the 3 MB of the second of March are another cycle's."""
    paid(cycle_day=5)
    assert value("egress_forecast") == pytest.approx((2 * MB + (LEFT + 4 * 1440) * MB) / GB)


@pytest.mark.usefixtures("two_minutes")
def test_what_others_use_is_known_from_a_reading_and_goes_on():
    """100 GB in ten days, 3 MB of them ours: the others use as much each day to the end."""
    UsageReading.objects.create(item="egress", amount=100 * GB, at=MARCH + 10 * DAY)
    UsageReading.objects.create(item="egress", amount=999 * GB, at=MARCH - DAY)  # of February
    UsageReading.objects.create(item="egress", amount=999 * GB, at=NOON + DAY)  # not yet
    others = (100 * GB - 3 * MB) / 10 * 31
    assert value("egress_forecast") == pytest.approx((others + 5 * MB + LEFT * MB) / GB)
    # A reading is of the whole organisation and says nothing of one table.
    assert value("egress_forecast", "contacts") == pytest.approx((5 + LEFT) * MB / GB)


@pytest.mark.usefixtures("two_minutes")
def test_cost_is_what_is_above_the_quota_at_the_price():
    """339.5 GB less 250 GB, at 9 cents."""
    paid()
    assert value("cost_forecast") == 0
    UsageReading.objects.create(item="egress", amount=100 * GB + 3 * MB, at=MARCH + 10 * DAY)
    above = 310 + (5 + LEFT) / 1000 - 250  # GB
    assert value("cost_forecast") == pytest.approx(0.09 * above)


@pytest.mark.usefixtures("two_minutes")
def test_a_line_in_the_logs_for_each_call_costs_too_once_it_is_charged():
    """Ten calls a minute of a megabyte a line, the line's size being the profile's."""
    paid(log_line_bytes=MB)
    assert value("cost_forecast") == 0
    PriceItem.objects.filter(item="logs").update(charged_from=None)
    above = (10 * 3 + 10 * LEFT) / 1000 - 5  # GB
    assert value("cost_forecast") == pytest.approx(0.5 * above)


@pytest.mark.usefixtures("two_minutes")
@pytest.mark.parametrize(("plan", "cap"), [("free", False), ("pro", True)])
def test_where_nothing_is_billed_the_cost_is_nothing_and_the_preview_says_why(plan, cap, client):
    """So that nobody waits for an alarm that cannot come."""
    paid(plan=plan, spend_cap=cap)
    UsageReading.objects.create(item="egress", amount=300 * GB, at=MARCH + 10 * DAY)
    assert value("cost_forecast") == 0
    client.force_login(get_user_model().objects.create_superuser("alice", "a@example.com", "pw"))
    dear = AlertRuleFactory(metric="cost_forecast", relation="", direction="above", recover_at=60)
    page = client.get(reverse("admin:optimizer_alertrule_preview", args=[dear.pk]))
    assert "nothing above a quota is billed" in page.content.decode()


def test_without_a_known_minute_there_is_no_forecast():
    """Not zero: nobody knows."""
    assert value("egress_forecast") is None
    assert value("cost_forecast") is None


def test_cost_is_of_the_organisation_and_not_of_a_table():
    """The quota is shared."""
    with pytest.raises(ValidationError, match="not counted by table"):
        rule("cost_forecast", "api.contacts", fire_at=10, recover_at=5).full_clean()


@pytest.mark.usefixtures("fresh_valkey")
@pytest.mark.parametrize("metric", ["egress_forecast", "cost_forecast"])
def test_the_preview_shows_what_the_judging_would_have_seen(metric):
    """Minute by minute, through the end of a cycle, on what was counted before the week too."""
    paid(cycle_day=NOON.day, log_line_bytes=2000)
    PriceItem.objects.filter(item="logs").update(charged_from=None, quota=0)
    PriceItem.objects.filter(item="egress").update(quota=MB)
    UsageReading.objects.create(item="egress", amount=GB, at=NOON - 10 * DAY)
    received(NOON - 9 * DAY, 40 * MB)
    start = NOON - DAY
    for n in range(0, 2 * 1440, 241):
        received(start + n * MINUTE, (n % 7) * MB)
    judged_by = rule(metric, fire_at=1, recover_at=1).as_rule()
    end = start + 2 * DAY
    minutes = series.by_minute(judged_by, start - 2 * MINUTE, end)
    shown = replay(judged_by, minutes, start, end, valuer(judged_by, start, minutes))
    known = [seen for seen in shown.seen if seen.value is not None]
    assert len(known) == len(range(0, 2 * 1440, 241))
    for seen in known:
        fresh = series.observe(judged_by, seen.at, seen.at)
        assert seen.value == pytest.approx(fresh.value)
    assert len({round(seen.value, 6) for seen in known}) > 5


@pytest.mark.usefixtures("fresh_valkey")
def test_a_forecast_above_its_threshold_is_told():
    """In dollars and cents, with the threshold as it was typed."""
    paid()
    UsageReading.objects.create(item="egress", amount=240 * GB, at=MARCH + 10 * DAY)
    AlertRuleFactory(
        name="Bill",
        metric="cost_forecast",
        relation="",
        direction="above",
        fire_at=Decimal("12.50"),
        recover_at=10,
        for_minutes=1,
    )
    for n in range(3):
        received(NOON + n * MINUTE, MB)
        evaluate_all(NOON + (n + 1) * MINUTE + timedelta(seconds=70))
    assert AlertState.objects.get().phase == "firing"
    told = Notice.objects.get().told
    assert told["headline"] == "Bill: cost forecast for the billing cycle is 47.12 US$"
    assert ["Threshold", "above 12.5 US$ for 1 min; recovers at or below 10 US$ for as long"] in (
        told["lines"]
    )


def test_a_week_of_forecasts_is_previewed_in_a_few_statements(django_assert_max_num_queries):
    """However many minutes the week has."""
    paid()
    end = floor(timezone.now(), MINUTE) - 3 * MINUTE
    for n in range(9):
        received(end - n * MINUTE, MB)
    judged_by = rule("cost_forecast", fire_at=1, recover_at=1).as_rule()
    with django_assert_max_num_queries(14):
        minutes = series.by_minute(judged_by, end - 7 * DAY, end)
        replay(judged_by, minutes, end - 7 * DAY, end, valuer(judged_by, end - 7 * DAY, minutes))
