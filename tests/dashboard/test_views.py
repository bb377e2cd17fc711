"""Who sees the overview, what it says, and how little a poll costs."""

import csv
import io
import json
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone

from optimizer.domain.recency import MINUTE
from optimizer.models import Notice, SettingsChange
from tests.alerts.factories import AlertRuleFactory
from tests.dashboard.traffic import happened, keep, last_minute

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_valkey")]
DATA = "/data/overview"


@pytest.fixture
def alice(client):
    """A member of staff, signed in."""
    user = get_user_model().objects.create_user("alice", password="pw", is_staff=True)
    client.force_login(user)
    return client


@pytest.fixture
def minute():
    """The last closed minute."""
    return last_minute()


@pytest.fixture
def traffic(minute):
    """Three hits and one miss in the last closed minute, and nothing in the one before."""
    keep(minute - MINUTE)
    keep(minute, happened(hits=3, misses=1))


def test_strangers_are_sent_to_the_login_and_come_back(client):
    """After signing in one is where one wanted to go, range and all."""
    response = client.get("/?range=6h")
    assert response.status_code == 302
    assert response["Location"] == "/login/?next=/%3Frange%3D6h"


def test_users_who_are_not_staff_are_told_why(client):
    """A clear page with 403, without a figure on it."""
    client.force_login(get_user_model().objects.create_user("bob", password="pw"))
    response = client.get("/")
    assert response.status_code == 403
    assert b"This page is not for this account" in response.content
    assert b"Hit rate" not in response.content


def test_superusers_see_it_too(client):
    """Even one who is not marked as staff."""
    user = get_user_model().objects.create_user("carol", password="pw", is_superuser=True)
    client.force_login(user)
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("path", ["/", DATA])
def test_nobody_else_gets_a_figure(client, path):
    """Neither the page nor its data, with no session and with an account that was closed."""
    assert client.get(path).status_code in (302, 403)
    user = get_user_model().objects.create_user("dave", is_staff=True)
    client.force_login(user)
    user.is_active = False
    user.save()
    assert client.get(path).status_code in (302, 403)


@pytest.mark.usefixtures("traffic")
def test_the_page_says_what_is_stored(alice):
    """Tiles and table stand in the HTML, without any script."""
    html = alice.get("/").content.decode()
    assert '<span class="number">75.0</span>' in html
    assert "3 of 4 cacheable reads" in html
    assert "75.0 %" in html
    assert "75.0 % of those asked" in html


@pytest.mark.usefixtures("traffic")
def test_the_data_are_those_of_the_page(alice):
    """The script starts from what a poll would bring."""
    html = alice.get("/").content.decode()
    inside = html.split('type="application/json">')[1].split("</script>")[0]
    page, data = json.loads(inside), alice.get(DATA).json()
    assert page.pop("data").startswith(DATA)
    assert page.pop("age_seconds") <= data.pop("age_seconds")
    for here, there in zip(page.pop("charts"), data["charts"], strict=True):
        for trace in here["figure"]["data"]:
            trace["x"] = here["x"]  # all traces share their places
        assert here["figure"] == there["figure"]
    assert page == {name: data[name] for name in page}


@pytest.mark.usefixtures("traffic")
def test_a_poll_without_news_is_answered_304(alice):
    """No body, and the same version."""
    etag = alice.get(DATA)["ETag"]
    again = alice.get(DATA, headers={"If-None-Match": etag})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)


@pytest.mark.usefixtures("traffic")
def test_a_new_snapshot_is_news(alice, minute):
    """Also when it stores again a minute that was known: something came late."""
    etag = alice.get(DATA)["ETag"]
    keep(minute - 30 * MINUTE, ran_at=timezone.now() + timedelta(seconds=1))
    assert alice.get(DATA, headers={"If-None-Match": etag}).status_code == 200


@pytest.mark.usefixtures("traffic")
def test_each_range_has_its_own_version(alice):
    """An answer for one range is never taken for another's."""
    versions = {alice.get(DATA, {"range": r})["ETag"] for r in ("1h", "6h", "24h", "7d")}
    assert len(versions) == 4


@pytest.mark.usefixtures("traffic")
def test_answers_are_for_this_reader_only(alice):
    """No shared cache may keep them."""
    for path in ("/", DATA):
        assert "private" in alice.get(path)["Cache-Control"]


@pytest.mark.parametrize(("asked", "shown"), [("6h", "6h"), ("7d", "7d"), ("9y", "1h"), ("", "1h")])
def test_the_range_is_in_the_address(alice, asked, shown):
    """One that does not exist is the default, not an error."""
    assert alice.get(DATA, {"range": asked}).json()["range"] == shown


RANGES = [
    ("1h", 60), ("6h", 72), ("24h", 96), ("7d", 168), ("30d", 240), ("90d", 90), ("1y", 365),
]  # fmt: skip


@pytest.mark.parametrize(("range_", "points"), RANGES)
def test_every_range_is_drawn_whole(alice, traffic, range_, points):
    """A bounded number of points, none cut off; the sums are the same in all."""
    data = alice.get(DATA, {"range": range_}).json()
    asked = data["charts"][1]["figure"]["data"][0]["y"]
    assert len(asked) == points
    assert sum(filter(None, asked)) == 4


@pytest.mark.usefixtures("traffic")
def test_known_silence_and_missing_data_differ(alice):
    """The minute before was silent; the one before that is not known."""
    y = alice.get(DATA).json()["charts"][1]["figure"]["data"][0]["y"]
    assert y[-3:] == [None, 0, 4]


def test_an_empty_installation_says_what_to_do_next(alice):
    """A first visit is not a dead end."""
    html = alice.get("/").content.decode()
    assert 'data-notice="waiting">' in html
    assert "manage.py devtoken alice" in html


def test_a_range_without_requests_says_so(alice, minute):
    """Snapshots run, but nobody asked."""
    keep(minute)
    assert alice.get(DATA).json()["notice"]["kind"] == "quiet"


@pytest.mark.usefixtures("traffic")
@pytest.mark.parametrize("range_", ["1h", "7d"])
def test_a_stopped_beat_is_said_and_is_news(alice, monkeypatch, range_):
    """Three minutes later, with nothing new stored, page and poll both warn."""
    etag = alice.get(DATA, {"range": range_})["ETag"]
    later = timezone.now() + timedelta(minutes=3)
    monkeypatch.setattr("dashboard.scenes.timezone.now", lambda: later)
    news = alice.get(DATA, {"range": range_}, headers={"If-None-Match": etag})
    assert news.json()["notice"]["kind"] == "stalled"
    assert 'data-notice="stalled" role="alert">' in alice.get("/").content.decode()


@pytest.mark.usefixtures("traffic")
def test_the_page_costs_few_queries(alice, django_assert_max_num_queries):
    """However much is stored: who asks, how new the data is, and the two sums."""
    with django_assert_max_num_queries(12):
        alice.get("/?range=7d")


def test_the_overview_has_the_root_address():
    """The login leads there."""
    assert reverse("dashboard:overview") == "/"


@pytest.mark.parametrize("path", ["/nowhere", "/data/nowhere"])
def test_a_missing_page_is_ours(client, path, settings):
    """With a way back."""
    settings.DEBUG = False
    response = client.get(path)
    assert response.status_code == 404
    assert b"There is nothing here" in response.content


def test_a_failure_is_told_without_its_cause(alice, monkeypatch):
    """The page stands even where nothing else does, and shows no inside."""

    def fail():
        raise RuntimeError("secret inside")

    monkeypatch.setattr("dashboard.scenes.selectors.freshness", fail)
    alice.raise_request_exception = False
    response = alice.get("/")
    assert response.status_code == 500
    assert b"went wrong on our side" in response.content
    assert b"secret inside" not in response.content


def test_the_login_page_says_when_it_refuses(client):
    """In words, and without telling which of the two was wrong."""
    response = client.post("/login/", {"username": "alice", "password": "wrong"})
    assert b"do not match" in response.content


EXPORT = "/data/overview/calls"


@pytest.mark.usefixtures("traffic")
def test_csv_and_json_are_what_the_table_shows(alice):
    """Point for point, in the same zone; what is unknown is empty."""
    rows = list(csv.DictReader(io.StringIO(alice.get(f"{EXPORT}.csv").content.decode())))
    columns = alice.get(f"{EXPORT}.json").json()["columns"]
    chart = next(c for c in alice.get(DATA).json()["charts"] if c["id"] == "calls")
    assert (rows[-1]["asked"], rows[-1]["sent"], rows[0]["asked"]) == ("4", "1", "")
    assert columns["asked"] == chart["figure"]["data"][0]["y"]
    assert len(rows) == len(columns["start"]) == len(chart["rows"]) == 60
    assert rows[-1]["start"] == columns["start"][-1]


@pytest.mark.usefixtures("traffic")
def test_an_export_has_the_state_of_the_page(alice, minute):
    """Bytes, compared, of a range of one's own."""
    where = f"?from={minute - 9 * MINUTE:%Y-%m-%dT%H:%M}&to={minute + MINUTE:%Y-%m-%dT%H:%M}"
    found = alice.get(f"{EXPORT}.json{where}&unit=bytes&compare=previous").json()["columns"]
    assert len(found["start"]) == 10
    assert found["received_b"][-1] == 500
    assert len(found["needed_period_before_b"]) == 10


def test_an_export_of_nothing_is_not_found(alice):
    """A chart that does not exist."""
    assert alice.get("/data/overview/nothing.csv").status_code == 404


@pytest.mark.usefixtures("traffic")
def test_the_state_is_in_every_link_of_the_page(alice):
    """Whoever compares bytes goes on doing so with another range."""
    html = alice.get("/?range=6h&unit=bytes&compare=previous").content.decode()
    assert "?range=24h&amp;compare=previous&amp;unit=bytes" in html
    assert "data/overview/calls.csv?range=6h&amp;compare=previous&amp;unit=bytes" in html
    assert 'aria-checked="true"' in html


@pytest.mark.usefixtures("traffic")
@pytest.mark.parametrize(
    "query",
    [
        "range=&from=x&to=y", "from=2026-01-01", "from=2026-01-02&to=2026-01-01", "unit=stones",
        "from=0001-01-01&to=9999-12-31", "compare=1&sort=%00", "from=1700-01-01&to=1700-01-02",
        "range=1y&from=2026-01-01T00:00%2B99:99&to=2026-01-02",
        "from=0001-01-01T00:00%2B23:59&to=2026-01-01", "from=2026-01-01&to=9999-12-31T23:59-23:59",
    ],
)  # fmt: skip
def test_an_address_that_makes_no_sense_shows_the_default(alice, query):
    """An old or mistyped link opens all the same."""
    assert alice.get(f"/?{query}").status_code == 200
    assert alice.get(f"{DATA}?{query}").status_code == 200


@pytest.mark.usefixtures("traffic")
def test_a_changed_setting_is_marked_and_is_news(alice):
    """With who and what, on page and poll."""
    etag = alice.get(DATA)["ETag"]
    alice_user = get_user_model().objects.get(username="alice")
    at = last_minute() - 5 * MINUTE
    SettingsChange.objects.create(
        at=at, by=alice_user, subject="api.contacts", name="ttl_seconds", before="60", after="300"
    )
    news = alice.get(DATA, headers={"If-None-Match": etag})
    (mark,) = news.json()["marks"]
    assert (mark["letter"], mark["by"]) == ("A", "alice")
    assert mark["text"] == "api.contacts ttl_seconds: 60 → 300"
    assert "60 → 300" in alice.get("/").content.decode()


@pytest.mark.usefixtures("traffic")
def test_the_page_goes_over_the_wire_compressed(alice):
    """A year of points is repetitive."""
    headers = {"Accept-Encoding": "gzip"}
    assert alice.get("/", headers=headers)["Content-Encoding"] == "gzip"
    etag = alice.get(DATA, headers=headers)["ETag"]
    again = alice.get(DATA, headers={**headers, "If-None-Match": etag})
    assert again.status_code == 304


@pytest.mark.usefixtures("traffic")
def test_an_alert_is_marked_once_however_many_were_told(alice):
    """When it fired and when it was over; reminders and trials are no news about the traffic."""
    rule, at = AlertRuleFactory(name="Contacts"), last_minute() - 9 * MINUTE
    turns = (("fired", 0), ("reminder", 2), ("test", 3), ("resolved", 5))
    for event, later in turns:
        for who in ("ada@example.com", "bo@example.com"):
            Notice.objects.create(
                key=f"{event}{who}", rule=rule, recipient=who, event=event, told={},
                created_at=at + later * MINUTE,
            )  # fmt: skip
    marks = alice.get(DATA).json()["marks"]
    assert [(m["kind"], m["text"]) for m in marks] == [
        ("alert", "Contacts: fires"),
        ("alert", "Contacts: is over"),
    ]
    assert "ada@example.com" not in alice.get("/").content.decode()


@pytest.mark.usefixtures("traffic")
@pytest.mark.parametrize("relation", ["", "api.contacts"])
@pytest.mark.parametrize("range_", ["1h", "7d"])
def test_the_numbers_of_a_page_are_the_api_s(alice, relation, range_):
    """Of everything, and of one table; what is drawn and what is told in all."""
    where = {"range": range_, "relation": relation}
    api = alice.get("/api/optimization/series", where).json()
    path = f"/data/tables/{relation}" if relation else DATA
    data = alice.get(path, {"range": range_}).json()
    tiles = {tile["id"]: tile["number"] for tile in data["tiles"]}
    for name in ("asked", "sent", "avoided"):
        assert tiles[name] == f"{api['totals'][name]:,}"
    calls = next(c for c in data["charts"] if c["id"] == "calls")["figure"]["data"]
    assert [trace["y"] for trace in calls] == [api["columns"]["asked"], api["columns"]["sent"]]
    rate = next(c for c in data["charts"] if c["id"] == "hit-rate")["figure"]["data"][0]["y"]
    assert rate == [None if r is None else round(100 * r, 1) for r in api["columns"]["hit_rate"]]
