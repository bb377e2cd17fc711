"""Bodies that mean harm: refused with 4xx and a reason, never a fault, never stored."""

import gzip
import json

import pytest

HOOK = "/api/optimization/webhooks/supabase"
FORM = "application/x-www-form-urlencoded"
DEEP = 50_000


def nested(depth, open_="[", close="]"):
    return open_ * depth + close * depth


def project(details):
    return '{"name": "deep", "details": {"a": ' + details + "}}"


# what: (path, body, content type, status)
HOSTILE = {
    "deep lists": ("/api/contacts", nested(DEEP), "application/json", 400),
    "deep objects": ("/api/contacts", '{"a":' * DEEP, "application/json", 400),
    "deep JSON where any JSON fits": ("/api/projects", project(nested(800)), None, 400),
    "deeper JSON where any JSON fits": ("/api/projects", project(nested(DEEP)), None, 400),
    "a deep batch": ("/api/contacts/batch", nested(DEEP), None, 400),
    "too many rows": ("/api/contacts/batch", json.dumps([{"name": "a"}] * 1001), None, 422),
    "more than a megabyte": ("/api/contacts", " " * 1_000_001, None, 413),
    "a number that is none": ("/api/invoices", '{"number":"1","amount":NaN}', None, 400),
    "an amount without end": ("/api/invoices", '{"number":"1","amount":1e999}', None, 422),
    "a number of many digits": ("/api/contacts", '{"name":' + "9" * 10_000 + "}", None, 400),
    "NaN where any JSON fits": ("/api/projects", project("NaN"), None, 400),
    "a lone surrogate": ("/api/contacts", r'{"name":"\ud800"}', None, 422),
    "a NUL": ("/api/contacts", r'{"name":"a\u0000b"}', None, 400),
    "UTF-16": ("/api/contacts", '{"name":"a"}'.encode("utf-16"), None, 400),
    "compressed": ("/api/contacts", gzip.compress(b'{"name":"a"}'), None, 400),
    "another's id": (
        "/api/contacts",
        '{"name":"a","owner_id":"00000000-0000-4000-8000-000000000b0b"}',
        None,
        422,
    ),
    "a prototype": ("/api/contacts", '{"name":"a","__proto__":{"role":"x"}}', None, 422),
    "a form": ("/api/contacts", "name=a", FORM, 400),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_is_refused(web, bearer, name):
    """By a 4xx in the API's own shape."""
    path, body, kind, status = HOSTILE[name]
    headers = {**bearer("alice"), "Content-Type": kind or "application/json"}
    content = body if isinstance(body, bytes) else body.encode()
    answer = web.ask("POST", path, content=content, headers=headers)
    assert answer.status_code == status, answer.text[:300]
    assert set(answer.json()) >= {"detail", "code"}


def test_the_last_of_two_equal_names_counts_and_is_judged(web, bearer):
    """A guard that read the first, and a store that took the last, would disagree."""
    body = b'{"name":"good","contact_type":"lead","contact_type":"enemy"}'
    headers = {**bearer("alice"), "Content-Type": "application/json"}
    assert web.ask("POST", "/api/contacts", content=body, headers=headers).status_code == 422


def test_a_body_that_does_not_say_how_long_it_is_ends_at_a_megabyte(web, bearer):
    """Sent in pieces it could fill the disk."""

    def endless():
        for _ in range(400):
            yield b" " * 10_000

    answer = web.ask("POST", "/api/contacts", content=endless(), headers=bearer("alice"))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("http://evil.example")']


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_stays_a_text_in_json(web, bearer, formula):
    """No endpoint answers CSV, so no spreadsheet computes what a user wrote."""
    made = web.ask("POST", "/api/contacts", json={"name": f"a{formula}"}, headers=bearer("alice"))
    key = made.json()["id"]
    for accept in ("text/csv", "application/vnd.ms-excel", "*/*"):
        headers = {**bearer("alice"), "Accept": accept}
        answer = web.ask("GET", f"/api/contacts/{key}", headers=headers)
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert web.ask("DELETE", f"/api/contacts/{key}", headers=bearer("alice")).status_code == 200
