"""Cached functions for applications, over the running loop's runtime: `@cached_query`."""

import inspect
from collections.abc import Awaitable, Callable, Hashable
from datetime import date
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from optimizer.cache.annotations import models_of
from optimizer.conf import optimization_settings
from optimizer.domain.relation import split_name
from optimizer.errand import Errand
from optimizer.functions import FunctionCache, Kind, Question
from optimizer.runtime import current, own_loop

P = ParamSpec("P")
T = TypeVar("T")
USER = "user_id"  # the parameter that says for whom a function answers

# Of these types values that are equal and of one type are one value; of floats, decimals and times
# with zones they are not.
_SIMPLE = frozenset({str, int, bool, type(None), UUID, date, bytes})
_REMEMBERED = 4096  # calls of a function whose question is remembered


def cached_query(
    table: str,
    ttl: int | None = None,
    *,
    tags: tuple[str, ...] = (),
    strict: bool = False,
    copy: bool = True,
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Cache what a function returns, async or not, for each `user_id` and each set of arguments.

    It is kept for `ttl` seconds (by default, and where an operator has set one, the table's) and
    ends with the next write through Canvalo to the table, or to one that `tags` names. With
    `strict` every call asks Valkey whether it still stands.

    What is returned comes back equal and of its type, as a fresh object: JSON, dates and times,
    UUIDs, Decimals, tuples, sets, bytes, and the dataclasses, enumerations and pydantic models that
    the return annotation names. Anything else is refused with ValueNotCacheable at the first call.
    With `copy=False` every caller in a process gets the same object and must not change it.
    Arguments must be plain values.

    A function that is not async runs in its caller's thread and may block. In an event loop it
    blocks that loop, as it does without the cache: there, decorate an async one.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        questions = Questions(function, table, ttl, tags, strict, copy)
        if inspect.iscoroutinefunction(function):
            return _cached_async(function, questions)  # type: ignore[return-value]
        return _cached_sync(function, questions)

    return decorate


def _cached_async(
    function: Callable[P, Awaitable[T]], questions: "Questions"
) -> Callable[P, Awaitable[T]]:
    @wraps(function)
    async def cached(*args: P.args, **kwargs: P.kwargs) -> T:
        question, functions = questions.of(args, kwargs), current().functions
        make = functions.hit(question)
        # Nothing here may close over the arguments: that alone would slow every hit down.
        found: T = await missed(functions, question, args, kwargs) if make is None else make()
        return found

    async def missed(functions: FunctionCache, question: Question, args: Any, kwargs: Any) -> Any:
        return await functions.call(question, lambda: function(*args, **kwargs))

    return cached


def _cached_sync(function: Callable[P, T], questions: "Questions") -> Callable[P, T]:
    @wraps(function)
    def cached(*args: P.args, **kwargs: P.kwargs) -> T:
        question = questions.of(args, kwargs)
        errand = Errand(lambda: function(*args, **kwargs))

        async def call() -> T:
            found: T = await current().functions.call(question, errand.asked)
            return found

        return errand.run(own_loop, call)

    return cached


class Questions:
    """The questions that calls of one function ask, remembered by their arguments."""

    def __init__(
        self,
        function: Callable[..., Any],
        table: str,
        ttl: int | None,
        tags: tuple[str, ...],
        strict: bool,
        copy: bool,
    ) -> None:
        self._signature = inspect.signature(function)
        self._name = f"{function.__module__}.{function.__qualname__}"
        self._function = function
        self._names = (table, *tags)
        self._ttl, self._strict, self._copy = ttl, strict, copy
        self._known: dict[Hashable, tuple[Question, list[type], str]] = {}
        self._kind: Kind | None = None
        self._schema = ""

    def of(self, args: Any, kwargs: Any) -> Question:
        """The question of a call; raises QueryError for an argument without a canonical form."""
        call = (args, *kwargs.items()) if kwargs else args
        types = [*map(type, args), *map(type, kwargs.values())] if kwargs else [*map(type, args)]
        try:
            known = self._known.get(call)
        except TypeError:  # a list or the like among the arguments
            return self._asked(args, kwargs)
        schema = optimization_settings.default_schema
        if known is not None and known[1] == types and known[2] == schema:
            return known[0]
        question = self._asked(args, kwargs)
        if _SIMPLE.issuperset(types):
            self._remember(call, question, types)
        return question

    def _remember(self, call: Hashable, question: Question, types: list[type]) -> None:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[call] = question, types, self._schema

    def _asked(self, args: Any, kwargs: Any) -> Question:
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        about = [self._name, bound.arguments]
        return Question(self._kind_now(), bound.arguments.get(USER), about)

    def _kind_now(self) -> Kind:
        """Made at the first call, when every class that the annotation names is there."""
        if self._kind is None or self._schema != optimization_settings.default_schema:
            self._schema = optimization_settings.default_schema
            table, *tags = map(relation_of, self._names)
            self._kind = Kind(
                table, self._ttl, tuple(tags), self._strict, self._copy, models_of(self._function)
            )
        return self._kind


def relation_of(table: str) -> str:
    """A table's name with its schema, which is the default one where none is given."""
    return ".".join(split_name(table, optimization_settings.default_schema))
