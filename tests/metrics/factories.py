"""Rows and facts for the tests of counting."""

from datetime import UTC, datetime, timedelta

import factory

from optimizer.domain.facts import CacheRead, Operation, ReadOutcome, Tier, UpstreamCall
from optimizer.models import MinuteTally, SnapshotRun

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class SnapshotRunFactory(factory.django.DjangoModelFactory):
    """A minute that is known, stored a little after its end."""

    minute = factory.Sequence(lambda n: NOON + timedelta(minutes=n))
    ran_at = factory.LazyAttribute(lambda run: run.minute + timedelta(seconds=70))
    keys = 1

    class Meta:
        """Of this model."""

        model = SnapshotRun


class MinuteTallyFactory(factory.django.DjangoModelFactory):
    """Reads of one outcome in one minute, a millisecond each."""

    minute = NOON
    step = "asked"
    relation = "api.contacts"
    operation = "read"
    outcome = "hit"
    count = 1
    nanoseconds = factory.LazyAttribute(lambda row: row.count * 1_000_000)
    received = 0
    sent = 0
    rows = 0
    failed = 0
    calls = 0
    buckets = factory.LazyAttribute(lambda row: {"73": row.count})

    class Meta:
        """Of this model."""

        model = MinuteTally


def read(outcome: ReadOutcome = ReadOutcome.HIT, relation: str = "api.contacts", seconds=0.001):
    """A read that was answered."""
    return CacheRead(relation, outcome, Tier.L1, None, seconds, 500)


def call(relation: str = "api.contacts", status: int = 200, seconds: float = 0.02):
    """A request that left for Supabase."""
    return UpstreamCall(relation, Operation.READ, status, seconds, 400, 5000)
