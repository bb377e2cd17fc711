"""Request lines and headers that mean harm, sent byte by byte to a real server."""

import pytest

GOOD = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"


def status(answer):
    """The status line's number, or None where the server only closed."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else None


# what: (the request, the statuses that are right; None: closed without a word)
HOSTILE = {
    "no host": (
        b"GET /health HTTP/1.1\r\nConnection: close\r\n\r\n",
        {200, 400},
    ),  # /health names nothing by its host
    "another host": (b"GET /login/ HTTP/1.1\r\nHost: evil.example\r\n\r\n", {400}),
    "a host with a path": (b"GET /login/ HTTP/1.1\r\nHost: localhost/@evil\r\n\r\n", {400}),
    "a line folded into a header": (GOOD + b"X-A: b\r\n c: d\r\n\r\n", {400, 200}),
    "a space before the colon": (GOOD + b"X-A : b\r\n\r\n", {400}),
    "a bare CR in a header": (GOOD + b"X-A: b\rSet-Cookie: a=b\r\n\r\n", {400}),
    "a NUL in a header": (GOOD + b"X-A: b\0c\r\n\r\n", {400}),
    "two lengths": (
        b"POST /api/contacts HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Length: 2\r\nContent-Length: 4\r\n\r\n{}ab",
        {400},
    ),
    "a length and chunks": (
        b"POST /api/contacts HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        {400},
    ),
    "a length below zero": (
        b"POST /api/contacts HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        {400},
    ),
    "a chunk of no length": (
        b"POST /api/contacts HTTP/1.1\r\nHost: localhost\r\n"
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        {400, None},
    ),
    "a long header": (GOOD + b"X-A: " + b"a" * 40_000 + b"\r\n\r\n", {431, 400}),
    "many headers": (
        GOOD + b"".join(b"X-%d: a\r\n" % n for n in range(200)) + b"\r\n",
        {431},
    ),
    "a long address": (b"GET /?" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", {414}),
    "another protocol": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 404, None}),
    "a word that is no method": (b"G\x00T / HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
    "TRACE": (b"TRACE /api/contacts HTTP/1.1\r\nHost: localhost\r\n\r\n", {400, 405}),
    "an address with a newline": (
        b"GET /login/?next=%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\nHost: localhost\r\n\r\n",
        {200},
    ),
    "a path that climbs": (
        b"GET /static/../canvalo/settings.py HTTP/1.1\r\nHost: localhost\r\n\r\n",
        {404},
    ),
    "a path that climbs, encoded": (
        b"GET /static/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
        {404},
    ),
    "a path that climbs, twice encoded": (
        b"GET /static/..%252f..%252fetc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
        {404},
    ),
    "an absolute path": (b"GET /static//etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", {404}),
    "a NUL in a path": (
        b"GET /static/a%00.css HTTP/1.1\r\nHost: localhost\r\n\r\n",
        {404, 400},
    ),
    "backslashes": (
        b"GET /static/..\\..\\etc\\passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
        {404, 400},
    ),
    "no UTF-8 in a path": (b"GET /api/%ff%fe HTTP/1.1\r\nHost: localhost\r\n\r\n", {404}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_head_is_answered_without_a_fault(web, name):
    """It sets no header of its own choosing, and reads no file that is not published."""
    request, right = HOSTILE[name]
    answer = web.raw(request)
    assert status(answer) in right, answer[:300]
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"a=b" not in head
    assert b"SECRET_KEY" not in body
    assert b"root:" not in body


UPGRADES = ("Upgrade: websocket", "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA")


@pytest.mark.parametrize("header", UPGRADES)
def test_no_other_protocol_is_spoken(web, header):
    """Refused or passed over; and no fault is written to the log for it."""
    lines = ["GET /health/live HTTP/1.1", "Host: localhost", f"Connection: Upgrade\r\n{header}"]
    lines += ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
    before = web.log.read_text()
    answer = web.raw("\r\n".join([*lines, "", ""]).encode())
    assert answer.split()[1] in (b"200", b"403")
    web.ask("GET", "/health/live", headers={"X-Request-ID": "the-one-after-it"})
    assert "Traceback" not in web.logged("the-one-after-it").removeprefix(before)


@pytest.mark.parametrize("given", [b"short", b"a b c d e f g h", b"a" * 65, b"\xff" * 20])
def test_a_request_s_name_that_fits_no_log_is_replaced(web, given):
    """So that nobody writes lines of his own."""
    answer = web.raw(GOOD + b"X-Request-ID: " + given + b"\r\n\r\n").lower()
    assert b"x-request-id: " in answer
    assert b"x-request-id: " + given.lower() + b"\r" not in answer


def test_a_proxy_s_name_for_a_request_is_kept(web):
    """Both logs can be joined."""
    headers = {"X-Request-ID": "proxy-0123456789"}
    assert web.ask("GET", "/health", headers=headers).headers["x-request-id"] == "proxy-0123456789"
    assert web.logged('"request_id": "proxy-0123456789"')


JUNK = ["a" * 5_000, "\x01\x02", "1.2.3", "' or 1=1", "0-0,0-0," * 100, "bypass"]


@pytest.mark.parametrize("token", JUNK, ids=lambda t: repr(t[:8]))
def test_a_token_of_position_that_is_none_is_harmless(web, bearer, token):
    """Whoever shows one is answered from Supabase, or refused: never with a fault."""
    headers = {**bearer("alice"), "canvalo-token": token}
    assert web.ask("GET", "/api/contacts?limit=1", headers=headers).status_code in (200, 400)


def test_headers_that_would_choose_the_address_choose_nothing(web, bearer):
    """Neither another method, nor another path, nor another host."""
    headers = {
        **bearer("alice"),
        "X-HTTP-Method-Override": "DELETE",
        "X-Original-URL": "/admin/",
        "X-Rewrite-URL": "/admin/",
        "X-Forwarded-Host": "evil.example",
        "Accept-Profile": "auth",
        "Prefer": "tx=rollback",
        "Range": "bytes=0-1",
    }
    answer = web.ask("GET", "/api/contacts?limit=1", headers=headers)
    assert answer.status_code == 200
    assert len(answer.json()) == 1
    assert "evil.example" not in str(answer.headers)
