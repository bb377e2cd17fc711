"""How new what is stored is, and when that is too old."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

MINUTE = timedelta(minutes=1)
# A snapshot runs every 20 s and stores a minute once it is over: data this old is on time.
USUAL_LAG = timedelta(seconds=90)
STALLED_AFTER = timedelta(seconds=150)


@dataclass(frozen=True, slots=True)
class Freshness:
    """How new the stored data is; both unknown before the first snapshot."""

    newest_minute: datetime | None = None
    ran_at: datetime | None = None

    @property
    def data_until(self) -> datetime | None:
        """The end of the newest stored minute."""
        return self.newest_minute + MINUTE if self.newest_minute else None

    def until(self, now: datetime) -> datetime:
        """The end of what can be shown: the newest data, or the time from which it is overdue."""
        overdue = floor(now - USUAL_LAG, MINUTE)
        return max(overdue, min(self.data_until or overdue, floor(now, MINUTE)))

    def is_stalled(self, now: datetime) -> bool:
        """Whether the snapshot ran once and then stopped."""
        return self.ran_at is not None and now - self.ran_at > STALLED_AFTER


@dataclass(frozen=True, slots=True)
class CacheFill:
    """How full the shared tier is."""

    active: int
    limit: int


def floor(at: datetime, step: timedelta) -> datetime:
    """The last round time that is not after `at`."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return at - (at - epoch) % step
