"""How long an answer may be served."""

from dataclasses import dataclass
from typing import Protocol

MAX_TTL = 86_400  # a day: a TTL is the bound for changes that nothing announces


@dataclass(frozen=True, slots=True)
class TablePolicy:
    """What the settings say of one relation; times are whole seconds."""

    ttl: int
    enabled: bool = True
    sources: tuple[str, ...] = ()  # relations that its policies or its view read
    ttl_is_set: bool = False  # by an operator, at run time


class Policies(Protocol):
    """What the engine asks of the settings, at each request anew."""

    @property
    def cache_enabled(self) -> bool: ...
    @property
    def cache_max_size(self) -> int: ...
    def policy(self, relation: str) -> TablePolicy: ...


def is_fresh(filled_at: float, ttl: float, now: float) -> bool:
    """Whether an entry filled at `filled_at` may be served under today's TTL (epoch seconds).

    The TTL is asked again at every read, so that lowering it takes hold of what is stored.
    """
    return now - filled_at < ttl
