"""Which request is sent once more, and when; which write may be."""

import json

import pytest

from optimizer.domain.repeatable import safety_of
from optimizer.domain.retry import (
    RESERVE,
    Budget,
    Ended,
    Failure,
    Safety,
    may_repeat,
    pause_before_next,
    wait_asked,
)

READ, AGAIN, ONCE = Safety.READ, Safety.REPEATABLE, Safety.ONCE
UPSERT, IGNORE = "resolution=merge-duplicates", "resolution=ignore-duplicates"


@pytest.mark.parametrize(
    ("how", "read", "again", "once"),
    [
        (200, False, False, False),
        (404, False, False, False),
        (500, False, False, False),
        (504, False, False, False),
        (429, True, True, True),
        (502, True, True, False),
        (503, True, True, False),
        (520, True, True, False),
        (Failure.NOT_SENT, True, True, True),
        (Failure.BROKEN, True, True, False),
        (Failure.SLOW, True, False, False),
        (Failure.MALFORMED, False, False, False),
    ],
)
def test_what_is_sent_once_more(how, read, again, once):
    """What provably was not carried out always may; what may have been, only where it is safe."""
    ended = Ended(how)
    assert [may_repeat(ended, safety) for safety in (READ, AGAIN, ONCE)] == [read, again, once]


@pytest.mark.parametrize(("opens_in", "waits"), [(0.5, True), (1.5, False)])
def test_a_circuit_that_opens_soon_is_waited_for(opens_in, waits):
    """One that stays open is not: then who asks learns it at once."""
    assert may_repeat(Ended(Failure.SHUT, retry_after=opens_in), ONCE) is waits


def test_pauses_are_drawn_from_intervals_that_double():
    """Full jitter: from nothing up to the bound."""
    pauses = [pause_before_next(Ended(503, n), 9, 99, 1.0) for n in range(1, 7)]
    assert pauses == [0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
    assert pause_before_next(Ended(503), 9, 99, 0.0) == 0.0


def test_what_an_answer_asks_to_wait_is_kept_to():
    """And where that outlasts the deadline, the answer itself is what the caller gets."""
    assert pause_before_next(Ended(429, 1, retry_after=5.0), 4, 30.0, 0.5) == 5.1
    assert pause_before_next(Ended(429, 1, retry_after=5.0), 4, 5.0, 0.0) is None


def test_attempts_are_counted():
    """Four are four."""
    pauses = [pause_before_next(Ended(Failure.BROKEN, n), 4, 99, 0.5) for n in range(1, 6)]
    assert [pause is not None for pause in pauses] == [True, True, True, False, False]


@pytest.mark.parametrize(("attempts", "last"), [(1, 0), (2, 3), (4, 7)])
def test_what_never_left_is_tried_twice_as_often(attempts, last):
    """It costs Supabase nothing; one attempt is one all the same."""
    ended = [Ended(Failure.NOT_SENT, n) for n in range(1, 10)]
    assert sum(pause_before_next(one, attempts, 99, 0.5) is not None for one in ended) == last


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("3", 3.0),
        (" 0 ", 0.0),
        ("Tue, 24 Nov 2026 10:00:07 GMT", 7.0),
        ("Tue, 24 Nov 2026 09:00:00 GMT", 0.0),
        ("soon", 0.0),
        ("-1", 0.0),
        ("", 0.0),
        ("²", 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(header, seconds):
    """Nonsense asks nothing."""
    assert wait_asked(header, 1_795_514_400.0) == seconds


def test_the_budget_lets_a_share_of_the_requests_be_repeated():
    """After the reserve is gone, one retry for five requests."""
    budget = Budget()
    assert sum(budget.spend() for _ in range(500)) == RESERVE
    granted = 0
    for _ in range(1000):
        budget.earn()
        granted += budget.spend()
    assert granted == pytest.approx(200, abs=1)


def test_the_budget_holds_no_more_than_its_reserve():
    """A quiet day does not buy a storm."""
    budget = Budget()
    for _ in range(10_000):
        budget.earn()
    assert sum(budget.spend() for _ in range(10_000)) == RESERVE


# ---- which writes may be repeated

ROWS = [{"id": 1, "name": "a"}, {"id": 2, "name": None}]


@pytest.mark.parametrize(
    ("safety", "method", "query", "prefer", "body"),
    [
        (READ, "GET", "select=*", "", None),
        (READ, "HEAD", "", "count=exact", None),
        (AGAIN, "PUT", "id=eq.1", "return=representation", ROWS[0]),
        (AGAIN, "POST", "on_conflict=id", UPSERT, ROWS),
        (AGAIN, "POST", "on_conflict=id", f"{UPSERT},return=representation", ROWS[0]),
        (AGAIN, "POST", 'on_conflict="id","name"', UPSERT, ROWS[0]),
        (AGAIN, "POST", "on_conflict=id&columns=%22id%22,%22name%22", UPSERT, ROWS),
        (AGAIN, "POST", "on_conflict=id", f"{IGNORE},return=minimal", ROWS),
        (AGAIN, "PATCH", "id=eq.1", "return=minimal", {"name": "b"}),
        (AGAIN, "DELETE", "id=eq.1", "", None),
        # a plain insert, and a function, are carried out each time
        (ONCE, "POST", "", "", ROWS),
        (ONCE, "POST", "on_conflict=id", "return=minimal", ROWS),
        # without the whole key in every row a second row may come to be
        (ONCE, "POST", "", UPSERT, ROWS),
        (ONCE, "POST", "on_conflict=id,name", UPSERT, ROWS),
        (ONCE, "POST", "on_conflict=id", UPSERT, [{"name": "a"}]),
        (ONCE, "POST", "on_conflict=id&columns=name", UPSERT, ROWS),
        (ONCE, "POST", "on_conflict=id&columns=name&columns=id", UPSERT, ROWS),
        (ONCE, "POST", "on_conflict&on_conflict=id", UPSERT, ROWS),
        (ONCE, "POST", "on_conflict=id", UPSERT, []),
        (ONCE, "POST", "on_conflict=id", UPSERT, 7),
        (ONCE, "POST", "on_conflict=id", UPSERT, None),
        (ONCE, "POST", "on_conflict=id", UPSERT, b"id,name\n1,a"),
        (ONCE, "POST", "on_conflict=id", UPSERT, [{"id": 1, "name": "x" * 1_000_000}]),
        # the answer would be another one
        (ONCE, "POST", "on_conflict=id", f"{IGNORE},return=representation", ROWS),
        (ONCE, "POST", "on_conflict=id", f"{IGNORE},{UPSERT},return=representation", ROWS),
        (ONCE, "PATCH", "id=eq.1", "return=representation", {"name": "b"}),
        (ONCE, "DELETE", "id=eq.1", "return=minimal, count=exact", None),
        # each time the next rows
        (ONCE, "DELETE", "limit=1&order=id", "", None),
        (ONCE, "PATCH", "done=is.false&limit=5", "", {"done": True}),
        (ONCE, "DELETE", "order=id;limit=1", "", None),
    ],
)  # fmt: skip
def test_which_writes_end_the_same_however_often(safety, method, query, prefer, body):
    """By their form alone."""
    sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    assert safety_of(method, query, {"prefer": prefer}, sent) is safety


@pytest.mark.parametrize("method", ["DELETE", "PATCH"])
def test_a_write_that_must_meet_one_row_is_not_sent_twice(method):
    """The second time the row may be gone, and PostgREST refuses what was done (PGRST116)."""
    headers = {"accept": "application/vnd.pgrst.object+json", "prefer": "return=minimal"}
    assert safety_of(method, "id=eq.1", headers, b"{}") is ONCE
