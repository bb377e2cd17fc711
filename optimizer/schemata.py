"""What is known of the database: PostgREST's root document, and what was declared beside it."""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from optimizer.domain.answer import Answer
from optimizer.domain.facts import CacheFault, Emit, Operation, UpstreamCall
from optimizer.domain.grain.schema import Declared, Schema
from optimizer.domain.openapi import declared, read_document
from optimizer.errors import ConfigurationError, UpstreamError
from optimizer.upstream.exchange import json_of

FetchRoot = Callable[[str], Awaitable[Answer]]  # schema → the document's answer
_COUNTED_AS = "(schema)"  # under which the engine's own questions are counted


class Schemata:
    """Holds the schema of one process; `schema` is the same object until something changes.

    Without a secret key the document is not shown: then relations are told apart, nothing finer. It
    is not asked for before somebody could use it: an embed was read, or something was declared.
    """

    def __init__(self, fetch: FetchRoot | None, emit: Emit) -> None:
        self.schema = Schema()
        self._fetch = fetch
        self._emit = emit
        self._document: Any = None
        self._told = Schema()
        self._declared: Mapping[str, Declared] = {}
        self._keys_complete = False
        self._wanted = False
        self._next = 0.0

    def want(self) -> None:
        """Say that the document would be of use."""
        self._wanted = True

    async def refresh(self, name: str, interval: float) -> None:
        """Look at the document of one schema, where it is wanted and `interval` s have passed.

        What cannot be read leaves what was known.
        """
        wanted = self._wanted or self._declared or self._keys_complete
        if self._fetch is None or not wanted or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + interval
        try:
            document = json_of(await self._asked(self._fetch, name))
            if document != self._document:
                self._told, self._document = read_document(document, name), document
                self._merge()
        except (UpstreamError, ConfigurationError):
            self._emit(CacheFault("schema"))

    def declare(self, relations: Mapping[str, Declared], *, keys_complete: bool) -> None:
        """Take other declarations: by relation, and whether no foreign key is missing."""
        if (relations, keys_complete) != (self._declared, self._keys_complete):
            self._declared, self._keys_complete = dict(relations), keys_complete
            self._merge()

    def _merge(self) -> None:
        self.schema = declared(self._told, self._declared, keys_complete=self._keys_complete)

    async def _asked(self, fetch: FetchRoot, name: str) -> Answer:
        """A question of the engine's own, counted as one that it added."""
        start, status, size = time.perf_counter(), 0, 0
        try:
            answer = await fetch(name)
            status, size = answer.status, len(answer.body)
            return answer
        finally:
            seconds = time.perf_counter() - start
            call = UpstreamCall(_COUNTED_AS, Operation.READ, status, seconds, 0, size, added=True)
            self._emit(call)
