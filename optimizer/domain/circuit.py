"""A circuit breaker's states: who fails too often is left alone for a while, then probed.

closed → open where too many calls failed in one window of time and in the next, so that a restart
of a moment opens nothing → half-open after a pause, with a few probes → closed where they succeed,
open again for twice as long where one fails. `now` is handed in.
"""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Whether calls pass."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True)
class Terms:
    """When it opens and for how long; times in seconds."""

    window: float = 2.0  # calls are remembered for one to two of these
    least: int = 20  # calls in two windows, below which nothing is concluded
    share: float = 0.5  # of failures in each of the two, at which it opens
    pause: float = 1.0  # until the first probes
    longest: float = 30.0  # the pause after repeated failure
    probes: int = 3  # that must succeed


class Circuit:
    """Counts how calls ended; a call that was admitted must be reported, whatever became of it."""

    def __init__(self, terms: Terms | None = None) -> None:
        """Begin closed."""
        self.terms = terms or Terms()
        self.state = State.CLOSED
        self._pause = self.terms.pause
        self._opened_at = 0.0
        self._probing = self._proved = 0
        self._since = float("-inf")
        self._calls: tuple[int, int] = (0, 0)  # of this window, and how many of them failed
        self._before = self._calls  # of the window before it

    def admit(self, now: float) -> bool:
        """Whether a call may be made now."""
        if self.state is State.CLOSED:
            return True
        if self.state is State.OPEN and now - self._opened_at >= self._pause:
            self.state, self._probing, self._proved = State.HALF_OPEN, 0, 0
        if self.state is State.OPEN or self._probing + self._proved >= self.terms.probes:
            return False
        self._probing += 1
        return True

    def opens_in(self, now: float) -> float:
        """Seconds until the next probe may be admitted, as far as that is known."""
        left = self._opened_at + self._pause - now
        return max(0.0, left) if self.state is State.OPEN else 0.0

    def report(self, well: bool | None, now: float) -> None:
        """Say how an admitted call ended; None where it says nothing, as when it was cancelled."""
        if self.state is State.CLOSED:
            self._count(well, now)
        elif self.state is State.HALF_OPEN:
            self._judge(well, now)

    def _count(self, well: bool | None, now: float) -> None:
        if now - self._since >= self.terms.window:
            recent = now - self._since < 2 * self.terms.window
            before = self._calls if recent else (0, 0)
            self._since, self._calls, self._before = now, (0, 0), before
        calls, failures = self._calls
        self._calls = calls + (well is not None), failures + (well is False)
        if well is False and self._too_many():
            self._open(now)

    def _too_many(self) -> bool:
        enough = self._before[0] + self._calls[0] >= self.terms.least
        return enough and self._mostly_failed(*self._before) and self._mostly_failed(*self._calls)

    def _mostly_failed(self, calls: int, failures: int) -> bool:
        return calls > 0 and failures >= self.terms.share * calls

    def _judge(self, well: bool | None, now: float) -> None:
        """A probe has ended, or a call that was under way when the circuit opened."""
        self._probing = max(0, self._probing - 1)
        if well is False:
            self._pause = min(2 * self._pause, self.terms.longest)
            self._open(now)
        elif well:
            self._proved += 1
            if self._proved >= self.terms.probes:
                self._close(now)

    def _open(self, now: float) -> None:
        self.state, self._opened_at = State.OPEN, now

    def _close(self, now: float) -> None:
        self.state, self._pause = State.CLOSED, self.terms.pause
        self._since, self._calls, self._before = now, (0, 0), (0, 0)
