"""The query shapes that are asked most, and samples of slow and missed reads."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from optimizer.config import connect_blocking
from optimizer.errors import CacheUnavailable
from optimizer.metrics import shapelist
from optimizer.metrics.noted import Sample
from optimizer.metrics.shapelist import Shape

MOST = 100  # shapes that are listed
DAYS = 7  # at most, today included


@dataclass(frozen=True, slots=True)
class Shapes:
    """Both lists; neither holds a value of any question."""

    top: list[Shape]
    samples: list[Sample]


def shapes_or_none(now: datetime, days: int = 1) -> Shapes | None:
    """The same for a page, which goes on without them: None where the ledger does not answer."""
    try:
        return shapes(now, days)
    except CacheUnavailable:
        return None


def shapes(now: datetime, days: int = 1) -> Shapes:
    """Those of the last days, in UTC; raises CacheUnavailable."""
    today = int(now.timestamp()) // 86_400
    wanted = range(today - min(days, DAYS) + 1, today + 1)
    with connect_blocking(settings.VALKEY_URL) as client:
        return Shapes(shapelist.top(client, wanted, MOST), shapelist.samples(client))
