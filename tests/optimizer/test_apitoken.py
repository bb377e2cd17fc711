"""API tokens: shown once, kept as a hash, and refused when revoked or expired."""

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.utils import timezone

from optimizer.models import ApiToken

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_valkey")]


def made(name="grafana"):
    """What the command prints."""
    out = StringIO()
    call_command("apitoken", name, stdout=out)
    return out.getvalue().strip()


def status(client, token):
    """How the statistics answer to this token."""
    url = "/api/optimization/stats"
    return client.get(url, headers={"Authorization": f"Bearer {token}"}).status_code


def test_a_token_opens_the_statistics(client):
    """The one that was printed."""
    assert status(client, made()) == 200


def test_only_its_hash_is_stored():
    """A copy of the database opens nothing."""
    token = made()
    with connection.cursor() as cursor:
        cursor.execute("select row_to_json(t)::text from optimizer_apitoken t")
        ((stored,),) = cursor.fetchall()
    assert token not in stored
    assert token.removeprefix("cvl_") not in stored


def test_its_hash_is_no_token(client):
    """What is stored cannot be shown."""
    made()
    assert status(client, ApiToken.objects.get().hash) == 401


def test_two_tokens_are_two_secrets():
    """And long ones."""
    one, other = made("one"), made("other")
    assert one != other
    assert len(one) >= 40


@pytest.mark.django_db(transaction=True)
def test_a_name_is_used_once():
    """Otherwise nobody knows which to revoke."""
    made()
    with pytest.raises(CommandError, match="exists"):
        made()
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"revoked_at": timezone.now()},
        {"expires_at": timezone.now() - timedelta(seconds=1)},
        {"revoked_at": timezone.now(), "expires_at": timezone.now() + timedelta(days=1)},
    ],
    ids=["revoked", "expired", "revoked before its end"],
)
def test_a_token_that_no_longer_stands_is_refused(client, change):
    """From then on."""
    token = made()
    ApiToken.objects.update(**change)
    assert status(client, token) == 401


def test_a_token_with_an_end_in_the_future_stands(client):
    """Until then."""
    token = made()
    ApiToken.objects.update(expires_at=timezone.now() + timedelta(minutes=1))
    assert status(client, token) == 200


@pytest.mark.parametrize(
    "change", [str.upper, lambda t: t[:-1], lambda t: t + "A", lambda t: "x" + t]
)
def test_almost_a_token_is_none(client, change):
    """Neither shorter nor longer nor in other letters."""
    assert status(client, change(made())) == 401


def test_an_operator_revokes_in_the_admin(client):
    """And cannot see, make or change one there."""
    token = made()
    client.force_login(get_user_model().objects.create_superuser("root"))
    page = client.get("/admin/optimizer/apitoken/")
    assert token not in page.content.decode()
    assert client.get("/admin/optimizer/apitoken/add/").status_code == 403
    pk = ApiToken.objects.get().pk
    client.post("/admin/optimizer/apitoken/", {"action": "revoke", "_selected_action": [pk]})
    assert ApiToken.objects.get().revoked_at is not None
    client.logout()
    assert status(client, token) == 401


def test_staff_without_the_right_cannot_revoke(client):
    """Looking is another right."""
    made()
    staff = get_user_model().objects.create_user("bob", is_staff=True)
    staff.user_permissions.add(Permission.objects.get(codename="view_apitoken"))
    client.force_login(staff)
    pk = ApiToken.objects.get().pk
    client.post("/admin/optimizer/apitoken/", {"action": "revoke", "_selected_action": [pk]})
    assert ApiToken.objects.get().revoked_at is None


def test_a_token_of_another_scope_is_told_what_it_is_for(client):
    """It stands, and opens only what it was made for."""
    out = StringIO()
    call_command("apitoken", "prometheus", "--scope", "metrics", stdout=out)
    answer = client.get(
        "/api/optimization/stats", headers={"Authorization": f"Bearer {out.getvalue().strip()}"}
    )
    assert answer.status_code == 403
    assert "Prometheus" in answer.json()["detail"]


def test_a_token_ends_after_a_year_where_nothing_else_is_said():
    """One that nobody thinks of any more opens nothing for ever."""
    made()
    left = ApiToken.objects.get().expires_at - timezone.now()
    assert timedelta(days=364) < left <= timedelta(days=365)


@pytest.mark.parametrize("name", ["", "  ", "x" * 81])
def test_a_name_that_names_nothing_is_refused(name):
    """An unset shell variable makes no nameless token; a long name is no traceback."""
    with pytest.raises(CommandError, match="1 to 80"):
        call_command("apitoken", name)
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize("days", ["0", "-1", "3651"])
def test_days_that_make_no_sense_are_refused(days):
    """Nothing is made."""
    with pytest.raises(CommandError, match="days"):
        call_command("apitoken", "grafana", "--days", days)
    assert not ApiToken.objects.exists()


def test_the_command_revokes(client):
    """And says so where there is nothing to revoke."""
    token = made()
    call_command("apitoken", "grafana", "--revoke", stdout=StringIO())
    assert status(client, token) == 401
    with pytest.raises(CommandError, match="stands"):
        call_command("apitoken", "grafana", "--revoke")
