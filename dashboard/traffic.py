"""What was asked, sent and avoided, in tiles: of everything, or of one relation. Pure."""

from collections.abc import Callable

from dashboard.content import Tile, tile
from dashboard.formats import UNKNOWN, Measure, change, count, duration, percent, points, size
from optimizer.domain.figures import Figures
from optimizer.domain.recency import CacheFill


def tiles(total: Figures, then: Figures | None, *, in_bytes: bool) -> list[Tile]:
    """The tiles of traffic, compared with the period before where that is given."""
    counted = byte_tiles(total, then) if in_bytes else call_tiles(total, then)
    return [hit_rate(total, then), *counted, answer_time(total, then)]


def hit_rate(total: Figures, then: Figures | None) -> Tile:
    """Hits among hits and misses."""
    found = total.hits + total.stale
    looked = found + total.misses
    note = f"{count(found)} of {count(looked)} cacheable reads" if looked else "none asked"
    compared = "" if then is None else points(total.hit_rate, then.hit_rate)
    return tile("hit-rate", "Hit rate", percent(total.hit_rate), note, compared)


def call_tiles(total: Figures, then: Figures | None) -> list[Tile]:
    """Requests, as callers and as Supabase count them."""
    share = f"{percent(avoided_share(total))} of those asked" if total.asked else "none asked"
    asked, sent, avoided = (
        (Measure(count(take(total))), _change(take, total, then)) for take in _CALLS
    )
    return [
        tile("asked", "Calls asked", asked[0], "reads and writes", asked[1]),
        tile("sent", "Calls sent", sent[0], to_supabase(total), sent[1]),
        tile("avoided", "Calls avoided", avoided[0], share, avoided[1]),
    ]


def to_supabase(total: Figures) -> str:
    """Where calls went, and how many requests could not."""
    return f"to Supabase; {count(total.unsent)} could not leave" if total.unsent else "to Supabase"


def byte_tiles(total: Figures, then: Figures | None) -> list[Tile]:
    """Bytes on the wire from Supabase, and those that answers from the cache would have cost."""
    share = f"{percent(avoided_bytes_share(total))} of those needed"
    needed, received, avoided = ((size(take(total)), _change(take, total, then)) for take in _BYTES)
    return [
        tile("needed-bytes", "Bytes needed", needed[0], "without the cache", needed[1]),
        tile("received-bytes", "Bytes received", received[0], "from Supabase", received[1]),
        tile("avoided-bytes", "Bytes avoided", avoided[0], share, avoided[1]),
    ]


def answer_time(total: Figures, then: Figures | None) -> Tile:
    """How long a caller waited."""
    fetched = total.seconds_fetched
    note = "nothing to compare" if fetched is None else f"{duration(fetched)} where Supabase did"
    compared = _change(lambda f: f.seconds_cached, total, then)
    return tile("answer", "Answer time, cached", duration(total.seconds_cached), note, compared)


def entries(fill: CacheFill | None) -> Tile:
    """How full the shared tier is."""
    if fill is None:
        return tile("entries", "Cache entries", Measure(UNKNOWN), "the cache does not answer")
    limit = f"of {count(fill.limit)} at most"
    return tile("entries", "Cache entries", Measure(count(fill.active)), limit)


def hit_percent(figures: Figures) -> float | None:
    """Hits among hits and misses, per cent."""
    return None if figures.hit_rate is None else 100 * figures.hit_rate


def needed_bytes(figures: Figures) -> int:
    """What Supabase would have sent without the cache."""
    return figures.received + figures.avoided_bytes


def avoided_share(figures: Figures) -> float | None:
    """The avoided part of the calls."""
    return figures.avoided / figures.asked if figures.asked else None


def avoided_bytes_share(figures: Figures) -> float | None:
    """The avoided part of the bytes."""
    needed = needed_bytes(figures)
    return figures.avoided_bytes / needed if needed > 0 else None


def avoided_bytes_percent(figures: Figures) -> float | None:
    """The avoided part of the bytes, per cent."""
    share = avoided_bytes_share(figures)
    return None if share is None else max(0.0, 100 * share)


_CALLS: tuple[Callable[[Figures], int], ...] = (
    lambda f: f.asked,
    lambda f: f.sent,
    lambda f: f.avoided,
)
_BYTES: tuple[Callable[[Figures], int], ...] = (
    needed_bytes,
    lambda f: f.received,
    lambda f: f.avoided_bytes,
)


def _change(take: Callable[[Figures], float | None], total: Figures, then: Figures | None) -> str:
    return "" if then is None else change(take(total), take(then))
