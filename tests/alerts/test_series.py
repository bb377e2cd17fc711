"""The figures that rules are judged by, each from rows that were counted; and the preview."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from optimizer.alerts import series
from optimizer.alerts.evaluate import evaluate_all
from optimizer.alerts.forecast import valuer
from optimizer.alerts.preview import preview
from optimizer.domain.measures import MEASURES, Direction, Metric, Parts, figure
from optimizer.domain.recency import MINUTE, floor
from optimizer.domain.rules import Observation
from optimizer.domain.tally import bucket_of
from optimizer.models import AlertState, Notice
from tests.alerts.factories import NOON, AlertRuleFactory, minute_at, stored_at, traffic
from tests.metrics.factories import MinuteTallyFactory, SnapshotRunFactory

pytestmark = pytest.mark.django_db


def counted(n, step, outcome, count, **more):
    """Rows of the n-th minute."""
    return MinuteTallyFactory(minute=minute_at(n), step=step, outcome=outcome, count=count, **more)


def busy_minutes():
    """Two minutes: 100 asked, 40 sent of which 4 failed, two leases, 60 kB."""
    for n in range(2):
        SnapshotRunFactory(minute=minute_at(n), ran_at=stored_at(n))
        fast, slow = bucket_of(0.010), bucket_of(0.400)
        counted(n, "asked", "hit", 40, buckets={str(fast): 40})
        counted(n, "asked", "miss", 10, buckets={str(slow): 10})
        counted(n, "sent", "ok", 15, received=25_000)
        counted(n, "sent", "refused", 3, received=2_000)
        counted(n, "sent", "error", 1, received=3_000)
        counted(n, "sent", "unknown", 1, received=0)
        counted(n, "lent", "made", 1, relation="", buckets={str(slow): 1})
        counted(n, "lent", "reused", 9, relation="", buckets={str(fast): 9})


def value(metric, relation=""):
    """The metric over both minutes."""
    rule = AlertRuleFactory.build(
        metric=metric, relation=relation, window_minutes=2, fire_at=1, recover_at=2
    )
    seen = series.observe(rule.as_rule(), minute_at(2), stored_at(1))
    return seen.value, seen.samples


@pytest.mark.parametrize(
    ("metric", "expected", "samples"),
    [
        ("hit_rate", 80, 100),
        ("call_reduction", 60, 100),
        ("calls", 20, 40),
        ("error_rate", 10, 40),
    ],
)
def test_each_metric_is_made_of_the_rows_that_it_names(metric, expected, samples):
    """Of all tables, and of one; never an average of averages."""
    busy_minutes()
    assert value(metric) == (pytest.approx(expected), samples)
    assert value(metric, "api.contacts") == (pytest.approx(expected), samples)
    assert value(metric, "api.invoices")[1] == 0


def test_an_outage_with_an_open_breaker_is_an_error_and_no_saving():
    """What cannot leave any more is counted as failed, or the alert would fall silent with it."""
    busy_minutes()
    for n in range(2):
        counted(n, "asked", "error", 60)
        counted(n, "unsent", "circuit open", 60)
    assert value("error_rate") == (pytest.approx(100 * 124 / 160), 160)
    assert value("call_reduction") == (pytest.approx(100 * 60 / 220), 220)
    assert value("calls") == (20, 40)


@pytest.mark.parametrize(("metric", "samples"), [("p95", 100), ("pool_waiting", 20)])
def test_times_are_quantiles_of_the_summed_histogram(metric, samples):
    """The slowest tenth decides: 400 ms, within a bucket's width."""
    busy_minutes()
    seen, of = value(metric)
    assert seen == pytest.approx(400, rel=0.06)
    assert of == samples


def test_the_age_of_the_figures_fires_when_the_snapshot_stops_and_not_after_a_night():
    """Its own figures are never too old to be judged."""
    AlertRuleFactory(
        metric=Metric.SNAPSHOT_AGE, relation="", direction="above", fire_at=300, recover_at=120
    )
    traffic(0, 1, 1)
    phases = []
    for minutes in range(12):
        evaluate_all(stored_at(0) + minutes * MINUTE)
        phases.append(AlertState.objects.get().phase)
    assert phases[:3] == ["ok"] * 3
    assert phases[-1] == "firing"
    assert Notice.objects.count() == 1
    traffic(12, 1, 1)
    for minutes in range(3):
        traffic(13 + minutes, 1, 1)
        evaluate_all(stored_at(13 + minutes))
    assert AlertState.objects.get().phase == "ok"


def test_a_rule_whose_figure_cannot_be_read_is_in_error_and_the_others_are_judged():
    """A histogram that is none; it is shown, and cured by good data."""
    traffic(0, 9, 1)
    MinuteTallyFactory(minute=minute_at(0), outcome="bypass")
    with connection.cursor() as cursor:
        cursor.execute("""UPDATE optimizer_minutetally SET buckets = '{"x": 1}'""")
    AlertRuleFactory(name="a", metric="p95", direction="above", fire_at=99, recover_at=9)
    AlertRuleFactory(name="b")
    evaluate_all(stored_at(0))
    broken, fine = AlertState.objects.order_by("rule__name")
    assert (broken.phase, fine.phase) == ("error", "ok")
    assert "ValueError" in broken.error
    traffic(1, 9, 1)
    evaluate_all(stored_at(1))
    broken.refresh_from_db()
    assert (broken.phase, broken.error) == ("ok", "")


def test_a_table_is_refused_where_the_metric_has_none():
    """The pool is of the process, not of a table."""
    with pytest.raises(ValidationError, match="not counted by table"):
        AlertRuleFactory.build(metric="pool_waiting").full_clean()


@pytest.mark.parametrize(
    ("metric", "number", "text"),
    [
        (Metric.HIT_RATE, 41.24, "41.2 %"),
        (Metric.P95, 12345.6, "12,346 ms"),
        (Metric.CALLS, None, "unknown"),
    ],
)
def test_figures_have_their_unit(metric, number, text):
    """And those that are not known say so."""
    assert figure(metric, number) == text


def week(bad_from, bad_until):
    """A day's minutes before now, bad for a stretch; the end."""
    end = floor(timezone.now(), MINUTE) - MINUTE
    for n in range(240):
        minute = end - (240 - n) * MINUTE
        hits = 2 if bad_from <= n < bad_until else 9
        SnapshotRunFactory(minute=minute, ran_at=minute + timedelta(seconds=70))
        MinuteTallyFactory(minute=minute, outcome="hit", count=hits)
        MinuteTallyFactory(minute=minute, outcome="miss", count=10 - hits)
    return end


def test_the_preview_says_how_often_it_would_have_fired():
    """The same turns as if the rule had been there."""
    end = week(100, 130)
    seen = preview(AlertRuleFactory(), timezone.now(), timezone.get_current_timezone())
    assert (seen.fired, seen.known, seen.now) == (1, "4 h", "ok")
    [(since, _, lasted)] = seen.alarms
    assert f"{end - 139 * MINUTE:%H:%M}" in since
    assert lasted == "30 min"
    stricter = AlertRuleFactory(for_minutes=60)
    assert preview(stricter, timezone.now(), timezone.get_current_timezone()).fired == 0


def test_the_preview_says_when_a_rule_would_fire_too_often():
    """A figure that swings around thresholds without a distance, and the same with one."""
    end = floor(timezone.now(), MINUTE) - MINUTE
    for n in range(80):
        minute, hits = end - (80 - n) * MINUTE, 58 if n % 8 < 4 else 62
        SnapshotRunFactory(minute=minute, ran_at=minute + timedelta(seconds=70))
        MinuteTallyFactory(minute=minute, outcome="hit", count=hits)
        MinuteTallyFactory(minute=minute, outcome="miss", count=100 - hits)
    nervous, calm = AlertRuleFactory(recover_at=60), AlertRuleFactory()
    zone = timezone.get_current_timezone()
    often, once = (preview(rule, timezone.now(), zone) for rule in (nervous, calm))
    assert (often.fired, once.fired) == (10, 1)
    assert "more than once a day" in often.note
    assert once.note == ""


@pytest.mark.parametrize("metric", list(Metric))
def test_every_metric_can_be_previewed(metric, client):
    """On the page of the admin, drawn without a script; and where nothing is stored."""
    client.force_login(get_user_model().objects.create_superuser("alice", "a@example.com", "pw"))
    by_table = MEASURES[metric].by_relation
    rule = AlertRuleFactory(metric=metric, relation="api.contacts" if by_table else "")
    page = reverse("admin:optimizer_alertrule_preview", args=[rule.pk])
    assert "would have fired 0 times" in client.get(page).content.decode()
    week(0, 0)
    drawn = client.get(page).content.decode()
    assert "It would have fired" in drawn
    nothing_sent = metric in (Metric.POOL_WAITING, Metric.ERROR_RATE)
    assert nothing_sent is ("<polyline" not in drawn)


def test_a_sliding_window_sums_what_a_fresh_one_does():
    """The preview's figures are those of the judging."""
    busy_minutes()
    for n in range(2, 12):
        traffic(n, n, 12 - n)
    rule = AlertRuleFactory.build(
        window_minutes=5, metric="p95", direction=Direction.ABOVE, fire_at=70, recover_at=60
    ).as_rule()
    minutes = series.by_minute(rule, NOON, minute_at(12))
    for n in range(5, 12):
        whole = series.observe(rule, minute_at(n), stored_at(n))
        summed = Parts()
        for k in range(n - 5, n):
            summed.add(minutes[minute_at(k)])
        value = valuer(rule, NOON)(summed, minute_at(n))
        assert Observation(minute_at(n), value, summed.bottom) == whole
