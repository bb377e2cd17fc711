"""Guessing passwords: a few tries, then a wait; and nobody shuts others out lightly."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from canvalo.models import SignInFailure
from canvalo.signin import MOST, locked

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_valkey")]
DOORS = pytest.mark.parametrize("door", ["/login/", "/admin/login/"])


@pytest.fixture(autouse=True)
def _boss():
    get_user_model().objects.create_superuser("boss", password="of-this-test")


def sign_in(client, password, door="/login/", name="boss", address="192.0.2.1"):
    form = {"username": name, "password": password}
    return client.post(door, form, REMOTE_ADDR=address)


def fail(client, times, **options):
    for _ in range(times):
        answer = sign_in(client, "guess", **options)
    return answer


@DOORS
def test_after_five_failures_the_right_password_opens_nothing(client, door):
    """Whichever of the two doors the failures were at."""
    fail(client, 5, door=door)
    answer = sign_in(client, "of-this-test", door)
    assert "Too many failed attempts" in answer.content.decode()
    assert "_auth_user_id" not in client.session


def test_the_page_says_429_and_for_how_long(client):
    fail(client, 5)
    answer = sign_in(client, "of-this-test")
    assert (answer.status_code, answer["Retry-After"]) == (429, "900")


def test_four_failures_are_a_person_who_forgot(client):
    fail(client, 4)
    assert sign_in(client, "of-this-test").status_code == 302
    client.logout()
    fail(client, 4)  # and the count began anew
    assert sign_in(client, "of-this-test").status_code == 302


def test_somebody_elsewhere_does_not_shut_the_owner_out(client):
    """Five wrong guesses from one machine close that machine's door only."""
    fail(client, 20, address="203.0.113.9")
    assert sign_in(client, "of-this-test").status_code == 302


def test_other_letters_are_the_same_name(client):
    for name in ("boss", "BOSS", " Boss", "boss ", "bOSS"):
        fail(client, 1, name=name)
    assert sign_in(client, "of-this-test").status_code == 429


@pytest.mark.django_db(transaction=True)
def test_many_guesses_at_once_are_no_more_than_one_after_the_other():
    """None is asked before those under way are counted."""

    def guess(_):
        try:
            return sign_in(Client(), "guess").status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(guess, range(12)))
    assert statuses.count(429) >= 12 - MOST["both"]
    assert SignInFailure.objects.count() <= MOST["both"]


def test_tries_at_a_closed_door_do_not_keep_it_closed(client):
    """Who was too fast waits for a quarter of an hour, and not for one after each try."""
    fail(client, 9)
    assert SignInFailure.objects.count() == MOST["both"]


SAME = [
    ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"),
    ("::ffff:192.0.2.1", "192.0.2.1"),
    ("fe80::1%eth0", "fe80::2"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_addresses_of_one_machine_are_one(client, one, other):
    """One line of IPv6 has more addresses than anybody has guesses."""
    fail(client, 5, address=one)
    assert sign_in(client, "of-this-test", address=other).status_code == 429


def test_the_next_network_is_somebody_else(client):
    fail(client, 5, address="2001:db8:1:2::1")
    assert sign_in(client, "of-this-test", address="2001:db8:1:3::1").status_code == 302


def test_the_door_opens_again_after_the_window(client):
    fail(client, 5)
    SignInFailure.objects.update(at=timezone.now() - timedelta(minutes=15, seconds=1))
    assert sign_in(client, "of-this-test").status_code == 302


def test_without_valkey_failures_count_all_the_same(client, settings):
    away = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {"default": away}
    fail(client, 5)
    assert sign_in(client, "of-this-test").status_code == 429


def test_neither_name_nor_address_is_stored(client):
    """A copy of the table names nobody."""
    fail(client, 1, name="grace@example.com")
    with connection.cursor() as cursor:
        cursor.execute("select string_agg(f::text, '') from canvalo_signinfailure f")
        stored = str(cursor.fetchone())
    assert "grace" not in stored
    assert "192.0.2.1" not in stored


def test_old_failures_do_not_stay(client):
    fail(client, 1)
    SignInFailure.objects.update(at=timezone.now() - timedelta(hours=2))
    fail(client, 1, name="other")
    assert SignInFailure.objects.count() == 1


@pytest.mark.parametrize("kind", MOST)
def test_each_of_the_three_counts_closes_the_door(kind):
    """At its number, and not before."""
    none = dict.fromkeys(MOST, 0)
    assert not locked({**none, kind: MOST[kind] - 1})
    assert locked({**none, kind: MOST[kind]})
