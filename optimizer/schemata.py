"""What is known of the database: PostgREST's root document, and what was declared beside it."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

from optimizer.counting import Measured
from optimizer.domain.answer import Answer, Call
from optimizer.domain.facts import CacheFault, Emit, Operation
from optimizer.domain.grain.outlines import outlines, rested_on
from optimizer.domain.grain.schema import Declared, Routine, Schema
from optimizer.domain.openapi import declared, read_document
from optimizer.errors import CacheUnavailable, ConfigurationError, UpstreamError
from optimizer.upstream.exchange import json_of

logger = logging.getLogger(__name__)
FetchRoot = Callable[[str], Awaitable[Answer]]  # schema → the document's answer
Agree = Callable[[Mapping[str, str], Collection[str]], Awaitable[None]]
NOTHING: Mapping[str, Routine] = {}
_SOON = 5.0  # s until the next look where Valkey could not be told
_COUNTED_AS = "(schema)"  # under which the engine's own questions are counted


async def _alone(outlines: Mapping[str, str], rested_on: Collection[str]) -> None:
    """There is no other process."""


class Schemata:
    """Holds the schema of one process; `schema` is the same object until something changes.

    Without a secret key the document is not shown: then relations are told apart, nothing finer. It
    is not asked for before somebody could use it: an embed was read, or something was declared.

    It is used once `agree` has told all processes. Whatever may be outdated, because an epoch began
    or because tags rest on more than before, is forgotten until it is learnt anew.
    """

    def __init__(
        self,
        fetch: FetchRoot | None,
        emit: Emit,
        agree: Agree = _alone,
        epoch: Callable[[], str] = str,
    ) -> None:
        self.schema = Schema()
        self._agree = agree
        self._epoch = epoch
        self._learnt_in = ""
        self._refused = ""  # why the document could not be read, when last looked at
        self._fetch = fetch
        self._emit = emit
        self._document: Any = None
        self._told = Schema()
        self._declared: Mapping[str, Declared] = {}
        self._routines: Mapping[str, Routine] = {}
        self._keys_complete = False
        self._wanted = False
        self._next = 0.0
        self._looking = asyncio.Lock()

    def want(self) -> None:
        """Say that the document would be of use."""
        self._wanted = True

    async def refresh(self, name: str, interval: float) -> None:
        """Look at the document of one schema, where it is wanted and `interval` s have passed.

        What cannot be read leaves what was known. Who comes while somebody looks waits for that.
        """
        async with self._looking:
            await self._look(name, interval)

    async def _look(self, name: str, interval: float) -> None:
        if self._epoch() != self._learnt_in:
            self._forget()
        fetch = self._fetch
        if fetch is None or not self._is_wanted or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + interval
        call = Call(lambda: fetch(name))
        ask = Measured(self._emit, _COUNTED_AS, Operation.READ, call, added=True)
        try:
            document = json_of(await ask())
            if document != self._document:
                await self._learn(read_document(document, name))
                self._document = document
            self._refused = ""
        except (UpstreamError, ConfigurationError) as error:
            self._emit(CacheFault("schema"))
            self._tell(str(error))
        except CacheUnavailable:
            self._emit(CacheFault("schema"))
            self._next = time.monotonic() + min(interval, _SOON)

    def declare(
        self,
        relations: Mapping[str, Declared],
        routines: Mapping[str, Routine] = NOTHING,
        *,
        keys_complete: bool,
    ) -> None:
        """Take other declarations: by relation and function, and whether no foreign key is missing.

        Where tags rest on more than before, other processes may know another schema.
        """
        new = (relations, routines, keys_complete)
        if new != (self._declared, self._routines, self._keys_complete):
            before = rested_on(self.schema)
            self._declared, self._routines = dict(relations), dict(routines)
            self._keys_complete = keys_complete
            self._merge()
            if not rested_on(self.schema) <= before:
                self._forget()

    def _tell(self, why: str) -> None:
        """Log it once, until it is another reason or has worked in between."""
        if why != self._refused:
            logger.warning(
                "the tables cannot be learnt (%s): until then embeds are not cached and writes end "
                "more than they must. Is SUPABASE_SERVICE_ROLE_KEY right?",
                why,
            )
        self._refused = why

    @property
    def _is_wanted(self) -> bool:
        fine = any(one.sources is not None for one in self._declared.values())
        return self._wanted or self._keys_complete or fine

    async def _learn(self, told: Schema) -> None:
        schema = self._with_declarations(told)
        await self._agree(outlines(schema), rested_on(schema))
        self._told, self.schema, self._learnt_in = told, schema, self._epoch()

    def _forget(self) -> None:
        self._told, self._document, self._next = Schema(), None, 0.0
        self._learnt_in = self._epoch()
        self._merge()

    def _merge(self) -> None:
        self.schema = self._with_declarations(self._told)

    def _with_declarations(self, told: Schema) -> Schema:
        return declared(told, self._declared, self._routines, keys_complete=self._keys_complete)
