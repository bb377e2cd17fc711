"""What the project's settings make of HTTPS, of a Valkey that is away, and of two of them."""

import os
import subprocess
import sys

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.middleware.security import SecurityMiddleware
from django.test import RequestFactory

from tests.stack import PROJECT


def test_only_the_check_of_health_needs_no_https(settings):
    """A load balancer, and script/server itself, ask behind the proxy; people are redirected."""
    settings.SECURE_SSL_REDIRECT = True
    middleware = SecurityMiddleware(lambda request: HttpResponse("reached"))
    ask = RequestFactory().get
    assert middleware(ask("/health")).status_code == 200
    assert [middleware(ask(path)).status_code for path in ("/", "/api/health")] == [301, 301]


def test_staff_sign_in_while_valkey_is_away(client, db, settings, caplog):
    """They need the admin most at such a time; that the cache failed is said in the log."""
    away = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {"default": away}
    User.objects.create_superuser("boss", password="of-this-test")
    sent = client.post("/login/", {"username": "boss", "password": "of-this-test"})
    assert (sent.status_code, sent.headers["location"]) == (302, "/")
    assert client.get("/admin/").status_code == 200
    assert "Connection refused" in caplog.text


@pytest.mark.parametrize(
    ("given", "broker"),
    [
        ({}, "redis://cache.example:6379/0"),
        ({"CELERY_BROKER_URL": "redis://queue.example:6379/1"}, "redis://queue.example:6379/1"),
    ],
)
def test_the_worker_s_queue_may_have_a_valkey_of_its_own(given, broker, tmp_path):
    """A cache that is full or emptied then costs no task; without the variable both are one."""
    stores = {"VALKEY_URL": "redis://cache.example:6379/0", "CANVALO_HOME": str(tmp_path)}
    unset = {n: v for n, v in os.environ.items() if n != "CELERY_BROKER_URL"}
    code = (
        "from canvalo.celery import app; from django.conf import settings; "
        "print(app.conf.broker_url, settings.CACHES['default']['LOCATION'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT, env={**unset, **stores, **given}, capture_output=True, text=True, check=True,
        timeout=60,
    )  # fmt: skip
    assert done.stdout.split() == [broker, stores["VALKEY_URL"]]
