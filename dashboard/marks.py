"""What happened beside the traffic: changed settings, deploys, alerts. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

MOST = 26  # a letter each; the newest are kept
CLOSE = 1 / 30  # of the range: nearer letters would touch on a phone


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


def bundled(marks: Iterable[Lettered], length: timedelta) -> list[list[Lettered]]:
    """Runs of marks, in their order, whose letters would be drawn on one another."""
    runs: list[list[Lettered]] = []
    for mark in marks:
        if runs and _moment(mark) - _moment(runs[-1][0]) < length * CLOSE:
            runs[-1].append(mark)
        else:
            runs.append([mark])
    return runs


def _moment(mark: Lettered) -> datetime:
    return datetime.fromisoformat(mark.at)


def written(at: datetime, zone: tzinfo) -> str:
    """A moment as charts take it: they draw the text as it is and shift no zone."""
    return at.astimezone(zone).isoformat(" ", "minutes")[:16]
