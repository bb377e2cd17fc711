"""Query shapes: what is asked, without a value of anybody's; the top ones in bounded memory."""

import pytest
from django.contrib.auth import get_user_model
from hypothesis import given
from hypothesis import strategies as st

from optimizer.domain import shapes
from optimizer.domain.facts import CacheRead, MissReason, ReadOutcome, Tier
from optimizer.domain.query import parse
from optimizer.metrics import noted, scripts, shapelist
from optimizer.metrics.recorder import Recorder, flush_blocking
from tests.metrics.factories import NOON

DAY = int(NOON.timestamp()) // 86_400


def shape(query):
    """The shape of a GET on contacts."""
    return shapes.of(parse("GET", "/rest/v1/contacts", query, {}))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "GET"),
        ("select=id,name&status=eq.paid&limit=50", "GET select=id,name&limit=?&status=eq.?"),
        ("email=eq.ada%40example.com", "GET email=eq.?"),
        ("id=in.(1,2,3)", "GET id=in.?"),
        ("name=not.ilike.*ada*", "GET name=not.ilike.?"),
        ("name=like(any).{a,b}", "GET name=like(any).?"),
        ("data->>city=eq.Paris", "GET data->>city=eq.?"),
        ("or=(email.eq.ada@x.com,phone.eq.1)", "GET or=(?)"),
        ("order=name.desc,id", "GET order=name.desc,id"),
        ("id=eq.1&id=neq.2", "GET id=eq.?&id=neq.?"),
        ("ada@example.com=eq.1", "GET ?=eq.?"),
        ("select=ada@example.com", "GET select=?"),
        ("name=ada", "GET name=?"),
        ("name=eq.a%0Ab", "GET name=eq.?"),
        ("select=*,notes(id)&notes.id=eq.5", "GET select=*,notes(id)&notes.id=eq.?"),
    ],
)  # fmt: skip
def test_values_go_and_structure_stays(query, expected):
    """One shape for one kind of question."""
    assert shape(query) == expected


@given(st.text(min_size=4).filter(lambda text: "secret" not in text))
def test_no_value_of_a_filter_is_ever_kept(text):
    """Whatever it holds."""
    from urllib.parse import quote

    marked = quote(f"{text}secret{text}")
    for operator in ("eq.", "in.(", "not.like.", "", "or.", "eq.eq."):
        assert "secret" not in shape(f"name={operator}{marked}")
        assert "secret" not in shape(f"or=(name.{operator}{marked})")
        assert "secret" not in shape(f"limit={marked}&offset={marked}")


def test_a_shape_is_short():
    """However long the question is."""
    long = "&".join(f"column{n}=eq.1" for n in range(200))
    assert len(shape(long)) == shapes.LONGEST


# ---- the top ones


def fact(name, outcome=ReadOutcome.MISS, seconds=0.01):
    """A read of some shape."""
    reason = MissReason.COLD if outcome is ReadOutcome.MISS else None
    return CacheRead("api.contacts", outcome, Tier.UPSTREAM, reason, seconds, 100, shape=name)


def test_shapes_are_counted_over_all_processes(clock, valkey):
    """Reads, misses, time and bytes; the most frequent first."""
    for process in ("one", "two"):
        recorder = Recorder(process, clock)
        for _ in range(3):
            recorder.record(fact("GET id=eq.?", ReadOutcome.HIT))
        recorder.record(fact("GET id=eq.?"))
        recorder.record(fact("GET order=name"))
        flush_blocking(recorder, valkey)
    first, second = shapelist.top(valkey, [DAY], 10)
    assert (first.shape, first.count, first.misses) == ("GET id=eq.?", 8, 2)
    assert (first.relation, first.received, first.at_most_missed) == ("api.contacts", 800, 0)
    assert first.seconds == pytest.approx(0.08)
    assert (second.shape, second.count) == ("GET order=name", 2)


def test_a_shape_says_why_it_was_missed(clock, valkey):
    """Each reason, over all processes; hits have none."""
    for process in ("one", "two"):
        recorder = Recorder(process, clock)
        for reason in (MissReason.COLD, MissReason.EXPIRED, MissReason.EXPIRED):
            recorder.record(
                CacheRead(
                    "api.contacts", ReadOutcome.MISS, Tier.UPSTREAM, reason, 0.1, 9, shape="A"
                )
            )
        recorder.record(fact("A", ReadOutcome.HIT))
        flush_blocking(recorder, valkey)
    assert shapelist.top(valkey, [DAY], 10)[0].reasons == {"cold": 2, "expired": 4}


def test_a_repeated_delivery_does_not_count_shapes_twice(recorder, valkey):
    """They travel with the deltas."""
    recorder.record(fact("GET id=eq.?"))
    batch = recorder.take()
    flush_blocking(recorder, valkey)
    recorder._pending = batch
    flush_blocking(recorder, valkey)
    assert shapelist.top(valkey, [DAY], 10)[0].count == 1


def test_the_frequent_survive_a_flood_of_others(clock, valkey):
    """Bounded memory: a thousand shapes that come once do not displace the one that stays."""
    recorder = Recorder("one", clock)
    for n in range(2 * scripts.TOP_SHAPES):
        recorder.record(fact("GET often"))
        recorder.record(fact("GET often"))
        recorder.record(fact(f"GET once{n}"))
        if n % 50 == 49:
            flush_blocking(recorder, valkey)
    found = shapelist.top(valkey, [DAY], 1000)
    assert len(found) == scripts.TOP_SHAPES
    assert (found[0].shape, found[0].count) == ("GET often", 4 * scripts.TOP_SHAPES)
    assert found[-1].at_most_missed > 0


def test_a_process_tells_only_so_many_apart(recorder, valkey, monkeypatch):
    """The rest of an interval is counted together."""
    monkeypatch.setattr(noted, "MAX_SHAPES", 2)
    for n in range(5):
        recorder.record(fact(f"GET {n}"))
    flush_blocking(recorder, valkey)
    counts = {one.shape: one.count for one in shapelist.top(valkey, [DAY], 10)}
    assert counts == {"GET 0": 1, "GET 1": 1, "__other__": 3}


def test_slow_reads_and_misses_leave_samples(recorder, valkey):
    """The slowest and the latest miss of an interval, without values."""
    recorder.record(fact("GET fast", ReadOutcome.HIT, 0.001))
    recorder.record(fact("GET slow", ReadOutcome.HIT, 0.9))
    recorder.record(fact("GET missed", seconds=0.02))
    flush_blocking(recorder, valkey)
    found = {one.kind: one for one in shapelist.samples(valkey)}
    assert (found["slow"].shape, found["slow"].seconds) == ("GET slow", 0.9)
    assert (found["miss"].shape, found["miss"].reason) == ("GET missed", "cold")
    assert found["miss"].at == int(NOON.timestamp())


def test_samples_are_bounded(recorder, valkey, clock):
    """The latest stay."""
    for n in range(scripts.SAMPLES):
        clock.now = NOON.timestamp() + n
        recorder.record(fact("GET x"))
        flush_blocking(recorder, valkey)
    found = shapelist.samples(valkey)
    assert len(found) == scripts.SAMPLES
    assert found[0].at == int(clock.now)


def test_a_read_without_a_shape_is_counted_and_nothing_noted(recorder, valkey):
    """Where the engine gives none."""
    recorder.record(fact(""))
    flush_blocking(recorder, valkey)
    assert shapelist.top(valkey, [DAY], 10) == []
    assert shapelist.samples(valkey) == []


def test_the_endpoint_lists_shapes_and_samples(client, valkey, db):
    """For staff only."""
    url = "/api/optimization/shapes"
    assert client.get(url).status_code == 401
    client.force_login(get_user_model().objects.create_user("alice", is_staff=True))
    recorder = Recorder("now")
    recorder.record(fact("GET id=eq.?"))
    flush_blocking(recorder, valkey)
    body = client.get(url).json()
    assert [(one["shape"], one["count"]) for one in body["top"]] == [("GET id=eq.?", 1)]
    assert {one["kind"] for one in body["samples"]} == {"slow", "miss"}
    assert client.get(url, {"days": 8}).status_code == 422
