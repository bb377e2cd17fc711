"""The clients that a pool keeps, by whom they speak for; nothing here waits."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Generic, TypeVar

from supabase import AsyncClient, Client

C = TypeVar("C", AsyncClient, Client)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a client speaks for: a bearer token, or a user id trusted in process, or nobody."""

    bearer: str | None = None
    user_id: str | None = None

    @property
    def kind(self) -> str:
        """What it is, in a word."""
        if self.bearer:
            return "user"
        return "service" if self.user_id else "anonymous"

    @property
    def name(self) -> str:
        """The pool's name for this identity; a hash, so that no token is kept in a key."""
        kind, who = ("bearer", self.bearer) if self.bearer else ("user", self.user_id)
        return sha256(f"{kind} {who}".encode()).hexdigest()


@dataclass(slots=True, eq=False)
class Pooled(Generic[C]):
    """A client and who uses it; `name` is empty where it is not kept."""

    client: C
    name: str
    used_at: float
    leases: int = 0
    dress: tuple[object, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.dress = _dress(self.client)

    @property
    def is_redressed(self) -> bool:
        """Whether it has come to speak for somebody else: by a sign-in, or `postgrest.auth(…)`."""
        return self.dress != _dress(self.client)


def _dress(client: AsyncClient | Client) -> tuple[object, ...]:
    """What decides for whom its requests speak."""
    return client.options.headers.get("Authorization"), client.postgrest.headers["Authorization"]


class Clients(Generic[C]):
    """Kept clients, the one used longest ago first; counts how many are lent."""

    def __init__(self, make: Callable[[Identity], C]) -> None:
        self._make: Callable[[Identity], C] = make
        self._kept: OrderedDict[str, Pooled[C]] = OrderedDict()
        self._made = 0
        self.lent = 0

    def __len__(self) -> int:
        return len(self._kept)

    def make(self, identity: Identity, name: str, now: float) -> Pooled[C]:
        """Make a client, and keep it under this name; with an empty name it is not kept."""
        pooled = Pooled(self._make(identity), name, now)
        if name:
            self._kept[name] = pooled
        return pooled

    def find(self, name: str) -> Pooled[C] | None:
        """The client of this name; it becomes the one used last."""
        pooled = self._kept.get(name)
        if pooled is not None:
            self._kept.move_to_end(name)
        return pooled

    def find_idle(self, prefix: str) -> Pooled[C] | None:
        """A client that nobody uses, of those whose names begin so."""
        idle = (p for n, p in self._kept.items() if not p.leases and n.startswith(prefix))
        return next(idle, None)

    def new_name(self, prefix: str) -> str:
        """A name that no client has had."""
        self._made += 1
        return f"{prefix}/{self._made}"

    def lend(self, pooled: Pooled[C]) -> None:
        """Count a lease."""
        pooled.leases += 1
        self.lent += pooled.leases == 1 and bool(pooled.name)

    def take_back(self, pooled: Pooled[C], now: float) -> bool:
        """End a lease; False where nobody uses or keeps it any longer."""
        pooled.leases -= 1
        pooled.used_at = now
        self.lent -= not pooled.leases and bool(pooled.name)
        if pooled.name and not pooled.leases and pooled.is_redressed:
            self.drop(pooled)
        return bool(pooled.leases or pooled.name)

    def drop(self, pooled: Pooled[C]) -> None:
        """Keep it no longer; whoever has it lent goes on using it."""
        del self._kept[pooled.name]
        self.lent -= bool(pooled.leases)
        pooled.name = ""

    def is_lent(self, name: str) -> bool:
        """Whether somebody uses the client of this name."""
        pooled = self._kept.get(name)
        return pooled is not None and pooled.leases > 0

    def idle_longest(self, but: Pooled[C]) -> Pooled[C] | None:
        """Of the others that nobody uses, the one used longest ago."""
        return next((p for p in self._kept.values() if not p.leases and p is not but), None)

    def idle_since(self, limit: float) -> list[Pooled[C]]:
        """Those that nobody has used since then."""
        return [p for p in self._kept.values() if not p.leases and p.used_at <= limit]

    def __iter__(self) -> Iterator[Pooled[C]]:
        return iter(list(self._kept.values()))
