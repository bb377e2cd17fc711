"""What the demo asks: plausible, repeatable, careful with rows that are not its own."""

import json
from collections import Counter
from collections.abc import Iterator

from django.test import AsyncClient

from canvalo.devstack import demo
from canvalo.devstack.demo import CONTACTS, MARK, Ask, Visitors
from canvalo.devstack.tokens import USERS
from optimizer import runtime

SCREENS = {CONTACTS, *(f"/api/{n}" for n in ("overview", "projects", "invoices", "appointments"))}


def answered(count: int, seed: int) -> Iterator[Ask]:
    """What the visitors ask where each question is answered as it should be."""
    visitors = Visitors(seed)
    for number in range(count):
        ask = visitors.next()
        yield ask
        made = [{"id": f"made-{number}", "email": (ask.body or {}).get("email")}]
        rows = made if ask.method == "POST" else [{"id": f"seeded-{i}"} for i in range(9)]
        visitors.learn(ask, 200, rows)


def test_the_same_seed_makes_the_same_choices():
    """A run can be repeated."""
    assert list(answered(300, 7)) == list(answered(300, 7))
    assert list(answered(300, 7)) != list(answered(300, 8))


def test_most_of_it_is_reading_and_much_of_that_is_repeated():
    """A cache has something to do, and something to invalidate."""
    asks = list(answered(2000, 3))
    reads = [(a.user, a.path, tuple(a.params.items())) for a in asks if a.method == "GET"]
    assert 0.9 < len(reads) / len(asks) < 0.99
    assert len(set(reads)) < len(reads) / 10
    pages = Counter(a.path for a in asks if a.path in SCREENS and "search" not in a.params)
    assert set(pages) == SCREENS
    assert pages.total() > len(asks) / 2
    assert {a.method for a in asks} == {"GET", "POST", "PATCH", "DELETE"}
    assert {a.user for a in asks} == set(USERS)


def test_it_writes_only_what_it_made_and_never_keeps_much():
    """The seeded rows stay as they are, and the table does not grow."""
    made = Counter()
    for ask in answered(5000, 4):
        made[ask.user] += {"POST": 1, "DELETE": -1}.get(ask.method, 0)
        assert 0 <= made[ask.user] <= 3
        if ask.method in ("PATCH", "DELETE"):
            assert "/made-" in ask.path
        if ask.method == "POST":
            assert ask.body["email"].endswith(MARK)


def test_a_row_that_is_gone_is_not_asked_for_again():
    """Somebody else may delete what a visitor remembers."""
    visitors = Visitors(5)
    visitors.learn(Ask("alice", "GET", CONTACTS), 200, [{"id": "a"}])
    visitors.learn(Ask("alice", "GET", f"{CONTACTS}/a"), 404, [])
    assert not any(visitors.next().path.endswith("/a") for _ in range(200))


def test_only_marked_rows_are_removed():
    """A contact whose address merely holds the mark stays."""
    others = [{"id": "2", "email": f"x{MARK}.example"}, {"id": "3", "email": None}, {"id": "4"}]
    rows = [{"id": "1", "email": f"x{MARK}"}, *others]
    asks = demo.removals(Ask("bob", "GET", CONTACTS), rows)
    assert asks == [Ask("bob", "DELETE", f"{CONTACTS}/1")]


async def test_the_api_takes_everything_that_is_asked(
    supabase, supabase_sql, fresh_valkey, transactional_db, token_for
):
    """Paths, filters and bodies are those of the API, and the seeded rows outlive it all."""
    count = "select count(*), max(updated_at) from api.contacts"
    before = supabase_sql().execute(count).fetchone()
    visitors, answers = Visitors(11), Counter()
    try:
        for _ in range(100):  # of this seed they hold every kind
            ask = visitors.next()
            status, rows = await answer_of(ask, token_for)
            visitors.learn(ask, status, rows)
            answers[ask.method, status] += 1
        for search in demo.searches():
            for removal in demo.removals(search, (await answer_of(search, token_for))[1]):
                await answer_of(removal, token_for)
    finally:
        await runtime.close_current()
    wanted = {("GET", 200), ("POST", 201), ("PATCH", 200), ("DELETE", 200)}
    assert set(answers) == wanted
    assert supabase_sql().execute(count).fetchone() == before


async def answer_of(ask: Ask, token_for) -> tuple[int, list[demo.Row]]:
    headers = {"Authorization": f"Bearer {token_for(ask.user)}"}
    options = {"data": ask.params, "headers": headers}
    if ask.body is not None:
        options |= {"data": json.dumps(ask.body), "content_type": "application/json"}
    answer = await getattr(AsyncClient(), ask.method.lower())(ask.path, **options)
    body = answer.json()
    return answer.status_code, body if isinstance(body, list) else [body]
