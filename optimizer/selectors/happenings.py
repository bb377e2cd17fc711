"""What happened beside the traffic and may explain it: changed settings, and alerts."""

from dataclasses import dataclass
from datetime import datetime

from optimizer.domain.rules import Event
from optimizer.models import Notice, SettingsChange

MOST = 200  # of each kind, the newest
_TOLD = (Event.FIRED, Event.RESOLVED, Event.CLOSED)


@dataclass(frozen=True, slots=True)
class Happening:
    """Something at a moment, in words; `by` is a user's name or empty."""

    at: datetime
    kind: str  # "setting" or "alert"
    text: str
    by: str = ""


def happenings(start: datetime, end: datetime) -> list[Happening]:
    """Those of a range, in their order."""
    return sorted([*_settings(start, end), *_alerts(start, end)], key=lambda one: one.at)


def _settings(start: datetime, end: datetime) -> list[Happening]:
    rows = SettingsChange.objects.filter(at__gte=start, at__lt=end).select_related("by")
    return [
        Happening(row.at, "setting", str(row), row.by.get_username() if row.by else "")
        for row in rows.order_by("-at")[:MOST]
    ]


def _alerts(start: datetime, end: datetime) -> list[Happening]:
    """One a turn of a rule, however many addresses were told."""
    rows = Notice.objects.filter(created_at__gte=start, created_at__lt=end, event__in=_TOLD)
    turns = rows.values_list("created_at", "event", "rule__name").distinct()
    return [
        Happening(at, "alert", f"{name or 'a removed rule'}: {_SAID[Event(event)]}")
        for at, event, name in turns.order_by("-created_at")[:MOST]
    ]


_SAID = {Event.FIRED: "fires", Event.RESOLVED: "is over", Event.CLOSED: "is over"}
