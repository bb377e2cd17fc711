"""Which writes a caller must see: the tokens that came with a request, and those of its own writes.

A web framework opens a session for each request with the token that the client showed, and gives
back the token of what was written meanwhile. Code outside any session asks for nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from optimizer.domain import causal
from optimizer.domain.causal import NOTHING, Demand


@dataclass(slots=True)
class Session:
    """What must be seen, and the token of the latest write, if there was one."""

    demand: Demand = NOTHING
    token: str = ""

    def wrote(self, token: str) -> None:
        """Keep the latest token; once a write passed Valkey by, only Supabase can tell."""
        if self.token != causal.BYPASS:
            self.token = token


_current: ContextVar[Session | None] = ContextVar("canvalo_session", default=None)
running = _current.get  # the session of this task, or None


def demand() -> Demand:
    """What the running session asks for."""
    session = _current.get()
    return NOTHING if session is None else session.demand


def wrote(token: str) -> None:
    """Note a write in the running session."""
    session = _current.get()
    if session is not None:
        session.wrote(token)


@contextmanager
def after(token: str = "") -> Iterator[Session]:
    """Reads in the block see what this token speaks of; its `token` is that of the last write.

    Several tokens may be given, by commas.
    """
    session = Session(causal.demand(token))
    reset = _current.set(session)
    try:
        yield session
    finally:
        _current.reset(reset)
