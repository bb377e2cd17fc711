"""Figures as people read them: grouped digits, a unit that fits, a dash for what is unknown."""

from datetime import timedelta
from typing import NamedTuple

UNKNOWN = "–"  # noqa: RUF001 - a dash is meant


class Measure(NamedTuple):
    """A number and its unit, set apart so that the unit can be drawn smaller."""

    number: str
    unit: str = ""

    def __str__(self) -> str:
        """Both in one text, for tables."""
        return f"{self.number} {self.unit}".strip()


def count(number: int) -> str:
    """A whole number with its thousands grouped."""
    return f"{number:,}"


def percent(share: float | None) -> Measure:
    """A share of one as per cent, with one decimal."""
    return Measure(UNKNOWN) if share is None else Measure(f"{100 * share:.1f}", "%")


def size(number: int | None) -> Measure:
    """Bytes with three digits at most, in the decimal units in which they are billed."""
    if number is None:
        return Measure(UNKNOWN)
    for factor, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if abs(number) >= factor * 0.9995:
            return Measure(_three_digits(number / factor), unit)
    return Measure(count(number), "B")


def duration(seconds: float | None) -> Measure:
    """A time with three digits at most, in µs, ms or s."""
    if seconds is None:
        return Measure(UNKNOWN)
    for factor, unit in ((1e6, "µs"), (1e3, "ms")):
        if seconds * factor < 999.5:
            return Measure(f"{seconds * factor:.3g}", unit)
    return Measure(f"{seconds:,.1f}", "s")


def age(time: timedelta | None) -> Measure:
    """How long ago, in the largest unit that is not zero."""
    if time is None:
        return Measure(UNKNOWN)
    seconds = max(0, int(time.total_seconds()))
    for length, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * length:
            return Measure(count(seconds // length), unit)
    return Measure(str(seconds), "s")


def change(now: float | None, before: float | None) -> str:
    """How much more or less than before, of numbers: "+12.5 %"; empty where it says nothing."""
    if now is None or not before:
        return ""
    return f"{100 * (now - before) / abs(before):+,.1f} %".replace("-", "−")  # noqa: RUF001


def points(now: float | None, before: float | None) -> str:
    """How much more or less than before, of shares of one: "+2.5 points"."""
    if now is None or before is None:
        return ""
    return f"{100 * (now - before):+.1f} points".replace("-", "−")  # noqa: RUF001


def _three_digits(number: float) -> str:
    digits = 2 if abs(number) < 9.995 else 1 if abs(number) < 99.95 else 0
    return f"{number:,.{digits}f}"


def span_said(span: timedelta) -> str:
    """A length in its two largest units: "2 d 3 h"."""
    minutes = max(0, span // timedelta(minutes=1))
    parts = ((minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min"))
    said = [f"{n} {unit}" for n, unit in parts if n]
    return " ".join(said[:2]) or "under a minute"
