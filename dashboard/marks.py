"""What happened beside the traffic: changed settings, deploys, alerts. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo

MOST = 26  # a letter each; the newest are kept


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """Something at a moment."""

    at: datetime
    kind: str  # "setting", "deploy", "alert"
    text: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class Lettered:
    """A mark as the charts and the list below them name it."""

    letter: str
    at: str
    kind: str
    text: str
    by: str


def lettered(marks: Iterable[Mark], zone: tzinfo) -> list[Lettered]:
    """The newest marks in their order, each with its letter."""
    kept = sorted(marks)[-MOST:]
    return [
        Lettered(chr(ord("A") + i), written(mark.at, zone), mark.kind, mark.text, mark.by)
        for i, mark in enumerate(kept)
    ]


def written(at: datetime, zone: tzinfo) -> str:
    """A moment as charts take it: they draw the text as it is and shift no zone."""
    return at.astimezone(zone).isoformat(" ", "minutes")[:16]
