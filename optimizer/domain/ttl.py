"""How long an answer may be served."""

from dataclasses import dataclass

MAX_TTL = 86_400  # a day: a TTL is the bound for changes that nothing announces


@dataclass(frozen=True, slots=True)
class TablePolicy:
    """What the settings say of one relation; times are whole seconds."""

    ttl: int
    enabled: bool = True
    sources: tuple[str, ...] = ()  # relations that its policies or its view read
    ttl_is_set: bool = False  # by an operator, at run time


def is_fresh(filled_at: float, ttl: float, now: float) -> bool:
    """Whether an entry filled at `filled_at` may be served under today's TTL (epoch seconds).

    The TTL is asked again at every read, so that lowering it takes hold of what is stored.
    """
    return now - filled_at < ttl
