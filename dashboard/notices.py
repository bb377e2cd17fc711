"""What is wrong, or what to do next; nothing when all is well. Pure."""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from dashboard.formats import age
from optimizer.domain.recency import Freshness


@dataclass(frozen=True, slots=True)
class Notice:
    """What the reader must know before the figures: `kind` chooses one of the page's notices."""

    kind: str  # "ok", "waiting", "quiet", "stalled"
    text: str = ""


def notice(fresh: Freshness, now: datetime, zone: tzinfo, *, empty: bool) -> Notice:
    """The one that matters most."""
    if fresh.ran_at is None:
        return Notice("waiting")
    if fresh.is_stalled(now):
        since = f"{fresh.ran_at.astimezone(zone):%H:%M:%S}, {age(now - fresh.ran_at)} ago"
        return Notice("stalled", f"The last snapshot ran at {since}. Newer figures are missing.")
    return Notice("quiet" if empty else "ok")
