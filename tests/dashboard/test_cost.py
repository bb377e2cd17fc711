"""The page of the billing cycle: the API's figures, each with its formula, inputs and sources."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from optimizer.domain.tally import Key, Tally
from optimizer.models import BillingProfile, PriceItem, SupabaseCalls, UsageReading
from tests.dashboard.traffic import happened, keep, last_minute

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_valkey")]
DATA = "/data/cost"
GB = 10**9
HOUR = timedelta(hours=1)


@pytest.fixture
def alice(client):
    """A superuser, signed in."""
    user = get_user_model().objects.create_user("alice", is_staff=True, is_superuser=True)
    client.force_login(user)
    return client


@pytest.fixture(autouse=True)
def traffic():
    """Hits that spared 40 GB, in the hour that holds the last closed minute."""
    spared = {Key("asked", "api.contacts", "read", "hit", "", "l1"): Tally(1000, received=40 * GB)}
    keep(last_minute(), spared, happened(misses=50))


def profile(**values):
    """What is paid."""
    return BillingProfile.objects.create(**{"plan": "pro", "spend_cap": False, **values})


def tiles(browser):
    """Each tile's figure, with its unit and note."""
    return {tile["id"]: tile for tile in browser.get(DATA).json()["tiles"]}


def columns(browser, id_):
    """The values of a listing's export."""
    return browser.get(f"{DATA}/{id_}.json").json()["columns"]


def test_the_page_s_figures_are_the_api_s(alice):
    """What was avoided, of how much, worth what; each to the cent."""
    profile(log_line_bytes=900)
    UsageReading.objects.create(item="egress", amount=245 * GB, at=timezone.now())
    api = alice.get("/api/optimization/cost").json()
    found, lines = tiles(alice), columns(alice, "lines")
    counted, (egress, logs) = api["counted"], api["lines"]
    assert found["avoided-calls"]["number"] == f"{counted['avoided_calls']:,}"
    assert found["quota"]["number"] == f"{100 * egress['share']:.1f}"
    assert found["saved"]["number"] == f"{Decimal(egress['low']) + Decimal(logs['low']):,.2f}"
    for name in ("item", "avoided", "used", "quota", "share", "left", "formula", "note"):
        assert lines[name] == [egress[name], logs[name]]
    assert lines["low_usd"] == [egress["low"], logs["low"]]
    assert lines["high_usd"] == [egress["high"], logs["high"]]


def test_each_figure_has_its_formula_and_inputs_with_their_sources(alice):
    """The same as the API's: of each item, of what was counted, and of each forecast."""
    profile()
    UsageReading.objects.create(item="egress", amount=245 * GB, at=timezone.now())
    api = alice.get("/api/optimization/cost").json()
    shown, workings = columns(alice, "inputs"), columns(alice, "workings")
    explained = [*api["lines"], *api["figures"], *api["quotas"]]
    inputs = [one for figure in explained for one in figure["inputs"]]
    assert shown["input"] == [one["name"] for one in inputs]
    assert shown["source"] == [one["source"] for one in inputs]
    assert any("supabase.com/pricing" in source for source in shown["source"])
    assert workings["formula"] == [one["formula"] for one in [*api["figures"], *api["quotas"]]]
    assert workings["value"][:3] == [one["value"] for one in api["figures"]]
    assert workings["value"][3][:10] == api["quotas"][0]["reached"][:10]


def test_without_a_reading_the_worth_is_a_range_and_the_page_says_how_to_narrow_it(alice):
    """With a link for whoever may enter one."""
    profile()
    saved = tiles(alice)["saved"]
    assert saved["number"] == "0.00 to 3.60"
    assert saved["note"] == "a range, since the use is not known"
    html = alice.get("/cost/").content.decode()
    assert "enter what Supabase&#x27;s usage page says" in html
    assert "/admin/optimizer/usagereading/add/" in html


def test_with_a_reading_the_worth_is_one_amount_and_the_quota_s_end_is_said(alice):
    """As the API says it."""
    profile()
    UsageReading.objects.create(item="egress", amount=249 * GB, at=timezone.now())
    (said,) = alice.get("/api/optimization/cost").json()["forecasts"]
    saved = tiles(alice)["saved"]
    assert saved["number"] == "3.51"
    assert saved["note"] == "marginal, by the formula below"
    assert said in alice.get("/cost/").content.decode()
    end = tiles(alice)["quota-end"]
    assert f"{end['number']} {end['unit']}" in said


def test_under_the_spend_cap_nothing_is_called_dollars(alice):
    """What is saved is headroom."""
    profile(spend_cap=True)
    saved = tiles(alice)["saved"]
    assert (saved["number"], "headroom" in saved["note"]) == ("0.00", True)


def test_a_new_price_and_a_new_reading_are_news(alice):
    """Without any new traffic."""
    profile()
    etag = alice.get(DATA)["ETag"]
    UsageReading.objects.create(item="egress", amount=249 * GB, at=timezone.now())
    news = alice.get(DATA, headers={"If-None-Match": etag})
    assert news.status_code == 200
    PriceItem.objects.filter(item="egress", plan="pro").update(usd="1")
    again = alice.get(DATA, headers={"If-None-Match": news["ETag"]})
    assert next(t for t in again.json()["tiles"] if t["id"] == "saved")["number"] == "39.00"


def test_the_price_sheet_names_its_day_and_source(alice):
    """Of the plan that is paid, and of no other."""
    profile(plan="team")
    sheet = columns(alice, "prices")
    egress = sheet["item"].index("egress")
    price = PriceItem.objects.get(item="egress", plan="team")
    assert sheet["quota"][egress] == price.quota
    assert sheet["as_of"][egress] == f"{price.as_of}"
    assert sheet["source"][egress] == price.source
    assert Decimal(sheet["usd"][sheet["item"].index("plan")]) == 599


def test_supabase_s_own_count_is_drawn_beside_ours(alice):
    """Once it was fetched; before, the page says how to have it fetched."""
    profile()
    assert "SUPABASE_MANAGEMENT_TOKEN" in alice.get("/cost/").content.decode()
    hour = last_minute().replace(minute=0)
    for n, rest in enumerate((5123, 4000)):
        SupabaseCalls.objects.create(
            at=hour - n * HOUR, rest=rest, auth=3, storage=1, realtime=0, fetched_at=hour + 2 * HOUR
        )
    api = alice.get("/api/optimization/cost").json()["calls"]
    shown = columns(alice, "supabase-calls")
    assert shown["by_supabase"] == [point["theirs"] for point in api["points"]]
    assert shown["sent_from_here"] == [point["ours"] for point in api["points"]]
    assert sum(shown["by_supabase"]) == api["theirs"]
    html = alice.get("/cost/").content.decode()
    assert api["note"] in html
    assert "SUPABASE_MANAGEMENT_TOKEN" not in html


def test_a_poll_without_news_is_304_although_time_goes_on(alice):
    """The moment up to which was counted is no news."""
    profile()
    etag = alice.get(DATA)["ETag"]
    assert alice.get(DATA, headers={"If-None-Match": etag}).status_code == 304


def test_compute_is_said_in_words_and_not_added_up(alice):
    """The API's very words."""
    profile(compute_size="medium")
    said = alice.get("/api/optimization/cost").json()["compute"]
    assert "only a trial under your load can tell" in said
    assert said in alice.get("/cost/").content.decode()


def test_a_range_of_minutes_is_too_short_for_a_bill(alice):
    """A link from another page opens the shortest range that makes sense here."""
    body = alice.get(f"{DATA}?range=1h").json()
    assert body["range"] == "7d"
    assert alice.get(f"{DATA}?range=90d").json()["range"] == "90d"


def test_who_may_not_change_prices_is_given_no_link_to_them(client, alice):
    """A viewer sees the figures alone."""
    profile()
    bob = get_user_model().objects.create_user("bob")
    bob.user_permissions.add(_look())
    client.force_login(bob)
    html = client.get("/cost/").content.decode()
    assert "Worth in this cycle" in html
    assert "/admin/" not in html


def _look():
    from django.contrib.auth.models import Permission

    return Permission.objects.get(codename="view_figures")
