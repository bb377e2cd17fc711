"""Caching what functions return: the mechanism behind `@cached_query` and `get_cache()`."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from optimizer import inside, session
from optimizer.cache.fresh import Make, maker
from optimizer.cache.served import Served, Terms
from optimizer.cache.tiered import TieredCache
from optimizer.cache.values import NO_MODELS, Models, decode, encode
from optimizer.counting import cache_read
from optimizer.domain import tags
from optimizer.domain.answer import Answer
from optimizer.domain.arguments import canonical
from optimizer.domain.causal import NOTHING
from optimizer.domain.facts import Emit, ReadOutcome, Tier
from optimizer.domain.hits import HitCounts, Name
from optimizer.domain.scope import Scope, digest, from_user_id
from optimizer.domain.ttl import Policies, TablePolicy
from optimizer.terms import terms_for

_READS = "canvalo-reads"  # how many reads a function's value stands for
_BYTES = "canvalo-bytes"  # the value is bytes, kept as they are
_ASKED_ELSEWHERE = (ReadOutcome.MISS, ReadOutcome.BYPASS)
_WEIGHT = 6  # bytes of objects for each byte of JSON, about
_AHEAD = 0.9  # of the TTL; from then on `call` sees to the next value in time
Work = Callable[[], Awaitable[Any]]

# Each hit asks these, so they are found without an attribute's look-up.
_running, _inside = session.running, inside.current


@dataclass(frozen=True, slots=True)
class Kind:
    """What a function's code says of its values.

    `ttl` is the code's own in seconds (one that an operator has set for the table goes before it);
    `tags` are further relations that end a value; `strict` asks Valkey each time; without `copy`
    the kept object itself is handed out; `models` are the classes that may be read back.
    """

    relation: str
    ttl: float | None = None
    tags: tuple[str, ...] = ()
    strict: bool = False
    copy: bool = True
    models: Models = field(default_factory=dict)


class Question:
    """What a value answers: of what kind it is, for whom, and everything that decides it.

    Raises QueryError where a part has no canonical form.
    """

    __slots__ = ("_generation", "_terms", "key", "kind", "name", "quick_for", "user")

    def __init__(self, kind: Kind, user_id: str | None, about: Any) -> None:
        scope: Scope = from_user_id(str(user_id))
        self.kind = kind
        self.name = (kind.relation, "")  # under which its hits are counted
        self.user = scope.user
        self.key = digest("value", kind.relation, scope.kind.value, scope.digest, canonical(about))
        self._generation: object = None  # of the settings under which the terms hold
        self._terms: Terms | None = None
        self.quick_for = 0.0  # s for which nothing but the value itself is needed

    def terms(self, policies: Policies) -> Terms | None:
        """Under which terms a value may be kept; None where it may not be."""
        if self._generation is not policies.generation:
            self._renew(policies)
        return self._terms

    def _renew(self, policies: Policies) -> None:
        self._generation = policies.generation
        policy = policies.policy(self.kind.relation)
        self._terms = self._made(policies, policy) if policies.cache_enabled else None
        ttl = self._terms.ttl if self._terms and not policies.access_log else 0.0
        self.quick_for = ttl * (_AHEAD if policies.cache_refresh_ahead else 1.0)

    def _made(self, policies: Policies, policy: TablePolicy) -> Terms | None:
        own = self.kind.ttl
        ttl = policy.ttl if own is None or policy.ttl_is_set else own
        if not policy.enabled or ttl <= 0:
            return None
        names = (self.kind.relation, *self.kind.tags, *policy.sources)
        terms = terms_for(policies, policy, tags.of_relations(names, self.user), ttl)
        return replace(terms, strict=True) if self.kind.strict else terms


class FunctionCache:
    """Values of functions, under the same stamps, markers and bounds as answers of Supabase."""

    def __init__(self, cache: TieredCache, policies: Policies, emit: Emit, hits: HitCounts) -> None:
        self._cache = cache
        self._memory = cache.memory
        self._now = cache.clock
        self._policies = policies
        self._emit = emit
        self.hits = hits

    def hit(self, question: Question) -> Make | None:
        """What makes the value afresh, where it can be served at once; most calls end here.

        It does what `call` does for a hit in L1, without anything that such a hit does not need.
        """
        start = time.perf_counter_ns()
        held = self._memory.get(question.key)
        if held is None or held.fresh is None:
            return None
        if (current := _running()) is not None and current.demand is not NOTHING:
            return None
        terms = question.terms(self._policies)
        if terms is None or _inside() is not None:
            return None
        now = self._now()
        if now - held.entry.filled_at >= question.quick_for:
            return None
        if not self._cache.stands_unasked(held, terms):
            return None
        size, taken = len(held.entry.answer.body), time.perf_counter_ns() - start
        self.hits.add(question.name, now, taken, size, held.stands_for)
        return held.fresh

    async def call(self, question: Question, work: Work) -> Any:
        """Return the cached value, or do the work once for all who ask the same, and keep it.

        What the work raises goes to everyone who waits and is not kept. Raises ValueNotCacheable.
        """
        terms = self._asked(question)
        if terms is None:
            return await work()
        start = time.perf_counter()
        models = question.kind.models
        served = await self._cache.read(question.key, terms, lambda: _fetch(work, models))
        self._count(question.name, served, time.perf_counter() - start)
        return self._value(question, served)

    async def get(self, question: Question) -> tuple[Any, bool]:
        """The value and whether there is one; on a miss its stamps are remembered for `put`."""
        terms, start = self._asked(question), time.perf_counter()
        if terms is None:
            return None, False
        served = await self._cache.peek(question.key, terms)
        if served is None:
            return None, False
        self._count(question.name, served, time.perf_counter() - start)
        return self._value(question, served), True

    async def put(self, question: Question, value: Any) -> bool:
        """Keep a value under the stamps of the miss before it; False where it was not kept."""
        answer, terms = _answer(value, 1, question.kind.models), self._asked(question)
        return terms is not None and await self._cache.keep(question.key, terms, answer)

    def _asked(self, question: Question) -> Terms | None:
        """The terms of this call, with what its session must see."""
        terms, demand = question.terms(self._policies), session.demand()
        if terms is None or demand is NOTHING:
            return terms
        return None if demand.bypass else replace(terms, after=demand.after)

    def _value(self, question: Question, served: Served) -> Any:
        """A fresh object; the second hit in L1 and later ones copy one instead of reading bytes.

        What is asked for once is read and no more: to find its copy takes longer than to read it.
        """
        answer = served.answer
        value = _read(answer, question.kind.models)
        if question.kind.copy and served.tier is not Tier.L1:
            return value
        held = self._memory.get(question.key)
        if held is None or held.entry.answer is not answer:
            return value
        if held.fresh is None:
            held.stands_for = max(1, int(answer.header(_READS)))
            held.fresh = maker(value) if question.kind.copy else lambda: value
            self._memory.weigh(question.key, held, held.size + _WEIGHT * len(answer.body))
        return held.fresh()

    def _count(self, name: Name, served: Served, seconds: float) -> None:
        """A hit stands for the reads that its fill took; those of a miss were counted as asked."""
        reads = int(served.answer.header(_READS))
        if served.outcome in _ASKED_ELSEWHERE and reads:
            return
        stands_for = max(1, reads)
        if (function := inside.current()) is not None:
            function.reads += stands_for
        part = cache_read(name, served, seconds / stands_for)
        for _ in range(stands_for):
            self._emit(part)


async def _fetch(work: Work, models: Models) -> Answer:
    with inside.a_function() as noted:
        value = await work()
    return _answer(value, noted.reads, models)


def _answer(value: Any, reads: int, models: Models = NO_MODELS) -> Answer:
    headers = ((_READS, str(reads)),)
    if type(value) is bytes:
        return Answer(200, (*headers, (_BYTES, "1")), value)
    return Answer(200, headers, encode(value, models))


def _read(answer: Answer, models: Models) -> Any:
    return answer.body if answer.header(_BYTES) else decode(answer.body, models)
