"""The recurring task is killed before and after each of its steps; the next run makes it whole."""

from contextlib import contextmanager
from datetime import UTC, timedelta

import pytest
import redis
from django.db import connection
from django.db.models import Sum

from optimizer.metrics import ledger, store
from optimizer.metrics.recorder import Recorder, flush_blocking
from optimizer.metrics.store.lifetime import everything, stored_totals
from optimizer.models import MinuteTally, SpanFigures, SpanTally
from tests.metrics.factories import NOON, read

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


class Killer:
    """Kills at the given one of all the moments before and after a statement or a command."""

    def __init__(self, moment):
        self.left = moment

    def pass_by(self):
        """One moment more; after the kill only the database works, which rolls back."""
        self.left -= 1
        if self.left == -1:
            raise KeyboardInterrupt

    def statement(self, execute, *args):
        """Watch a statement."""
        self.pass_by()
        done = execute(*args)
        self.pass_by()
        return done


class Watched(redis.Redis):
    """A client each of whose commands is two moments."""

    killer = Killer(10**9)

    def execute_command(self, *args, **options):
        """Watch a command."""
        self.killer.pass_by()
        done = super().execute_command(*args, **options)
        self.killer.pass_by()
        return done


@contextmanager
def killed_at(moment, client):
    """Whatever is done here dies at that moment; False is answered where it was never reached."""
    client.killer = killer = Killer(moment)
    reached = []
    try:
        with connection.execute_wrapper(killer.statement):
            yield reached
    except KeyboardInterrupt:
        reached.append(True)
    finally:
        client.killer = Killer(10**9)


def task(client, now):
    """What the timetable does, in its order."""
    store.snapshot(client, now)
    store.keep_totals(client)
    store.rollup(now, UTC)
    store.expire(now)


def sums(client):
    """What each place says was asked."""
    live = ledger.read_totals_blocking(client).by_ledger
    ever = everything(stored_totals(), live)
    grains = [SpanTally.objects.filter(grain=g) for g in (15, 60, 1440)]
    drawn = SpanFigures.objects.filter(grain=1440, relation="")
    return [
        sum(tally.count for key, tally in ever.items() if key.step == "asked"),
        *(total(rows.filter(step="asked"), "count") for rows in (MinuteTally.objects, *grains)),
        total(drawn, "asked"),
    ]


def total(rows, column):
    """The sum of a column."""
    return rows.aggregate(n=Sum(column))["n"] or 0


@pytest.mark.slow
def test_killed_at_any_moment_the_next_run_ends_with_the_truth(clock, fresh_valkey):
    """A new minute, a late arrival, an ended life of the ledger: each moment of their storing."""
    client, recorder, counted, moment = Watched.from_url(fresh_valkey), Recorder("p", clock), 0, 0
    reached = [True]
    while reached:
        now = NOON + moment * MINUTE
        for at in (now, now - 2 * MINUTE):
            clock.now = at.timestamp()
            recorder.record(read())
            counted += 1
        flush_blocking(recorder, client)
        if moment % 7 == 0:
            begin_another_life(client)
        with killed_at(moment, client) as reached:
            task(client, now + 2 * MINUTE)
        task(client, now + 2 * MINUTE)
        assert sums(client) == [counted] * 6, f"killed at moment {moment}"
        moment += 3  # odd, so that it falls before and after steps in turn
    assert moment > 150
    client.close()


def begin_another_life(client):
    """As after a restart of the server."""
    life = client.get(ledger.PREFIX + "life").decode()
    client.set(ledger.PREFIX + "life", "an-earlier-run:" + life.split(":")[1])
