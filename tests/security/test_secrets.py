"""Secrets and people's names: in no log line, no figure, no error page."""

import json
import logging
import time

import psycopg
import pytest
import redis

from canvalo import logs
from canvalo.devstack import tokens
from tests.security.conftest import WEBHOOK, manage
from tests.security.web import Web

EMAIL = "grace.hopper@example.com"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
LEAKS = {
    "a user's token": f"header was {TOKEN}",
    "a bearer": "Authorization: Bearer abcdefgh12345678",
    "a key of Supabase": "apikey sb_secret_abcdefgh1234",
    "a key of ours": "cvl_" + "A" * 43,
    "a password in an address": "redis://:hunter2hunter@cache.internal:6379/0",
    "another": "could not connect to postgresql://canvalo:hunter2hunter@db/canvalo",
    "an e-mail address": f"mail to {EMAIL} failed",
}
SECRETS = (TOKEN, "abcdefgh1234", "A" * 43, "hunter2hunter", EMAIL)


@pytest.fixture(params=["plain", "json"])
def line(request):
    """Formats a record as the product's handler does."""
    kind = logs.JSON if request.param == "json" else logs.PLAIN
    options = {k: v for k, v in kind.items() if k not in ("()", "format")}
    made = logs.JsonLines(**options) if request.param == "json" else logs.PlainLines()

    def write(message, exc_info=None):
        record = logging.LogRecord("x", logging.ERROR, "f", 1, message, (), exc_info)
        record.request_id = "-"
        text = made.format(record)
        if request.param == "json":
            json.loads(text)
        return text

    return write


@pytest.mark.parametrize("what", LEAKS)
def test_what_a_library_logs_is_struck_out(line, what):
    """Of the line, and of a traceback."""
    with pytest.raises(ValueError, match=r".") as raised:
        raise ValueError(LEAKS[what])
    text = line(LEAKS[what], (raised.type, raised.value, raised.tb))
    assert [secret for secret in SECRETS if secret in text] == []
    assert "ValueError" in text


def test_a_line_for_programs_has_no_colours_for_terminals():
    """Uvicorn brings its message a second time, with escape codes."""
    made = logs.JsonLines(**{k: v for k, v in logs.JSON.items() if k != "()"})
    record = logging.makeLogRecord({"msg": "Started", "color_message": "\x1b[36mStarted"})
    record.request_id = "-"
    assert "color_message" not in json.loads(made.format(record))


def test_ordinary_lines_stay_as_they_are(line):
    """Times, tables and addresses without a password."""
    ordinary = "GET http://127.0.0.1:8000/api/contacts answered 200 in 3.1ms for api.contacts"
    assert ordinary in line(ordinary)


LONG = {
    "letters": "a" * 200_000,
    "beginnings of tokens": "eyJaaaaa" * 25_000,
    "dots": "a." * 100_000,
    "addresses that are none": "a@" * 100_000,
    "schemes": "://a:" * 40_000,
}


@pytest.mark.parametrize("what", LONG)
def test_a_long_line_costs_little(what):
    """Whoever asks for a long path writes one; a second for each would be everybody's wait."""
    began = time.process_time()
    logs.redact(LONG[what])
    assert time.process_time() - began < 1


def test_a_token_is_struck_out_wherever_it_stands(line):
    """In the midst of a word, and without its last parts."""
    header, body, _ = TOKEN.split(".")
    for text in (f"x{TOKEN}", f"token_{TOKEN}y", f"{header}.{body}", header):
        assert header[:12] not in line(text)


def test_requests_leave_no_secret_and_nobody_s_name_in_the_log(web, supabase, bearer):
    """What was sent, right or wrong, is not written down."""
    alice = bearer("alice", email=EMAIL)
    statistics = manage("apitoken", "secrets-check").splitlines()[-1]
    web.ask("GET", f"/api/contacts?search={EMAIL}", headers=alice)
    web.ask("POST", "/api/contacts", json={"name": "Zaphod", "email": EMAIL}, headers=alice)
    web.ask("POST", "/api/contacts", json={"name": "Zaphod", "salary": EMAIL}, headers=alice)
    web.ask("GET", "/api/contacts", headers={"Authorization": f"{alice['Authorization']}x"})
    stats = {"Authorization": f"Bearer {statistics}"}
    web.ask("GET", "/api/optimization/stats", headers=stats)
    web.ask("POST", "/api/optimization/webhooks/supabase", headers={"x-canvalo-secret": WEBHOOK})
    web.ask("GET", f"/nowhere?token={statistics}")
    log = web.logged('"path": "/nowhere"')
    told = {
        "token": alice["Authorization"].split()[1], "API token": statistics, "secret": WEBHOOK,
        "e-mail": EMAIL, "name": "Zaphod", "user": tokens.USERS["alice"],
        "JWT secret": supabase.jwt_secret, "service key": supabase.service_role_key,
    }  # fmt: skip
    assert [name for name, text in told.items() if text in log] == []
    assert '"path": "/api/contacts"' in log


def test_figures_name_nobody(web, bearer, valkey_url):
    """The counts in Valkey, and what the statistics answer."""
    web.ask("GET", "/api/contacts?search=zaphod", headers=bearer("alice", email=EMAIL))
    statistics = manage("apitoken", "figures-check").splitlines()[-1]
    stats = {"Authorization": f"Bearer {statistics}"}
    seen = web.ask("GET", "/api/optimization/stats", headers=stats).text
    with redis.Redis.from_url(valkey_url) as valkey:
        for key in valkey.scan_iter("{canvalo}:ledger:*"):
            seen += str(key) + (str(valkey.hgetall(key)) if valkey.type(key) == b"hash" else "")
    assert "contacts" in seen
    assert [text for text in (EMAIL, "zaphod", tokens.USERS["alice"]) if text in seen] == []


def everything_in(valkey):
    """Every key with all that is under it."""
    read = {
        b"string": valkey.get, b"hash": valkey.hgetall, b"set": valkey.smembers,
        b"list": lambda key: valkey.lrange(key, 0, -1), b"stream": valkey.xrange,
        b"zset": lambda key: valkey.zrange(key, 0, -1),
    }  # fmt: skip
    return "".join(f"{key} {read[valkey.type(key)](key)}\n" for key in valkey.scan_iter())


def test_no_token_of_a_user_waits_in_a_store(web, bearer, stack, valkey_url):
    """Work that outlives a request would have to keep one; there is none, so none is there."""
    alice = bearer("alice", email=EMAIL)
    token = alice["Authorization"].split()[1]
    rows = [{"name": f"waiting {n}"} for n in range(3)]
    web.ask("POST", "/api/contacts/batch", json=rows, headers=alice)
    web.ask("GET", "/api/contacts?limit=7", headers=alice)
    with redis.Redis.from_url(valkey_url) as valkey:
        kept = everything_in(valkey)
    with psycopg.connect(stack.postgres.url()) as connection:
        tables = connection.execute(
            "select quote_ident(tablename) from pg_tables where schemaname = 'public'"
        ).fetchall()
        for (table,) in tables:
            rows_of = connection.execute(f"select t::text from {table} t").fetchall()
            kept += "".join(text for (text,) in rows_of)
    assert "contacts" in kept
    for part in (token, token.split(".")[1], token.split(".")[2]):
        assert part not in kept


@pytest.mark.parametrize("path", ["/nowhere", "/api/nowhere", "/api/contacts/nowhere"])
def test_an_error_page_tells_nothing_of_the_inside(web, path):
    """No path of a file, no setting, nothing of what was sent."""
    answer = web.ask("GET", f"{path}?token={TOKEN}", headers={"Cookie": f"sessionid={TOKEN}"})
    assert answer.status_code in (401, 404)
    for inside in (TOKEN, "Traceback", "urlpatterns", "/work/", "site-packages", "DEBUG"):
        assert inside not in answer.text


def test_every_line_of_a_request_has_its_name(web, bearer):
    """The one at its end tells the status and the time, and no query."""
    headers = {**bearer("alice"), "X-Request-ID": "secrets-0123456789"}
    web.ask("GET", "/api/contacts?search=zaphod", headers=headers)
    lines = web.logged('"request_id": "secrets-0123456789"').splitlines()
    lines = [json.loads(line) for line in lines if "secrets-0123456789" in line]
    ends = [line for line in lines if line["logger"] == "canvalo.requests"]
    assert [(line["status"], line["path"]) for line in ends] == [(200, "/api/contacts")]
    assert ends[0]["milliseconds"] > 0


def test_below_the_api_an_address_that_names_nothing_is_answered_in_its_shape(web):
    """A program would not read a page."""
    answer = web.ask("GET", "/api/nowhere")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert web.ask("GET", "/nowhere").text.startswith("<!doctype html>")


@pytest.mark.slow
def test_a_fault_of_ours_tells_nothing_to_who_asked(migrated, stack):
    """PostgreSQL is away: the answer has no trace, the log has one without the password."""
    away = "postgresql://canvalo:hunter2hunter@127.0.0.1:1/canvalo"
    server = Web(stack.home.folder("logs") / "away.log", DATABASE_URL=away)
    try:
        assert server.ask("GET", "/health").json()["database"] == "away"
        headers = {"Authorization": "Bearer cvl_" + "A" * 43}
        answer = server.ask("GET", "/api/optimization/stats", headers=headers)
    finally:
        server.stop()
    log = server.log.read_text()
    assert (answer.status_code, answer.json()["code"]) == (500, "fault")
    assert "Traceback" in log
    assert [secret for secret in SECRETS if secret in answer.text + log] == []
