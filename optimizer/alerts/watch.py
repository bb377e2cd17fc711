"""The dead man's switch: is the recurring work still done? Asked by who does not do it.

The web process asks, so that beat and worker may both be dead.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Value

from optimizer.models import AlertState, Pulse, SnapshotRun

LATE_AFTER = timedelta(seconds=150)  # of work that is done twice or thrice a minute
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
    last = _last()
    return [
        Late(name, at) for name, at in last.items() if now - max(at or since, since) > LATE_AFTER
    ]


def broken_rules() -> list[str]:
    """The names of the rules whose figures cannot be read."""
    found = AlertState.objects.filter(phase="error", rule__enabled=True)
    return list(found.values_list("rule__name", flat=True))


def _last() -> dict[str, datetime | None]:
    ran = SnapshotRun.objects.annotate(name=Value(SNAPSHOTS)).order_by("-ran_at")[:1]
    pulses = Pulse.objects.values_list("name", "at").union(ran.values_list("name", "ran_at"))
    at = dict(pulses)  # one statement: it is asked for each page
    return {name: at.get(name) for name in WORK}
