"""Whether a request that failed is sent once more, and after which pause.

Decisions only: the clock and the die are handed in. A pause is drawn from the whole interval up to
a bound that doubles (full jitter), so that who failed together does not come back together.
"""

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final

RESERVE: Final = 100.0  # retries that may follow each other at once, after a quiet time
EARNED: Final = 0.2  # retries that each request adds: under lasting failure one call in six repeats
_FIRST: Final = 0.2  # s; the bound of the first pause
_LONGEST: Final = 2.0  # s
_PATIENCE: Final = 1.0  # s; a circuit that stays open for longer is not waited for
_TOO_MANY: Final = 429
_PASSING: Final = frozenset({502, 503, 520})  # what an edge says while Supabase restarts


class Safety(StrEnum):
    """What comes of sending a request twice."""

    READ = "read"  # it changes nothing
    REPEATABLE = "repeatable"  # a write that ends in the same rows
    ONCE = "once"  # a write that might be carried out twice


class Failure(StrEnum):
    """How an attempt ended that brought no whole answer."""

    NOT_SENT = "not sent"  # no connection, or the request provably did not leave whole
    MALFORMED = "malformed"  # it cannot be put on the wire, now or later
    BROKEN = "broken off"  # the connection ended after something had left
    SHUT = "circuit open"  # it was held back here
    SLOW = "too slow"  # an answer, or its next part, did not come in time


@dataclass(frozen=True, slots=True)
class Ended:
    """How one attempt ended."""

    how: Failure | int  # or the HTTP status of its answer
    number: int = 1  # which attempt it was
    retry_after: float = 0.0  # s that the answer asks to wait
    began: bool = True  # False: its answer says that nothing was carried out
    chosen: bool = False  # a function chose the status of its answer

    @property
    def left(self) -> bool:
        """Whether something of it left for Supabase."""
        return self.how not in (Failure.NOT_SENT, Failure.MALFORMED, Failure.SHUT)

    @property
    def failed(self) -> bool:
        """Whether there is no answer worth keeping: another attempt may bring one."""
        if self.chosen:
            return False
        passing = self.how == _TOO_MANY or self.how in _PASSING or not self.began
        return isinstance(self.how, Failure) or passing

    @property
    def ill(self) -> bool:
        """Whether this says that Supabase, or the way to it, is unwell."""
        return self.in_doubt or self.how is Failure.NOT_SENT or not self.began

    @property
    def in_doubt(self) -> bool:
        """Whether a write may have been carried out, or may still be, though no answer says so."""
        lost = self.how in (Failure.BROKEN, Failure.SLOW) or self.how in _PASSING
        return lost and self.began and not self.chosen


def costs(ended: Ended) -> bool:
    """Whether repeating it is paid from the budget: what never left was no load to Supabase."""
    return ended.how not in (Failure.NOT_SENT, Failure.SHUT)


def may_repeat(ended: Ended, safety: Safety) -> bool:
    """Whether sending the request once more can do no harm and may help."""
    if not ended.failed or ended.how is Failure.MALFORMED:
        return False
    if ended.how is Failure.SHUT:
        return ended.retry_after <= _PATIENCE
    if not ended.in_doubt or safety is Safety.READ:
        return True  # nothing was carried out, or nothing is changed
    # What was slow may still be running: its repetition could be overtaken by it.
    return safety is Safety.REPEATABLE and ended.how is not Failure.SLOW


def pause_before_next(ended: Ended, attempts: int, left: float, die: float) -> float | None:
    """Seconds to wait; None where the attempts are used up or the wait outlasts the time left.

    `attempts` counts all of them, `left` is the time to the deadline in seconds, `die` a number
    from 0 to 1. What the answer asks to wait is kept to, and the jitter is added to it. What never
    left is tried twice as often, so that a restart of some seconds is survived.
    """
    allowed = attempts if attempts == 1 or costs(ended) else 2 * attempts
    bound: float = min(_LONGEST, _FIRST * 2 ** (ended.number - 1))
    pause = ended.retry_after + die * bound
    return pause if ended.number < allowed and pause < left else None


def wait_asked(header: str, now: float) -> float:
    """What a `Retry-After` header asks, in seconds; `now` is epoch time. Nonsense asks nothing."""
    header = header.strip()
    if header.isascii() and header.isdigit():
        return float(header)
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return 0.0


class Budget:
    """A token bucket: retries are a share of the requests, so that they never multiply a load."""

    def __init__(self) -> None:
        """Begin with the whole reserve."""
        self.left = RESERVE

    def earn(self) -> None:
        """Count a request."""
        self.left = min(RESERVE, self.left + EARNED)

    def spend(self) -> bool:
        """Take one retry; False where none is left."""
        if self.left < 1:
            return False
        self.left -= 1
        return True
