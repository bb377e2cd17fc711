"""Every error that the engine raises.

CanvaloError
 ├─ ConfigurationError      a setting is missing or wrong; says which and what to do
 ├─ TokenError              a caller's token was refused
 │   ├─ TokenMissing
 │   ├─ TokenExpired
 │   └─ TokenInvalid        forged, wrong key, wrong algorithm, malformed
 ├─ QueryError              a question that cannot be put into canonical form
 ├─ ValueNotCacheable       a value that would not come back from the cache as it went in
 ├─ CacheUnavailable        Valkey cannot be reached; the caller goes on without it
 ├─ FenceUnavailable        a write to a `strict` table cannot be fenced, so it was not sent
 ├─ PoolError
 │   ├─ PoolFull            the waiting line is at its limit; nothing was queued
 │   └─ PoolTimeout         a connection did not become free in time
 ├─ UpstreamError           Supabase could not be reached or broke off
 │   ├─ UpstreamUnreachable the request provably never left
 │   │   └─ CircuitOpen     Supabase fails too often now; nothing is sent until it recovers
 │   ├─ DeadlinePassed      no whole answer came before the request's deadline
 │   └─ OutcomeUnknown      a write was sent and its outcome is not known
 ├─ BatchError              a batch that cannot be started: too many rows, no rows, wrong shape
 ├─ WebhookError            an alert's webhook was not taken; says whether trying again is vain
 ├─ RecipientLeft           an alert was not sent, for its reader has unsubscribed meanwhile
 └─ AnswerLost              an alert was sent, and whether it was taken is not known
"""


class CanvaloError(Exception):
    """Base of all; its text is fit to be shown to the caller."""

    kept_back = ""  # why nothing of the request left for Supabase, where that is sure


class ConfigurationError(CanvaloError):
    """A setting is missing or wrong."""


class TokenError(CanvaloError):
    """A caller's token was refused; nothing was asked of Supabase and nothing cached."""


class TokenMissing(TokenError):  # noqa: N818 - named for what happened, as psycopg_pool does
    """The call carried no token."""


class TokenExpired(TokenError):  # noqa: N818
    """The token was once valid."""


class TokenInvalid(TokenError):  # noqa: N818
    """The token is forged, malformed, or signed by a key or algorithm that is not accepted."""


class QueryError(CanvaloError):
    """A question that cannot be put into canonical form."""


class ValueNotCacheable(CanvaloError):  # noqa: N818
    """A value that would not come back from the cache as it went in."""


class CacheUnavailable(CanvaloError):  # noqa: N818
    """The shared tier cannot be reached."""


class FenceUnavailable(CanvaloError):  # noqa: N818
    """A write to a strict table cannot be fenced, so it was not sent."""

    kept_back = "not announced"


class PoolError(CanvaloError):
    """The pool could not lend a connection."""


class PoolFull(PoolError):  # noqa: N818
    """The waiting line is at its limit; nothing was queued."""

    kept_back = "line full"


class PoolTimeout(PoolError):  # noqa: N818
    """A connection did not become free in time."""

    kept_back = "waited too long"


class UpstreamError(CanvaloError):
    """Supabase could not be reached or broke off."""


class UpstreamUnreachable(UpstreamError):  # noqa: N818
    """The request provably never left."""

    kept_back = "unreachable"


class CircuitOpen(UpstreamUnreachable):
    """Supabase fails too often now: nothing is sent but a probe now and then."""

    kept_back = "circuit open"

    def __init__(self, text: str, retry_in: float = 0.0) -> None:
        """Say in how many seconds the next probe may leave."""
        super().__init__(text)
        self.retry_in = retry_in


class DeadlinePassed(UpstreamError):  # noqa: N818
    """No whole answer came before the request's deadline; it may have been carried out."""


class OutcomeUnknown(UpstreamError):  # noqa: N818
    """A write was sent and no answer came: it may or may not have taken effect."""


class BatchError(CanvaloError):
    """A batch that cannot be started."""


class WebhookError(CanvaloError):
    """An alert's webhook was not taken; `final` says that trying again is vain."""

    def __init__(self, message: str, *, final: bool) -> None:
        super().__init__(message)
        self.final = final


class RecipientLeft(CanvaloError):  # noqa: N818
    """An alert was not sent: its reader has unsubscribed since it was written."""


class AnswerLost(CanvaloError):  # noqa: N818
    """An alert was sent and no answer came: it may or may not have arrived."""
