"""`/api/optimization/cost`: the running cycle's figures, from what is stored and what was typed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from optimizer import selectors
from optimizer.domain.tally import Key, Tally
from optimizer.metrics import store
from optimizer.models import BillingProfile, PriceItem, UsageReading

pytestmark = pytest.mark.django_db
GB = 10**9
NOW = datetime(2026, 11, 11, tzinfo=UTC)
HIT = Key("asked", "api.contacts", "read", "hit", "", "l1")
SENT = Key("sent", "api.contacts", "read", "ok")
ADDED = Key("sent", "api.contacts", "read", "ok", "added")


@pytest.fixture
def counted():
    """On the 5th of November: a million hits of 40 kB, and ten added calls of 100 MB in all."""
    minute = datetime(2026, 11, 5, 12, tzinfo=UTC)
    happened = {
        HIT: Tally(1_000_000, received=40 * GB),
        SENT: Tally(100, received=GB),
        ADDED: Tally(10, received=GB // 10),
    }
    store.save(minute, "life", happened, minute + timedelta(seconds=70))
    store.rollup(minute, UTC)


def profile(**values):
    """What is paid."""
    return BillingProfile.objects.create(**{"plan": "pro", "spend_cap": False, **values})


def lines():
    """Item → line."""
    return {line.item: line for line in selectors.cost_of_cycle(NOW).lines}


@pytest.mark.usefixtures("counted")
def test_without_a_reading_there_is_a_range_and_no_forecast():
    """What the engine added is taken off."""
    profile()
    found = selectors.cost_of_cycle(NOW)
    egress = found.lines[0]
    assert egress.avoided == 40 * GB - GB // 10
    assert (egress.low, egress.high) == (Decimal("0.00"), Decimal("3.59"))
    assert found.counted.avoided_calls == 1_000_000 - 110
    assert found.forecasts == []


@pytest.mark.usefixtures("counted")
def test_with_a_reading_the_saving_is_exact_and_a_forecast_is_made():
    """The newest reading of the cycle counts; one of another cycle does not."""
    profile()
    UsageReading.objects.create(item="egress", amount=999 * GB, at=NOW - timedelta(days=20))
    UsageReading.objects.create(item="egress", amount=100 * GB, at=NOW - timedelta(days=1))
    UsageReading.objects.create(item="egress", amount=245 * GB, at=NOW)
    found = selectors.cost_of_cycle(NOW)
    egress = found.lines[0]
    assert egress.used == 245 * GB
    assert egress.low == egress.high == Decimal("3.14")  # (245 + 39.9 - 250) GB * 0.09
    assert found.forecasts == [
        "The egress quota ends on 11 November; without Canvalo on 9 November."
    ]


@pytest.mark.usefixtures("counted")
def test_what_was_avoided_after_the_reading_is_not_set_against_it():
    """Use and avoided bytes are of the same stretch of time."""
    profile()
    UsageReading.objects.create(item="egress", amount=GB, at=datetime(2026, 11, 4, tzinfo=UTC))
    assert lines()["egress"].avoided == 0


@pytest.mark.usefixtures("counted")
def test_logs_need_to_be_told_the_size_of_a_line():
    """It is not published; with it the line says what will be charged from 2027."""
    mine = profile()
    assert lines()["logs"].high is None
    mine.log_line_bytes = 2000
    mine.save()
    found = lines()["logs"]
    assert found.avoided == (1_000_000 - 110) * 2000
    assert found.high == Decimal(0)
    assert "2027-01-01" in found.note


@pytest.mark.usefixtures("counted")
def test_the_newest_price_that_is_valid_counts():
    """A price of tomorrow is not today's."""
    profile()
    UsageReading.objects.create(item="egress", amount=300 * GB, at=NOW)
    old = PriceItem.objects.get(item="egress", plan="pro")
    for as_of, usd in ((NOW.date(), "0.10"), (NOW.date() + timedelta(days=30), "9")):
        PriceItem.objects.create(
            item="egress", plan="pro", unit="byte", quota=old.quota, usd=usd, per=old.per,
            as_of=as_of, source="test",
        )  # fmt: skip
    PriceItem.objects.filter(pk=old.pk).update(as_of=NOW.date() - timedelta(days=1))
    assert lines()["egress"].high == Decimal("3.99")


def test_the_endpoint_says_formula_inputs_and_sources(client, fresh_valkey, settings):
    """As JSON, with dollars as text; for staff only."""
    url = "/api/optimization/cost"
    assert client.get(url).status_code == 401
    client.force_login(get_user_model().objects.create_user("alice", is_staff=True))
    PriceItem.objects.update(as_of=timezone.now().date())
    profile(compute_size="small")
    body = client.get(url).json()
    egress = body["lines"][0]
    assert egress["high"] == "0.00"
    assert "U is not known" in egress["formula"]
    assert any("supabase.com" in one["source"] for one in egress["inputs"])
    assert "micro" in body["compute"]


def test_each_figure_says_how_it_was_worked_out(client, fresh_valkey):
    """What was counted, and when quotas end: formula, inputs, and where each is from."""
    minute = timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=1)
    store.save(minute, "life", {HIT: Tally(10, received=5000), ADDED: Tally(2, received=100)}, NOW)
    store.rollup(minute, UTC)
    day = timezone.localdate(minute).day
    BillingProfile.objects.create(plan="pro", spend_cap=False, cycle_day=day)
    UsageReading.objects.create(item="egress", amount=3000, at=timezone.now())
    client.force_login(get_user_model().objects.create_user("alice", is_staff=True))
    body = client.get("/api/optimization/cost").json()
    figures = {one["name"]: one for one in body["figures"]}
    assert figures["avoided_calls"]["value"] == body["counted"]["avoided_calls"] == 8
    assert figures["avoided_bytes"]["value"] == 4900
    assert figures["avoided_share"]["value"] == 0.8
    inputs = {one["name"]: one["value"] for one in figures["avoided_bytes"]["inputs"]}
    assert (inputs["spared"], inputs["added_bytes"]) == ("5,000", "100")
    (quota,) = body["quotas"]
    assert (quota["item"], quota["reached"], [quota["said"]]) == ("egress", None, body["forecasts"])
    assert "Q / (U + A)" in quota["formula"]
    explained = [*body["figures"], *body["quotas"], *body["lines"]]
    assert all(one["source"] for each in explained for one in each["inputs"])


def test_every_price_has_a_day_and_a_source():
    """The sheet that comes with the product."""
    assert PriceItem.objects.count() == 27
    assert not PriceItem.objects.filter(source="").exists()
