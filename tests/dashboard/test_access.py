"""Who may look and who may change: groups, and links that can be revoked."""

import io
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from canvalo.logs import redact
from dashboard.models import Annotation, ShareLink, hash_of
from dashboard.pages import PAGES
from optimizer.domain.recency import MINUTE
from tests.dashboard.traffic import happened, keep, last_minute

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_valkey")]
DATA = "/data/overview"


def member(group, **more):
    """A browser of somebody in a group."""
    user = get_user_model().objects.create_user(f"{group}-1", **more)
    user.groups.add(Group.objects.get(name=group))
    browser = Client()
    browser.force_login(user)
    return browser


def said(command, *args):
    """What a command prints."""
    out = io.StringIO()
    call_command(command, *args, stdout=out)
    return out.getvalue().strip()


@pytest.fixture
def guest():
    """A browser that came by a share link."""
    browser = Client()
    browser.get(urlsplit(said("sharelink", "board")).path)
    return browser


def test_a_viewer_sees_every_page_and_no_settings():
    """Looking needs neither staff status nor any other right."""
    viewer = member("viewer")
    html = viewer.get("/").content.decode()
    assert "Hit rate" in html
    assert "Settings" not in html
    assert viewer.get(DATA).status_code == 200
    assert viewer.get("/data/overview/calls.csv").status_code == 200
    assert viewer.get("/admin/").status_code == 302


def test_an_operator_changes_settings_and_alerts_and_no_accounts():
    """With staff status, which the admin asks for."""
    operator = member("operator", is_staff=True)
    for path in ("tablesettings/add", "alertrule/add", "enginesetting/add"):
        assert operator.get(f"/admin/optimizer/{path}/").status_code == 200
    assert operator.get("/admin/dashboard/sharelink/add/").status_code == 200
    assert operator.get("/admin/auth/user/").status_code == 403


def test_a_share_link_shows_the_figures_and_nothing_else(guest):
    """All pages, their data and exports; no settings, no API, no admin."""
    keep(last_minute(), happened(hits=3, misses=1))
    for page in PAGES:
        if "<" not in page.path:
            assert guest.get(f"/{page.path}").status_code == 200
    html = guest.get("/").content.decode()
    assert "Read only" in html
    assert "Settings" not in html
    assert "Sign out" not in html
    assert guest.get(DATA).json()["tiles"][0]["number"] == "75.0"
    assert guest.get("/data/overview/calls.csv").status_code == 200
    assert guest.get("/admin/").status_code == 302
    assert guest.get("/api/optimization/stats").status_code == 401
    assert guest.post("/").status_code == 405


def test_a_revoked_link_ends_for_those_who_are_in_already(guest):
    """At their next request, page or poll."""
    assert guest.get("/").status_code == 200
    assert said("sharelink", "board", "--revoke") == "board is revoked"
    assert guest.get("/")["Location"].startswith("/login/")
    assert guest.get(DATA).status_code == 403


@pytest.mark.parametrize("name", ["", "x" * 81])
def test_a_link_is_for_somebody(name):
    """Otherwise nobody knows which to revoke; a long name is no traceback."""
    with pytest.raises(CommandError, match="1 to 80"):
        said("sharelink", name)
    assert not ShareLink.objects.exists()


def test_a_link_ends_by_itself(guest):
    """After its days."""
    ShareLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert guest.get(DATA).status_code == 403


@pytest.mark.parametrize("token", ["nonsense", "cvl_share_", "x" * 3000, "%00"])
def test_a_wrong_link_says_that_it_leads_nowhere(token):
    """With a page that says what to do, and without a session."""
    browser = Client()
    response = browser.get(f"/share/{token}")
    assert response.status_code == 404
    assert b"This link has ended" in response.content
    assert browser.get(DATA).status_code == 403


def test_only_the_hash_of_a_link_is_kept(guest):
    """Who reads the database cannot enter by it, and the session holds no token."""
    link = said("sharelink", "press")
    token = link.rpartition("/")[2]
    row = ShareLink.objects.get(name="press")
    assert row.hash == hash_of(token)
    assert token not in redact(f"GET {link} 302")
    assert token not in str(vars(row))
    assert list(guest.session.values()) == [ShareLink.objects.get(name="board").pk]


def test_the_admin_shows_a_link_once_and_can_revoke_it():
    """Made by a click, used, ended by a click."""
    admin = Client()
    admin.force_login(get_user_model().objects.create_superuser("root"))
    made = admin.post("/admin/dashboard/sharelink/add/", {"name": "team"}, follow=True)
    token = made.content.decode().partition("/share/")[2].split("<")[0].split()[0]
    browser = Client()
    assert browser.get(f"/share/{token}").status_code == 302
    again = admin.get("/admin/dashboard/sharelink/").content.decode()
    assert token not in again
    row = ShareLink.objects.get(name="team")
    revoked = {"action": "revoke", "_selected_action": [row.pk]}
    admin.post("/admin/dashboard/sharelink/", revoked)
    assert browser.get(DATA).status_code == 403


def test_a_second_link_of_the_same_name_is_refused():
    """Otherwise nobody could say which one to revoke."""
    said("sharelink", "board")
    with pytest.raises(CommandError, match="exists"):
        said("sharelink", "board")


@pytest.mark.parametrize("days", ["0", "-1", "99999"])
def test_a_link_ends_within_ten_years(days):
    """Not before it begins, nor never by accident."""
    with pytest.raises(CommandError, match="days"):
        said("sharelink", "board", "--days", days)


def test_an_annotation_stands_on_the_charts(guest):
    """A deploy, with its time and its words."""
    minute = last_minute()
    keep(minute, happened(hits=3, misses=1))
    before = guest.get(DATA)["ETag"]
    said("annotate", "Shop <1.4>", "--at", f"{minute:%Y-%m-%dT%H:%M}")
    news = guest.get(DATA, headers={"If-None-Match": before}).json()
    assert [(m["kind"], m["text"]) for m in news["marks"]] == [("deploy", "Shop <1.4>")]
    for chart in news["charts"]:
        assert chart["figure"]["layout"]["annotations"][-1]["text"] == "A"
    assert "Shop &lt;1.4&gt;" in guest.get("/").content.decode()


def test_more_than_the_alphabet_has_letters_for_is_said(guest):
    """The newest are marked, and the page does not pretend that they are all."""
    minute = last_minute()
    keep(minute, happened(hits=3, misses=1))
    for n in range(27):
        assert guest.get(DATA).json()["more_marks"] is False
        Annotation.objects.create(at=minute - n * MINUTE, text=f"Deploy {n}")
    news = guest.get(DATA).json()
    assert news["more_marks"] is True
    assert len(news["marks"]) == 26
    assert "Deploy 26" not in {mark["text"] for mark in news["marks"]}


def test_a_share_link_does_not_tell_who_works_here(guest):
    """What was changed is said, and to those with an account by whom."""
    minute = last_minute()
    keep(minute, happened(hits=3, misses=1))
    vera = get_user_model().objects.create_user("vera", is_staff=True)
    Annotation.objects.create(at=minute, text="Moved", by=vera)
    signed_in = Client()
    signed_in.force_login(vera)
    told = [browser.get(DATA).json()["marks"][0] for browser in (signed_in, guest)]
    assert [(mark["text"], mark["by"]) for mark in told] == [("Moved", "vera"), ("Moved", "")]


@pytest.mark.parametrize(("text", "at"), [("", None), ("x" * 201, None), ("x", "yesterday")])
def test_an_annotation_that_says_nothing_is_refused(text, at):
    """No words, too many, or at no time."""
    with pytest.raises(CommandError):
        said("annotate", text, *(["--at", at] if at else []))
    assert not Annotation.objects.exists()


def test_an_annotation_is_now_and_a_deploy_if_nothing_else_is_said():
    """What a script that deploys would say."""
    said("annotate", "Shop 1.5")
    row = Annotation.objects.get()
    assert row.kind == "deploy"
    assert timezone.now() - row.at < timedelta(minutes=1)
