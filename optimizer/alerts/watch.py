"""The dead man's switch: is the recurring work still done? Asked by who does not do it.

The web process asks, so that beat and worker may both be dead.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Value

from optimizer.errors import RecipientLeft
from optimizer.models import AlertState, Outbox, Pulse, SnapshotRun

LATE_AFTER = timedelta(seconds=150)  # of work that is done twice or thrice a minute
DAY = timedelta(days=1)
SNAPSHOTS, EVALUATIONS, DELIVERIES = "snapshots", "evaluations", "deliveries"
WORK = (SNAPSHOTS, EVALUATIONS, DELIVERIES)


@dataclass(frozen=True, slots=True)
class Late:
    """Work that is overdue; `last` is when it was last done, if ever."""

    name: str
    last: datetime | None


def beat(name: str, now: datetime) -> None:
    """Note that this work was done to its end."""
    row = [Pulse(name=name, at=now)]
    Pulse.objects.bulk_create(
        row, update_conflicts=True, update_fields=["at"], unique_fields=["name"]
    )


def last_done(name: str) -> datetime | None:
    """When this work was last done to its end."""
    return Pulse.objects.filter(name=name).values_list("at", flat=True).first()


def late(now: datetime, since: datetime) -> list[Late]:
    """What is overdue; before `since` nothing was expected, for the asker was not there either.

    So a stack that was switched off for a night does not come up with an alarm.
    """
    last = _last(now + LATE_AFTER)
    return [
        Late(name, at) for name, at in last.items() if now - max(at or since, since) > LATE_AFTER
    ]


def broken_rules() -> list[str]:
    """The names of the rules whose figures cannot be read."""
    found = AlertState.objects.filter(phase="error", rule__enabled=True)
    return list(found.values_list("rule__name", flat=True))


def undelivered(now: datetime) -> int:
    """How many mails were given up within a day; those of who has unsubscribed are no fault."""
    dead = Outbox.objects.filter(state=Outbox.Delivery.DEAD, next_attempt_at__gt=now - DAY)
    return dead.exclude(last_error__startswith=RecipientLeft.__name__).count()


def _last(latest: datetime) -> dict[str, datetime | None]:
    """When each was last done; what a clock that was ahead has written says nothing."""
    runs = SnapshotRun.objects.annotate(name=Value(SNAPSHOTS)).filter(ran_at__lte=latest)
    ran = runs.order_by("-ran_at").values_list("name", "ran_at")[:1]
    pulses = Pulse.objects.filter(at__lte=latest).values_list("name", "at")
    at = dict(pulses.union(ran))  # one statement: it is asked for each page
    return {name: at.get(name) for name in WORK}
