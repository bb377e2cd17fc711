"""What happened, as frozen values: each step of the flow emits one, metrics subscribe to them.

A fact holds no row, no token and no personal value: relation names, outcomes, sizes and times only.
Times are in seconds, sizes in bytes on the wire.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from optimizer.domain.tally import Tally


class ReadOutcome(StrEnum):
    """How a read was answered."""

    HIT = "hit"  # from a cache tier, under standing stamps
    STALE = "stale"  # from a cache tier, marked as older than asked
    COALESCED = "coalesced"  # by a fetch that another caller had under way
    MISS = "miss"  # by Supabase; the answer may be cached
    BYPASS = "bypass"  # by Supabase; not cacheable, or the cache is off or away
    ERROR = "error"  # Supabase refused or failed


class Tier(StrEnum):
    """Which tier answered."""

    L1 = "l1"
    L2 = "l2"
    UPSTREAM = "upstream"


class MissReason(StrEnum):
    """Why a read was not answered from the cache."""

    COLD = "cold"
    EXPIRED = "expired"
    INVALIDATED = "invalidated"
    EVICTED = "evicted"
    BYPASSED = "bypassed"


class Operation(StrEnum):
    """What a request asks of a relation."""

    READ = "read"
    INSERT = "insert"
    UPSERT = "upsert"
    UPDATE = "update"
    DELETE = "delete"
    RPC = "rpc"


@dataclass(frozen=True, slots=True)
class CacheRead:
    """A caller asked to read, and was answered."""

    relation: str  # "schema.name"
    outcome: ReadOutcome
    tier: Tier
    reason: MissReason | None  # None for hits
    seconds: float  # as the caller saw it
    body_bytes: int  # of the answer; for a hit, what the fill had cost on the wire
    ttl_left: float = 0.0  # s, for hits
    shape: str = ""  # the question without its values (`domain.shapes.of`); "" is not counted


@dataclass(frozen=True, slots=True)
class HitsCounted:
    """Hits of one relation in one minute, in a process's own tier, added up."""

    relation: str
    minute: int  # epoch seconds of its beginning
    tally: Tally
    shape: str = ""  # as in `CacheRead`


@dataclass(frozen=True, slots=True)
class ChangeMade:
    """A caller asked to write, and was answered."""

    relation: str
    operation: Operation
    status: int  # HTTP status; 0 where the outcome is unknown
    seconds: float
    fenced: bool  # False: Valkey was away, other processes may serve older rows until the TTL


@dataclass(frozen=True, slots=True)
class UpstreamCall:
    """A request left for Supabase, in one attempt or in several: this counts one of them."""

    relation: str
    operation: Operation
    status: int  # 0 where no answer came
    seconds: float
    sent_bytes: int
    received_bytes: int
    added: bool = False  # the engine's own (warming, refresh, probe): no caller asked for it


@dataclass(frozen=True, slots=True)
class CallUnsent:
    """A caller's request of which nothing left for Supabase: refused here, or no way to it."""

    relation: str
    operation: Operation
    why: str  # "circuit open", "line full", "waited too long", "deadline passed", "unreachable"


@dataclass(frozen=True, slots=True)
class CallRepeated:
    """A further attempt of a request left for Supabase, which counts each: one call more."""


@dataclass(frozen=True, slots=True)
class LeaseTaken:
    """The pool lent a connection."""

    reused: bool  # False: a client had to be made
    waited: float
    kind: str = "user"  # "user", "service" or "anonymous"
    caller: str = ""  # a hash


@dataclass(frozen=True, slots=True)
class AttemptRepeated:
    """A request is sent once more, because an attempt of it failed."""

    ended: str  # how the attempt ended: "not sent", "broken off", "too slow", or a status
    pause: float  # s until the next attempt


@dataclass(frozen=True, slots=True)
class CircuitMoved:
    """The circuit breaker before Supabase went into another state."""

    state: str  # "closed", "open", "half-open"


@dataclass(frozen=True, slots=True)
class LoadShed:
    """An attempt, or a lease, was refused here before it cost anything."""

    why: str  # "line full", "waited too long", "circuit open"


@dataclass(frozen=True, slots=True)
class BatchFlushed:
    """A batch was carried out."""

    relation: str
    operation: Operation
    rows: int
    failed: int
    calls: int
    seconds: float
    sent_bytes: int = 0  # of the requests' bodies
    received_bytes: int = 0
    undone: Mapping[str, int] = field(default_factory=dict)  # status of a row → rows, of `failed`


@dataclass(frozen=True, slots=True)
class CacheFault:
    """The shared tier could not be used; the caller was served without it."""

    step: str  # "look", "fill", "begin", "end", "touch"


@dataclass(frozen=True, slots=True)
class Touched:
    """Somebody declared by hand that what is kept of some tags is outdated."""

    tags: tuple[str, ...]
    by: str  # a hash of the user id that was given, or nothing


Fact = (
    CacheRead
    | HitsCounted
    | ChangeMade
    | UpstreamCall
    | CallUnsent
    | CallRepeated
    | LeaseTaken
    | AttemptRepeated
    | CircuitMoved
    | LoadShed
    | BatchFlushed
    | CacheFault
    | Touched
)
Emit = Callable[[Fact], None]


def unheard(_: Fact) -> None:
    """Tell nobody: for a part that is used alone."""
