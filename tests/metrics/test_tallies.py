"""What pages read beside the series: points by outcome and reason, and sums of each relation."""

from datetime import UTC, timedelta

import pytest

from optimizer import selectors
from optimizer.domain.request import Wanted
from optimizer.domain.tally import Key, Step, Tally
from optimizer.metrics import store
from optimizer.models import TableSettings
from tests.metrics.factories import NOON

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
COLD = Key("asked", "api.contacts", "read", "miss", "cold", "upstream")
EXPIRED = Key("asked", "api.invoices", "read", "miss", "expired", "upstream")
LENT = Key("lent", "", "", "reused")


def times(count, seconds):
    """So many events of equal duration."""
    tally = Tally()
    for _ in range(count):
        tally.add(seconds, 10)
    return tally


@pytest.fixture
def stored():
    """Two minutes of a quarter, and the quarter."""
    store.save(NOON, "one", {COLD: times(3, 0.1), LENT: times(4, 0.001)}, NOON + MINUTE)
    store.save(NOON + MINUTE, "one", {COLD: times(1, 0.1), EXPIRED: times(2, 0.2)}, NOON + MINUTE)
    store.rollup(NOON + 2 * MINUTE, UTC)


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("step", [1, 15, 60, 1440])
def test_reasons_add_up_at_every_step(step):
    """From minutes, and from each coarser grain."""
    start = NOON.replace(hour=0) if step == 1440 else NOON
    wanted = Wanted(start, start + timedelta(minutes=max(step, 3)), step, UTC)
    found = selectors.tallies(wanted, Step.ASKED)
    reasons = [point.counts.by_reason() for point in found]
    assert sum(r.get("cold", 0) for r in reasons) == 4
    assert sum(r.get("expired", 0) for r in reasons) == 2
    assert sum(point.minutes for point in found) == 2
    assert sum(point.counts.of(Step.ASKED).received for point in found) == 60


@pytest.mark.usefixtures("stored")
def test_one_relation_is_told_from_the_others():
    """Its reasons alone."""
    wanted = Wanted(NOON, NOON + 2 * MINUTE, 1, UTC)
    first, second = selectors.tallies(wanted, Step.ASKED, relation="api.invoices")
    assert (first.counts.by_reason(), second.counts.by_reason()) == ({}, {"expired": 2})
    assert (first.minutes, second.minutes) == (1, 1)


@pytest.mark.usefixtures("stored")
def test_times_of_leases_come_with_their_histogram():
    """A percentile can be told of each point."""
    wanted = Wanted(NOON, NOON + MINUTE, 1, UTC)
    (point,) = selectors.tallies(wanted, Step.LENT, buckets=True)
    assert point.counts.of(Step.LENT).quantile(0.95) == pytest.approx(0.001, rel=0.05)
    assert point.counts.of(Step.ASKED).count == 0


@pytest.mark.usefixtures("stored")
def test_the_sums_of_each_relation():
    """All but the one that stands for all."""
    found = selectors.relations(Wanted(NOON, NOON + 2 * MINUTE, 1, UTC))
    assert {name: figures.misses for name, figures in found.items()} == {
        "api.contacts": 4,
        "api.invoices": 2,
    }


def test_a_relation_is_set_by_its_own_row_or_by_its_bare_name_or_not_at_all():
    """As the cache reads it."""
    assert selectors.relation_setting("api.orders").pk is None
    bare = TableSettings.objects.create(relation="orders", ttl_seconds=7)
    found = selectors.relation_setting("api.orders")
    assert (found.pk, found.ttl, found.enabled) == (bare.pk, 7, True)
    full = TableSettings.objects.create(relation="api.orders", enabled=False)
    found = selectors.relation_setting("api.orders")
    assert (found.pk, found.enabled) == (full.pk, False)
