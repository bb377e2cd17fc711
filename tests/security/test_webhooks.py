"""The webhook: who may call it, and that order and repetition do no harm."""

import itertools
import json

import pytest

from tests.security.conftest import WEBHOOK

URL = "/api/optimization/webhooks/supabase"
KEY = {"x-canvalo-secret": WEBHOOK}


def written(kind="UPDATE", **more):
    return {"type": kind, "schema": "api", "table": "contacts", "record": {}, **more}


def post(web, body, headers=None):
    return web.ask(
        "POST", URL, content=json.dumps(body), headers=KEY if headers is None else headers
    )


STRANGERS = {
    "no secret": {},
    "an empty secret": {"x-canvalo-secret": ""},
    "a secret cut": {"x-canvalo-secret": WEBHOOK[:-1]},
    "a secret in capitals": {"x-canvalo-secret": WEBHOOK.upper()},
    "the secret as Basic": {"Authorization": f"Basic {WEBHOOK}"},
    "null for the secret": {"Authorization": "Bearer null"},
    "a wrong secret beside the right one": {
        "x-canvalo-secret": "wrong",
        "Authorization": f"Bearer {WEBHOOK}",
    },
    "the secret in a cookie": {"Cookie": f"x-canvalo-secret={WEBHOOK}"},
}


@pytest.mark.parametrize("name", STRANGERS)
def test_only_who_knows_the_secret_is_heard(web, name):
    """In the header that is for it, in these letters."""
    assert post(web, written(), STRANGERS[name]).status_code == 401


def test_the_secret_in_an_address_opens_nothing(web):
    """Addresses end up in logs."""
    answer = web.ask("POST", f"{URL}?secret={WEBHOOK}", content=json.dumps(written()))
    assert answer.status_code == 401


ORDERS = list(itertools.permutations(["INSERT", "UPDATE", "DELETE"]))


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_replays_in_any_order_only_end_what_is_kept(web, bearer, order):
    """Nothing that a webhook says becomes an answer: the next one comes from Supabase."""
    question, headers = "/api/contacts?limit=2&order=name", bearer("alice")
    before = web.ask("GET", question, headers=headers)
    for kind in (*order, *order):
        lie = written(kind, record={"id": "1", "name": "forged"}, old_record={"id": "1"})
        assert post(web, lie).status_code == 200
    after = web.ask("GET", question, headers=headers)
    assert (after.headers["x-cache"], after.content) == ("miss", before.content)


def test_an_address_in_a_webhook_is_not_called(web, attacker):
    """Server-side request forgery: nothing in it is followed."""
    url = f"{attacker.url}/steal"
    for body in (
        written(record={"url": url}, webhook_url=url),
        written(table=url[:60]),
        written(schema=url[:60]),
        {**written(), "callback": url},
    ):
        assert post(web, body).status_code in (200, 422)
    assert attacker.calls == []
