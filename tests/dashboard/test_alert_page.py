"""The page of alerts: what fires, what fired when, who is quiet, and whether mails leave."""

import csv
import io
from datetime import timedelta

import plotly.graph_objects as go
import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.utils import timezone

from dashboard.models import ShareLink
from optimizer.domain.rules import Phase
from optimizer.models import AlertRule, BillingProfile, Pulse, Silence, UsageReading
from tests.alerts.factories import AlertRuleFactory, OutboxFactory
from tests.dashboard.traffic import keep, last_minute
from tests.dashboard.work import stood

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_valkey")]
DATA = "/data/alerts"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def alice(client):
    """An operator, signed in."""
    user = get_user_model().objects.create_user("alice", is_staff=True, is_superuser=True)
    client.force_login(user)
    return client


@pytest.fixture
def bob(client):
    """Somebody who may look and change nothing, signed in."""
    user = get_user_model().objects.create_user("bob")
    user.user_permissions.add(Permission.objects.get(codename="view_figures"))
    client.force_login(user)
    return client


@pytest.fixture
def now():
    """The last closed minute, stored; what is drawn ends there."""
    keep(last_minute())
    return last_minute()


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("http://evil.example")']


@pytest.mark.parametrize("name", FORMULAS)
def test_no_cell_of_an_export_is_a_formula(alice, now, name):
    """A rule is called what somebody typed, and somebody else opens the file."""
    rule = AlertRuleFactory(name=name)
    stood(rule, (now - 9 * MINUTE, Phase.FIRING))
    text = alice.get(f"{DATA}/history.csv").content.decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["row"] for row in rows} == {f"'{name}"}
    found = alice.get(f"{DATA}/history.json").json()["columns"]["row"]
    assert set(found) == {name}


@pytest.fixture
def rules(now):
    """One fires, one fired earlier and recovers, one is off."""
    fires = AlertRuleFactory(name="fires")
    stood(fires, (now - 9 * HOUR, Phase.OK), (now - 50 * MINUTE, Phase.PENDING),
          (now - 45 * MINUTE, Phase.FIRING))  # fmt: skip
    waits = AlertRuleFactory(
        name="waits", metric="pool_waiting", relation="", direction="above", fire_at=200,
        recover_at=100,
    )  # fmt: skip
    stood(waits, (now - 30 * HOUR, Phase.FIRING), (now - 20 * HOUR, Phase.RECOVERING))
    AlertRuleFactory(name="a rule that is off", enabled=False)


def tiles(browser, path=DATA):
    """Each tile's figure and note."""
    return {t["id"]: (t["number"], t["note"]) for t in browser.get(path).json()["tiles"]}


def rows(browser, id_, path=DATA):
    """The rows of a listing, as their texts."""
    found = next(one for one in browser.get(path).json()["listings"] if one["id"] == id_)
    return [[cell["text"] for cell in row] for row in found["rows"]]


def columns(browser, path):
    """The values of an export."""
    return browser.get(f"{DATA}/{path}").json()["columns"]


@pytest.mark.usefixtures("rules")
def test_what_fires_is_first_and_named(alice):
    """Two alarms are open, one of them about to end."""
    assert tiles(alice)["firing"] == ("2", "fires, waits")
    assert tiles(alice)["rules"] == ("2", "of 3")
    shown = rows(alice, "rules")
    assert [row[:2] for row in shown] == [
        ["fires", "firing"], ["waits", "recovering, alarm open"], ["a rule that is off", "off"],
    ]  # fmt: skip
    assert shown[0][3] == "hit rate of api.contacts, over 1 min"
    assert shown[0][4:7] == ["41.5 %", "120", "below 60 % for 2 min, over at 70 %"]
    assert shown[1][4:7] == ["41.5 ms", "120", "above 200 ms for 2 min, over at 100 ms"]


@pytest.mark.usefixtures("rules")
def test_a_rule_is_sorted_like_any_table(alice):
    """By the address."""
    assert rows(alice, "rules", f"{DATA}?sort=rule")[0][0] == "a rule that is off"


@pytest.mark.usefixtures("rules")
def test_the_history_is_drawn_tabled_and_exported_alike(alice, now):
    """Each stretch once, with when it began, ended and how long it was."""
    chart = next(c for c in alice.get(DATA).json()["charts"] if c["id"] == "history")
    assert [row[0]["text"] + " " + row[1]["text"] for row in chart["rows"]] == [
        "fires firing", "fires pending", "fires ok", "waits recovering", "waits firing",
    ]  # fmt: skip
    assert [row[4]["text"] for row in chart["rows"]][1] == "5 min"
    found = columns(alice, "history.json")
    assert found["what"] == ["firing", "pending", "ok", "recovering", "firing"]
    assert found["end"][0] is None
    assert found["start"][1] == (now - 50 * MINUTE).isoformat()
    drawn = go.Figure(chart["figure"])
    bars = {trace.name: list(trace.y) for trace in drawn.data if trace.y}
    assert bars == {"firing": ["fires", "waits"], "pending": ["fires"], "recovering": ["waits"]}


@pytest.mark.usefixtures("rules")
def test_a_stretch_is_drawn_as_far_as_the_range_reaches(alice, now):
    """What began before it begins at its left edge; its length is in milliseconds."""
    chart = next(c for c in alice.get(DATA).json()["charts"] if c["id"] == "history")
    firing = next(t for t in chart["figure"]["data"] if t["name"] == "firing")
    assert firing["base"][0] == f"{now - 45 * MINUTE:%Y-%m-%d %H:%M}"
    assert 44 * 60_000 <= firing["x"][0] <= 61 * 60_000
    assert firing["base"][1] == chart["figure"]["layout"]["xaxis"]["range"][0]


@pytest.mark.usefixtures("rules")
def test_a_rule_that_moves_is_news(alice, now):
    """The open page hears of it by its next poll."""
    etag = alice.get(DATA)["ETag"]
    assert alice.get(DATA, headers={"If-None-Match": etag}).status_code == 304
    rule = AlertRule.objects.get(name="fires")
    rule.transitions.create(at=now, phase=Phase.OK)
    rule.state.phase, rule.state.alarm_since = Phase.OK, None
    rule.state.save()
    news = alice.get(DATA, headers={"If-None-Match": etag})
    assert {t["id"]: t["number"] for t in news.json()["tiles"]}["firing"] == "1"


def test_silences_say_whether_they_hold(alice, now):
    """One now for one rule, one to come for all; one that is long over is not shown."""
    rule = AlertRuleFactory(name="contacts")
    author = get_user_model().objects.get(username="alice")
    one = Silence.objects.create(reason="Deploy", ends_at=timezone.now() + HOUR, author=author)
    one.rules.add(rule)
    later = timezone.now() + 5 * HOUR
    night = {"reason": "Night", "kind": "maintenance"}
    Silence.objects.create(**night, starts_at=later, ends_at=later + HOUR)
    Silence.objects.create(reason="Old", starts_at=now - 90 * HOUR, ends_at=now - 80 * HOUR)
    shown = rows(alice, "silences")
    assert [row[:4] for row in shown] == [
        ["Night", "maintenance", "to come", "all rules"],
        ["Deploy", "silence", "holds", "contacts"],
    ]
    assert shown[1][-1] == "alice"
    assert tiles(alice)["silences"][0] == "1"


def test_mails_that_wait_and_that_were_given_up_are_counted_and_shown(alice, now):
    """With when they are tried next, and what the server said."""
    soon = now + HOUR
    OutboxFactory(created_at=now, attempts=2, next_attempt_at=soon, last_error="refused by it")
    OutboxFactory(created_at=now - HOUR, state="dead", attempts=10, last_error="no such user")
    OutboxFactory(created_at=now - 2 * HOUR, state="sent", attempts=1, sent_at=now - HOUR)
    Pulse.objects.create(name="deliveries", at=timezone.now())
    found = tiles(alice)
    assert found["waiting"] == ("1", "looked after 0 s ago")
    assert found["dead"] == ("1", "after all attempts; 1 sent")
    shown = rows(alice, "mails")
    assert [row[2] for row in shown] == ["waiting", "given up", "sent"]
    assert shown[0][4:] == [f"{soon:%Y-%m-%d %H:%M}", "alice@example.com", "refused by it"]
    assert shown[1][4] == ""


def test_who_may_only_look_learns_no_address_and_no_server(bob, now):
    """Nor holders of a share link, who are anybody: neither page, data nor exports tell."""
    rule = AlertRuleFactory(recipients="secret@example.com")
    state = stood(rule, (now - HOUR, Phase.ERROR))
    state.error = "could not connect to db.internal"
    state.save()
    OutboxFactory(recipient="secret@example.com", last_error="550 at mx.internal", created_at=now)
    for path in ("/alerts/", DATA, f"{DATA}/mails.csv", f"{DATA}/rules.json"):
        text = bob.get(path).content.decode()
        assert "internal" not in text
        assert "secret" not in text
        assert "/admin/" not in text
    assert rows(bob, "rules")[0][1] == "cannot be judged"


def test_who_may_change_rules_is_led_to_them(alice, now):
    """From each rule, and to what can be added."""
    rule = AlertRuleFactory()
    html = alice.get("/alerts/").content.decode()
    assert f"/admin/optimizer/alertrule/{rule.pk}/change/" in html
    assert "/admin/optimizer/silence/add/" in html
    assert "There is no rule yet." not in rows(alice, "rules")


def test_without_a_rule_the_page_says_what_one_is(alice, now):
    """And where to add it."""
    html = alice.get("/alerts/").content.decode()
    assert "There is no rule yet." in html
    assert "A rule watches a figure" in html
    assert "/admin/optimizer/alertrule/add/" in html


def test_a_rule_s_name_is_no_markup(alice, now):
    """Neither in the table nor in the drawing."""
    stood(AlertRuleFactory(name="<b>x</b>"), (now - HOUR, Phase.FIRING))
    assert "<b>x" not in alice.get("/alerts/").content.decode()
    drawn = next(c for c in alice.get(DATA).json()["charts"] if c["id"] == "history")["figure"]
    assert drawn["layout"]["yaxis"]["ticktext"] == ["&lt;b&gt;x&lt;/b&gt;"]
    assert not any("<b>" in text for trace in drawn["data"] for text in trace["text"])


def test_a_share_link_tells_no_name_of_staff(client, now):
    """Neither who silenced what, nor who entered a reading."""
    author = get_user_model().objects.create_user("walter")
    Silence.objects.create(reason="Deploy", ends_at=timezone.now() + HOUR, author=author)
    BillingProfile.objects.create(plan="pro", spend_cap=False)
    UsageReading.objects.create(item="egress", amount=10**9, by=author)
    link = ShareLink(name="board")
    token = link.renew()
    link.save()
    client.get(f"/share/{token}")
    assert rows(client, "silences")[0][0] == "Deploy"
    for path in ("/alerts/", "/cost/", "/data/cost/inputs.json", f"{DATA}/silences.csv"):
        response = client.get(path)
        assert response.status_code == 200
        assert b"walter" not in response.content
