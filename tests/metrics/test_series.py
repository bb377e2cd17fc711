"""`/api/optimization/series`: every point of a range, from the right grain, or a reason why not."""

import csv
import io
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.utils import timezone

from optimizer.domain.recency import floor
from optimizer.domain.tally import Key, Tally
from optimizer.metrics import store
from optimizer.models import Span

URL = "/api/optimization/series"
MINUTE = timedelta(minutes=1)
BERLIN = ZoneInfo("Europe/Berlin")
HIT = Key("asked", "api.contacts", "read", "hit", "", "l1")
MISS = Key("asked", "api.contacts", "read", "miss", "cold", "upstream")
SENT = Key("sent", "api.contacts", "read", "ok")
ADDED = Key("sent", "api.contacts", "read", "ok", "added")


def times(count, seconds=0.001, received=100):
    """So many events of equal duration and size."""
    tally = Tally()
    for _ in range(count):
        tally.add(seconds, received)
    return tally


def keep(minute, tallies=None):
    """Store a minute as the snapshot does."""
    store.save(minute, "life", tallies or {}, minute + timedelta(seconds=70))


@pytest.fixture
def staff(client, fresh_valkey, db):
    """A browser signed in as staff."""
    client.force_login(get_user_model().objects.create_user("alice", is_staff=True))
    return client


@pytest.fixture
def last():
    """The newest minute that can be stored."""
    return floor(timezone.now(), MINUTE) - 2 * MINUTE


ENDS = [
    ("0001-01-01T00:00:00Z", "0001-01-03T00:00:00Z"),
    ("0001-01-01T00:00:00+23:00", "2026-01-01T00:00:00Z"),
    ("0001-02-01T00:00:00Z", "0003-01-01T00:00:00Z"),
    ("9999-12-31T00:00:00Z", "9999-12-31T23:59:59Z"),
    ("2026-01-01T00:00:00Z", "9999-12-31T23:59:59-23:00"),
]


@pytest.mark.parametrize(("start", "end"), ENDS)
@pytest.mark.parametrize("url", [URL, f"{URL}.csv"])
def test_the_ends_of_the_calendar_are_refused(staff, url, start, end):
    """A day before the first, or after the last, is no time at all."""
    answer = staff.get(url, {"from": start, "to": end, "compare": "previous"})
    assert answer.status_code == 422


def test_a_point_says_what_happened_in_its_minute(staff, last):
    """Hits, misses, calls, bytes, times; added calls are taken off the saving."""
    happened = {
        HIT: times(6, 0.001),
        MISS: times(2, 0.1),
        SENT: times(2, 0.09),
        ADDED: times(1, 0.09, 70),
    }
    keep(last, happened)
    body = staff.get(URL, {"range": "1h"}).json()
    point = {name: values[-1] for name, values in body["columns"].items()}
    assert len(body["columns"]["start"]) == 60
    assert (point["asked"], point["hits"], point["misses"], point["sent"]) == (8, 6, 2, 3)
    assert (point["added"], point["avoided"]) == (1, 5)
    assert (point["received_bytes"], point["avoided_bytes"]) == (270, 600 - 70)
    assert point["hit_rate"] == 0.75
    assert point["cached_p95_ms"] == pytest.approx(1, rel=0.05)
    assert point["fetched_p95_ms"] == pytest.approx(100, rel=0.05)
    assert body["totals"]["asked"] == 8


def test_no_traffic_is_zero_and_no_data_is_null(staff, last):
    """A gap is a gap."""
    keep(last - MINUTE)
    keep(last, {HIT: times(1)})
    columns = staff.get(URL, {"range": "1h"}).json()["columns"]
    assert columns["asked"][-3:] == [None, 0, 1]
    assert columns["minutes"][-3:] == [0, 1, 1]
    assert columns["hit_rate"][-2:] == [None, 1]


def test_a_coarser_step_sums_to_the_same(staff, last):
    """From minutes, quarters or hours: the totals agree."""
    for n in range(50):
        keep(last - n * MINUTE, {HIT: times(1)})
    store.rollup(timezone.now(), UTC)
    steps = ("1m", "5m", "15m", "30m", "1h", "3h", "6h", "1d")
    bounds = {"from": (last - 3 * 60 * MINUTE).isoformat(), "to": (last + MINUTE).isoformat()}
    totals = [staff.get(URL, {**bounds, "step": s}).json()["totals"]["asked"] for s in steps]
    assert totals == [50] * len(steps)


def test_a_range_across_a_change_of_clocks(staff, settings):
    """In Berlin the 25th of October has 25 hours; each moment is in one day and one hour."""
    settings.TIME_ZONE = "Europe/Berlin"
    start = datetime(2026, 10, 23, 22, tzinfo=UTC)
    for n in range(73):
        keep(start + n * timedelta(hours=1), {HIT: times(1)})
    store.rollup(start, BERLIN)
    bounds = {"from": start.isoformat(), "to": (start + timedelta(hours=73)).isoformat()}
    days = staff.get(URL, {**bounds, "step": "1d"}).json()
    assert days["columns"]["asked"] == [24, 25, 24]
    assert days["columns"]["start"] == [
        "2026-10-24T00:00+02:00",
        "2026-10-25T00:00+02:00",
        "2026-10-26T00:00+01:00",
    ]
    hours = staff.get(URL, {**bounds, "step": "1h"}).json()["columns"]
    assert hours["asked"] == [1] * 73
    assert len(set(hours["start"])) == 73


def test_one_relation_and_the_steps_before(staff, last):
    """A bare name is one of the default schema."""
    other = Key("asked", "api.projects", "read", "hit", "", "l1")
    keep(last, {HIT: times(3), other: times(5)})
    keep(last - 60 * MINUTE, {HIT: times(2), other: times(7)})
    asked = {"range": "1h", "relation": "contacts", "compare": "previous"}
    body = staff.get(URL, asked).json()
    assert body["columns"]["asked"][-1] == 3
    assert body["previous"]["asked"][-1] == 2
    assert len(body["previous"]["start"]) == 60


def test_an_unchanged_series_is_not_sent_again(staff, last):
    """304 with the ETag, 200 once something came late to an old minute."""
    keep(last - 5 * MINUTE)
    keep(last)
    asked = {"from": (last - 9 * MINUTE).isoformat(), "to": (last + MINUTE).isoformat()}
    tag = staff.get(URL, asked)["ETag"]
    assert staff.get(URL, asked, headers={"If-None-Match": tag}).status_code == 304
    store.save(last - 5 * MINUTE, "life", {HIT: times(1)}, timezone.now() + MINUTE)
    again = staff.get(URL, asked, headers={"If-None-Match": tag})
    assert again.status_code == 200
    assert again.json()["totals"]["asked"] == 1


def test_a_series_that_was_read_between_two_steps_of_the_roll_up_is_read_again(staff, last):
    """Quarters were summed and hours not yet; both are of one run, with one time."""
    keep(last, {HIT: times(1)})
    store.rollup(timezone.now(), UTC)
    ran = timezone.now()
    store.save(last, "life", {HIT: times(3)}, ran)
    asked = {"range": "6h", "step": "1h"}
    with pytest.raises(KeyboardInterrupt), killed_after_quarters(ran):
        store.rollup(ran, UTC)
    between = staff.get(URL, asked)
    assert between.json()["totals"]["asked"] == 1
    store.rollup(ran, UTC)
    after = staff.get(URL, asked, headers={"If-None-Match": between["ETag"]})
    assert (after.status_code, after.json()["totals"]["asked"]) == (200, 3)


@contextmanager
def killed_after_quarters(ran):
    """The roll-up dies before it sums an hour."""

    def die(execute, sql, params, many, context):
        if (
            "FOR UPDATE" in sql
            and Span.objects.filter(grain=15, built_at=ran, stale=False).exists()
        ):
            raise KeyboardInterrupt
        return execute(sql, params, many, context)

    with connection.execute_wrapper(die):
        yield


def test_the_csv_holds_the_same_points_in_the_same_zone(staff, last):
    """Line by line."""
    keep(last, {HIT: times(4)})
    body = staff.get(URL, {"range": "1h"}).json()
    answer = staff.get(f"{URL}.csv", {"range": "1h"})
    assert answer["Content-Type"].startswith("text/csv")
    lines = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert [line["start"] for line in lines] == body["columns"]["start"]
    assert (lines[-1]["asked"], lines[-2]["asked"]) == ("4", "")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"range": "2h"}, "no range '2h'"),
        ({"range": "1h", "step": "7m"}, "no step '7m'"),
        ({"range": "7d", "step": "5m"}, "2016 points, and 1500 is the most: take a step of 15m"),
        ({"range": "90d", "step": "1h"}, "2160 points, and 1500 is the most: take a step of 3h"),
        ({"from": "2026-01-01T00:00:00Z"}, "both"),
        ({"from": "2026-01-01T00:00:00", "to": "2026-01-02T00:00:00"}, "zone"),
        ({"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "ends before"),
        (
            {"from": "2020-01-01T00:00:00Z", "to": "2020-01-01T01:00:00Z", "step": "1m"},
            "kept for 14 days",
        ),
    ],
)
def test_what_cannot_be_answered_in_full_is_refused_with_a_reason(staff, asked, said):
    """No range is cut in silence."""
    answer = staff.get(URL, asked)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]


def test_strangers_are_refused(client, fresh_valkey, db):
    """Everybody's traffic is not everybody's business."""
    assert client.get(URL).status_code == 401
    assert client.get(f"{URL}.csv").status_code == 401


def test_a_coarse_step_sums_all_of_its_first_point(staff, settings, last):
    """An hour asked for in steps of a day is the day in which it lies."""
    settings.TIME_ZONE = "Asia/Kathmandu"
    for n in range(40):
        keep(last - n * timedelta(hours=1), {HIT: times(1)})
    store.rollup(timezone.now(), ZoneInfo("Asia/Kathmandu"))
    body = staff.get(URL, {"range": "1h", "step": "6h"}).json()
    (start,) = map(datetime.fromisoformat, body["columns"]["start"])
    expected = sum(last - n * timedelta(hours=1) >= start for n in range(40))
    assert body["columns"]["asked"] == [expected]
    (day,) = staff.get(URL, {"range": "1h", "step": "1d"}).json()["columns"]["asked"]
    assert day >= expected


def test_a_comparison_over_a_change_of_clocks_fits_into_the_csv(staff, settings):
    """The weeks before and after have 167 and 169 hours; each line has a line beside it."""
    settings.TIME_ZONE = "Europe/Berlin"
    start = timezone.now() - timedelta(days=60)
    bounds = {"from": start.isoformat(), "to": timezone.now().isoformat(), "step": "3h"}
    lines = list(csv.DictReader(io.StringIO(csv_of(staff, {**bounds, "compare": "previous"}))))
    assert len({line["previous_start"] for line in lines}) == len(lines)


def csv_of(staff, asked):
    """The text of a CSV."""
    answer = staff.get(f"{URL}.csv", asked)
    assert answer.status_code == 200
    return answer.content.decode()
