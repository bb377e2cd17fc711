"""One request on its way: who asks, what repeating it may do, and what its attempts left behind."""

import time
from dataclasses import dataclass, field
from typing import Final, TypeVar

import httpx

from optimizer.domain.answer import Answer
from optimizer.domain.repeatable import safety_of
from optimizer.domain.retry import Ended, Failure, Safety, may_repeat, wait_asked
from optimizer.errors import (
    CanvaloError,
    CircuitOpen,
    DeadlinePassed,
    PoolError,
    UpstreamError,
    UpstreamUnreachable,
)
from optimizer.upstream.exchange import Witness, mapped

E = TypeVar("E", bound=CanvaloError)
CALLER: Final = "canvalo.caller"  # the request's extension that names who asks, as a hash
COUNTED: Final = "canvalo.counted"  # set where who asks counts it, though it is not about rows
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Failed:
    """An attempt without an answer: httpx's error and what it means."""

    error: httpx.TransportError | CircuitOpen
    how: Failure


@dataclass(slots=True)
class Trip:
    """A request with all its attempts; `about_rows` where repeating a write may be considered."""

    request: httpx.Request
    about_rows: bool
    number: int = 1
    in_doubt: bool = False  # an attempt of a write may have been carried out, or may still be
    left: bool = False  # something of an attempt left for Supabase, which counts it
    under_way: bool = False  # an attempt was begun and has not ended
    witness: Witness | None = field(init=False)

    def __post_init__(self) -> None:
        self.witness = None if self.reads else Witness(self.request)

    @property
    def reads(self) -> bool:
        """Whether it changes nothing."""
        return self.request.method in _READS

    @property
    def caller(self) -> str:
        """Who asks, for taking turns; two that show the same authorization are one."""
        named: str = self.request.extensions.get(CALLER, "")
        return named or self.request.headers.get("authorization", "")

    @property
    def counted(self) -> bool:
        """Whether its last attempt is counted by who asks, so that the others are to be, too."""
        return self.about_rows or COUNTED in self.request.extensions

    @property
    def replayable(self) -> bool:
        """Whether the body can be sent again: all of it is at hand, or none of it was taken.

        Who says that it repeats the request itself is not helped by our doing so too.
        """
        if "x-retry-count" in self.request.headers:
            return False
        at_hand = isinstance(self.request.stream, httpx.ByteStream)
        return at_hand or self.witness is None or not self.witness.left_whole

    def safety(self) -> Safety:
        """What repeating it may do; the body is only looked into when this is asked."""
        if self.reads or not self.about_rows:
            return Safety.READ if self.reads else Safety.ONCE
        request = self.request
        query = request.url.query.decode("ascii", "replace")
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = request.content if isinstance(request.stream, httpx.ByteStream) else None
        return safety_of(request.method, query, headers, body)

    def may_repeat(self, ended: Ended) -> bool:
        """Whether it may be sent once more; to a sign-in or a function 429 is an answer."""
        if not self.replayable:
            return False
        if not (self.reads or self.about_rows) and ended.how is not Failure.NOT_SENT:
            return False
        return may_repeat(ended, self.safety())

    def note(self, ended: Ended) -> None:
        """Remember what an attempt may have done."""
        self.in_doubt = self.in_doubt or (ended.in_doubt and not self.reads)
        self.left = self.left or ended.left
        self.under_way = False

    def failed(self, failed: Failed) -> UpstreamError:
        """The error with which it ends: what may have been carried out is never "unreachable"."""
        if isinstance(failed.error, CircuitOpen):
            shut = UpstreamError(str(failed.error)) if self.in_doubt else failed.error
            return self._marked(shut)
        how = Failure.BROKEN if self.in_doubt else failed.how
        return self._marked(mapped(failed.error, how))

    def refused(self, error: PoolError) -> PoolError | UpstreamError:
        """The same for an attempt that was refused here."""
        return self._marked(UpstreamError(str(error)) if self.in_doubt else error)

    def interrupted(self) -> Ended:
        """How an attempt ended that was given up; one that may have left counts as having left."""
        left = self.witness is None or self.witness.left_whole
        return Ended(Failure.SLOW if left else Failure.NOT_SENT, self.number)

    def late(self, seconds: float) -> UpstreamError:
        """The error with which it ends at its deadline."""
        said = f"Supabase did not answer within {seconds:.0f} s"
        whole = self.witness is None or self.witness.left_whole
        sure = whole or self.in_doubt
        error = DeadlinePassed(said) if sure else UpstreamUnreachable(said)
        error.kept_back = "deadline passed"
        return self._marked(error)

    def _marked(self, error: E) -> E:
        """What left in any attempt is a call, however the last one ended."""
        if self.left:
            error.kept_back = ""
        return error


def ended_of(got: Answer | httpx.Response | Failed, number: int) -> Ended:
    """How an attempt ended, from what it brought."""
    if isinstance(got, Failed):
        asked = got.error.retry_in if isinstance(got.error, CircuitOpen) else 0.0
        return Ended(got.how, number, asked)
    status = got.status if isinstance(got, Answer) else got.status_code
    if status < 400:
        return Ended(status, number)
    if isinstance(got, httpx.Response):
        return Ended(status, number, _asked(got.headers.get("retry-after")))
    wait = _asked(got.header("retry-after"))
    return Ended(status, number, wait, not got.never_began, got.is_chosen)


def _asked(retry_after: str | None) -> float:
    """Seconds that an error asks to wait."""
    return wait_asked(retry_after or "", time.time())
