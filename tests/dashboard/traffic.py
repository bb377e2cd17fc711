"""Traffic for the tests of pages, stored as the snapshot stores it."""

from datetime import datetime, timedelta

from django.utils import timezone

from optimizer.domain.recency import MINUTE, floor
from optimizer.domain.tally import Key, Tally
from optimizer.metrics import store

DAY = timedelta(days=1)


def last_minute() -> datetime:
    """The newest closed minute."""
    return floor(timezone.now(), MINUTE) - MINUTE


def events(count: int, seconds: float = 0.001, received: int = 500) -> Tally:
    """So many events of equal duration and size."""
    tally = Tally()
    for _ in range(count):
        tally.add(seconds, received)
    return tally


def happened(hits=0, misses=0, sent=None, relation="api.contacts", **outcomes) -> dict[Key, Tally]:
    """Reads of one relation by outcome, and the calls that went out for them."""
    reads = {"hit": hits, "miss": misses, **outcomes}
    found = {
        Key("asked", relation, "read", outcome): events(n, 0.001 if outcome == "hit" else 0.08)
        for outcome, n in reads.items()
        if n
    }
    calls = misses if sent is None else sent
    if calls:
        found[Key("sent", relation, "read", "ok")] = events(calls, 0.07)
    return found


def save(minute: datetime, *tallies: dict[Key, Tally], ran_at: datetime | None = None) -> None:
    """Store a minute."""
    found = {key: tally for one in tallies for key, tally in one.items()}
    store.save(minute, "life", found, ran_at or timezone.now())


def keep(minute: datetime, *tallies: dict[Key, Tally], ran_at: datetime | None = None) -> None:
    """Store a minute, and sum up all that is stored."""
    save(minute, *tallies, ran_at=ran_at)
    store.rollup(timezone.now())
