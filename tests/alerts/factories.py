"""Rules, and the traffic that they judge."""

from datetime import UTC, datetime, timedelta

import factory

from optimizer.alerts.grouping import GROUP_WAIT, group_due
from optimizer.domain.recency import MINUTE
from optimizer.models import AlertRule, Outbox, SnapshotRun
from tests.metrics.factories import MinuteTallyFactory, SnapshotRunFactory

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LAG = timedelta(seconds=70)  # after its end a minute is stored


class AlertRuleFactory(factory.django.DjangoModelFactory):
    """Below 60 % for two minutes fires, 70 % for two minutes recovers; Alice is mailed."""

    name = factory.Sequence(lambda n: f"rule {n}")
    relation = "api.contacts"
    fire_at = 60
    recover_at = 70
    window_minutes = 1
    for_minutes = 2
    min_samples = 10
    recipients = "alice@example.com"

    class Meta:
        """Of this model."""

        model = AlertRule


class OutboxFactory(factory.django.DjangoModelFactory):
    """A mail to Alice, due at noon."""

    key = factory.Sequence(lambda n: f"{n:064x}")
    recipient = "alice@example.com"
    subject = "[Canvalo] Fired: contacts"
    text = "The hit rate fell."
    html = "<p>The hit rate fell.</p>"
    created_at = NOON
    next_attempt_at = NOON

    class Meta:
        """Of this model."""

        model = Outbox


def grouped(now: datetime) -> int:
    """Put into mails what was written until now; how many mails."""
    return group_due(now + GROUP_WAIT)


def minute_at(n: int) -> datetime:
    """The start of the n-th minute after noon."""
    return NOON + n * MINUTE


def stored_at(n: int) -> datetime:
    """When that minute has just been stored."""
    return minute_at(n + 1) + LAG


def traffic(n: int, hits: int, misses: int, relation: str = "api.contacts") -> None:
    """What the n-th minute counted; call it once a minute and relation."""
    if not SnapshotRun.objects.filter(minute=minute_at(n)).exists():
        SnapshotRunFactory(minute=minute_at(n), ran_at=stored_at(n))
    for outcome, count in (("hit", hits), ("miss", misses)):
        MinuteTallyFactory(minute=minute_at(n), relation=relation, outcome=outcome, count=count)
