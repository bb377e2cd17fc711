"""The same question in other letters, and another question in like letters: never confused."""

import pytest

PAIRS = {
    "a parameter twice": ("limit=1&limit=2", "limit=2&limit=1"),
    "a filter twice": (
        "contact_type=lead&contact_type=customer",
        "contact_type=customer&contact_type=lead",
    ),
    "a search with a plus and one with its code": ("search=a+b", "search=a%2Bb"),
    "a percent, and what it would stand for": ("search=%2541", "search=A"),
    "an ampersand within": ("search=a%26limit%3D1", "search=a&limit=1"),
    "an equals sign within": ("search=a%3Db", "search=a"),
    "a quote within": ("search=a%22", "search=a"),
    "a comma and a bracket within": ("search=a%2Cid.gt.0)", "search=a"),
    "a wildcard": ("search=%25", "search=_"),
    "a star": ("search=*", "search="),
    "other case": ("search=Ada", "search=ADA%20"),
    "a composed letter and its parts": ("search=%C3%A9", "search=e%CC%81"),
    "a letter that only looks alike": ("search=%D0%B0", "search=a"),
    "a space at the end": ("search=a%20", "search=a"),
    "a null byte": ("search=a%00", "search=a"),
}


@pytest.mark.parametrize("name", PAIRS)
def test_like_questions_have_their_own_answers(web, bearer, name):
    """Asked one after the other, each is answered as it is on its own, whichever comes first."""
    one, other = PAIRS[name]
    alone = [truth(web, bearer, question) for question in (one, other)]
    for _ in range(2):
        again = [ask(web, bearer, question) for question in (one, other)]
        assert [(a.status_code, a.content) for a in again] == alone
        assert all(answer.status_code < 500 for answer in again)


def test_parameters_in_another_order_are_one_question(web, bearer):
    """The entry is found again, and it is the right one."""
    one = ask(web, bearer, "limit=3&contact_type=lead&order=email.desc")
    other = ask(web, bearer, "order=email.desc&contact_type=lead&limit=3")
    assert (other.headers["x-cache"], other.content) == ("hit", one.content)


def test_the_same_letters_encoded_are_one_question(web, bearer):
    """An address may be spelt in many ways."""
    one = ask(web, bearer, "search=grace&limit=4")
    other = ask(web, bearer, "search=%67%72%61%63%65&%6cimit=4")
    assert (other.headers["x-cache"], other.content) == ("hit", one.content)


HEADERS = ["X-Forwarded-User", "X-User-Id", "apikey", "X-Client-Info", "Cookie", "Accept-Profile"]


@pytest.mark.parametrize("header", HEADERS)
def test_a_header_makes_nobody_else_of_a_caller(web, bearer, header):
    """Alice's list stays alice's, and bob's is not filled with it."""
    sub = "00000000-0000-4000-8000-000000000b0b"
    ask(web, bearer, "limit=5&order=email", {header: sub})
    alice, bob = (ask(web, bearer, "limit=5&order=email", name=name) for name in ("alice", "bob"))
    assert {r["owner_id"] for r in alice.json()}.isdisjoint(r["owner_id"] for r in bob.json())


def test_two_bearers_in_one_request_are_none(web, bearer):
    """A proxy that read the first and a cache that read the last would disagree."""
    both = [("Authorization", bearer(name)["Authorization"]) for name in ("alice", "bob")]
    answer = web.ask("GET", "/api/contacts", headers=both)
    assert answer.status_code == 401


def ask(web, bearer, query, headers=None, name="alice"):
    return web.ask("GET", f"/api/contacts?{query}", headers={**bearer(name), **(headers or {})})


def truth(web, bearer, query):
    """As it is answered when nothing may come out of the cache."""
    answer = ask(web, bearer, query, {"canvalo-token": "bypass"})
    return answer.status_code, answer.content
