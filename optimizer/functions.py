"""Caching what functions return: the mechanism behind `@cached_query` and `get_cache()`."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from optimizer import inside, session
from optimizer.cache.served import Served, Terms
from optimizer.cache.tiered import TieredCache
from optimizer.cache.values import decode, encode
from optimizer.domain import tags
from optimizer.domain.answer import Answer
from optimizer.domain.arguments import canonical
from optimizer.domain.facts import CacheRead, Emit, ReadOutcome
from optimizer.domain.scope import Scope, digest, from_user_id
from optimizer.domain.ttl import Policies

_READS = "canvalo-reads"  # how many reads a function's value stands for
_ASKED_ELSEWHERE = (ReadOutcome.MISS, ReadOutcome.BYPASS)
Work = Callable[[], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Question:
    """What a value answers: which relation it is about, for whom, and everything that decides it.

    `ttl` is the code's own in seconds; one that an operator has set for the table goes before it.
    """

    relation: str
    user_id: str | None
    about: Any
    ttl: float | None = None

    @property
    def scope(self) -> Scope:
        """For whom the process vouches."""
        return from_user_id(str(self.user_id))

    @property
    def key(self) -> str:
        """The entry's key; raises QueryError where a part has no canonical form."""
        scope = self.scope
        parts = canonical(self.about)
        return digest("value", self.relation, scope.kind.value, scope.digest, parts)


class FunctionCache:
    """Values of functions, under the same stamps, markers and bounds as answers of Supabase."""

    def __init__(self, cache: TieredCache, policies: Policies, emit: Emit) -> None:
        self._cache = cache
        self._policies = policies
        self._emit = emit

    async def call(self, question: Question, work: Work) -> Any:
        """Return the cached value, or do the work once for all who ask the same, and keep it.

        What the work raises goes to everyone who waits and is not kept. Raises ValueNotCacheable.
        """
        terms = self.terms(question)
        if terms is None:
            return await work()
        start = time.perf_counter()
        served = await self._cache.read(question.key, terms, lambda: _fetch(work))
        self._count(question.relation, served, time.perf_counter() - start)
        return decode(served.answer.body)

    async def get(self, question: Question) -> tuple[Any, bool]:
        """The value and whether there is one; on a miss its stamps are remembered for `put`."""
        terms, start = self.terms(question), time.perf_counter()
        if terms is None:
            return None, False
        served = await self._cache.peek(question.key, terms)
        if served is None:
            return None, False
        self._count(question.relation, served, time.perf_counter() - start)
        return decode(served.answer.body), True

    async def put(self, question: Question, value: Any) -> bool:
        """Keep a value under the stamps of the miss before it; False where it was not kept."""
        body, terms = encode(value), self.terms(question)
        return terms is not None and await self._cache.keep(question.key, terms, _answer(body, 1))

    def terms(self, question: Question) -> Terms | None:
        """Under which terms a value may be kept; None where it may not be."""
        policy, demand = self._policies.policy(question.relation), session.demand()
        ttl = policy.ttl if question.ttl is None or policy.ttl_is_set else question.ttl
        if demand.bypass or not (self._policies.cache_enabled and policy.enabled and ttl > 0):
            return None
        names = (question.relation, *policy.sources)
        depends_on = tags.of_relations(names, question.scope.user)
        return Terms(
            depends_on, ttl, self._policies.cache_max_size, policy.strict, demand.after,
            policy.stale_if_error,
        )  # fmt: skip

    def _count(self, relation: str, served: Served, seconds: float) -> None:
        """A hit stands for the reads that its fill took; those of a miss were counted as asked."""
        reads = int(served.answer.header(_READS))
        if served.outcome in _ASKED_ELSEWHERE and reads:
            return
        stands_for = max(1, reads)
        if (function := inside.current()) is not None:
            function.reads += stands_for
        part = replace(_fact(relation, served), seconds=seconds / stands_for)
        for _ in range(stands_for):
            self._emit(part)


def _fact(relation: str, served: Served) -> CacheRead:
    size = len(served.answer.body)
    return CacheRead(
        relation, served.outcome, served.tier, served.reason, 0.0, size, served.ttl_left
    )


async def _fetch(work: Work) -> Answer:
    with inside.a_function() as noted:
        value = await work()
    return _answer(encode(value), noted.reads)


def _answer(body: bytes, reads: int) -> Answer:
    return Answer(200, ((_READS, str(reads)),), body)
