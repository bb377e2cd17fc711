"""Who sees the overview, what it says, and how little a poll costs."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone

from optimizer.domain.series import MINUTE, floor
from tests.metrics.factories import MinuteTallyFactory, SnapshotRunFactory

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
    return floor(timezone.now(), MINUTE) - MINUTE


@pytest.fixture
def traffic(minute):
    """Three hits and one miss in the last closed minute, and nothing in the one before."""
    SnapshotRunFactory(minute=minute - MINUTE, keys=0, ran_at=timezone.now())
    SnapshotRunFactory(minute=minute, keys=3, ran_at=timezone.now())
    MinuteTallyFactory(minute=minute, outcome="hit", count=3)
    MinuteTallyFactory(minute=minute, outcome="miss", count=1)
    MinuteTallyFactory(minute=minute, step="sent", outcome="ok", count=1)


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
    assert b"This page is for staff" in response.content
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
    for volatile in ("age_seconds", "tiles"):
        assert page.pop(volatile)
        assert data.pop(volatile)
    assert page == data


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
    late = timezone.now() + timedelta(seconds=1)
    SnapshotRunFactory(minute=minute - 30 * MINUTE, ran_at=late)
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


@pytest.mark.parametrize(("range_", "points"), [("1h", 60), ("6h", 72), ("24h", 96), ("7d", 168)])
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
    SnapshotRunFactory(minute=minute, keys=0, ran_at=timezone.now())
    assert alice.get(DATA).json()["notice"]["kind"] == "quiet"


@pytest.mark.usefixtures("traffic")
@pytest.mark.parametrize("range_", ["1h", "7d"])
def test_a_stopped_beat_is_said_and_is_news(alice, monkeypatch, range_):
    """Three minutes later, with nothing new stored, page and poll both warn."""
    etag = alice.get(DATA, {"range": range_})["ETag"]
    later = timezone.now() + timedelta(minutes=3)
    monkeypatch.setattr("dashboard.views.timezone.now", lambda: later)
    news = alice.get(DATA, {"range": range_}, headers={"If-None-Match": etag})
    assert news.json()["notice"]["kind"] == "stalled"
    assert 'data-notice="stalled" role="alert">' in alice.get("/").content.decode()


@pytest.mark.usefixtures("traffic")
def test_the_page_costs_few_queries(alice, django_assert_max_num_queries):
    """However much is stored: who asks, how new the data is, and the two sums."""
    with django_assert_max_num_queries(8):
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

    monkeypatch.setattr("dashboard.views.selectors.freshness", fail)
    alice.raise_request_exception = False
    response = alice.get("/")
    assert response.status_code == 500
    assert b"went wrong on our side" in response.content
    assert b"secret inside" not in response.content


def test_the_login_page_says_when_it_refuses(client):
    """In words, and without telling which of the two was wrong."""
    response = client.post("/login/", {"username": "alice", "password": "wrong"})
    assert b"do not match" in response.content
