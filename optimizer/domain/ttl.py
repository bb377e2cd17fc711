"""How long an answer may be served."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

MAX_TTL = 86_400  # a day: a TTL is the bound for changes that nothing announces


class EvictionPolicy(StrEnum):
    """Which entries of a process's own tier make room for others."""

    S3_FIFO = "s3-fifo"
    LRU = "lru"


class SharedBy(StrEnum):
    """What a table's policy reads of its caller, so who may share its answers."""

    CALLER = "caller"  # any claim: nobody shares
    USER = "user"  # role and `sub`
    ROLE = "role"  # the role alone


@dataclass(frozen=True, slots=True)
class TablePolicy:
    """What the settings say of one relation; times are whole seconds."""

    ttl: int
    enabled: bool = True
    sources: tuple[str, ...] = ()  # relations that its policies or its view read
    ttl_is_set: bool = False  # by an operator, at run time
    strict: bool = False  # every read asks Valkey; a write that it cannot hear of is refused
    stale_if_error: int = 0  # beyond the TTL, while Supabase fails
    stale_while_revalidate: int = 0  # beyond the TTL, while it is fetched anew behind the reader
    negative_ttl: int = 0  # of "there is no such row"
    shared_by: SharedBy = SharedBy.CALLER


class Policies(Protocol):
    """What the engine asks of the settings, at each request anew.

    `generation` is the same object until something is changed.
    """

    @property
    def generation(self) -> object: ...
    @property
    def cache_enabled(self) -> bool: ...
    @property
    def cache_max_size(self) -> int: ...
    @property
    def cache_refresh_ahead(self) -> bool: ...
    @property
    def access_log(self) -> bool: ...
    @property
    def any_strict(self) -> bool: ...
    def policy(self, relation: str) -> TablePolicy: ...
