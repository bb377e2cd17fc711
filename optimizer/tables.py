"""One table as one caller writes to it in batches: settings, requests and supabase-py together."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any, TypedDict

import httpx
from supabase import AsyncClient

from optimizer.batch.operations import BatchOperationType
from optimizer.batch.requests import Request, Target
from optimizer.batch.run import Hear
from optimizer.batch.writer import (
    BatchWriter,
    Deleting,
    Inserting,
    Kind,
    Rows,
    Updating,
    Upserting,
)
from optimizer.conf import optimization_settings
from optimizer.domain.answer import Answer
from optimizer.domain.chunks import BatchResult, Entry, Limits, RowOutcome
from optimizer.domain.relation import split_name
from optimizer.errors import BatchError
from optimizer.runtime import current

_HEAD_BYTES = 16_000  # of URL and headers together; Supabase refuses more than 16 KB
_OTHER_HEAD_BYTES = 1_000  # host, path, length, preferences
_LEAST_URL_BYTES = 500


class Options(TypedDict, total=False):
    """What a batch may be told besides its rows."""

    key: str | Sequence[str]
    """Columns that name a row, `id` by default; for inserts and upserts those of a unique index."""
    generate_ids: bool
    """Give each new row without its key a random UUID, so that none can be stored twice."""
    resume: bool
    """Rows to insert may be stored already, by a batch that did not learn their outcome."""
    in_order: bool
    """Send one request after the other, rows never ahead of earlier ones."""
    progress: Hear
    """Called after each answer, with a `Progress`."""


_NONE = Options(key="id", generate_ids=False, resume=False, in_order=False)


def options_of(given: Options) -> Options:
    """The options with their defaults; raises BatchError for one that does not exist."""
    if unknown := sorted(given.keys() - Options.__annotations__.keys()):
        raise BatchError(f"a batch has no option {unknown[0]!r}")
    return {**_NONE, **given}


class TableWriter:
    """Writes rows of a table in one way, as one caller."""

    def __init__(
        self,
        client: AsyncClient,
        kind: BatchOperationType,
        table: str,
        owner: str | None,
        options: Options,
    ) -> None:
        settings = optimization_settings
        schema, name = split_name(table, settings.default_schema)
        owners = {} if owner is None else {settings.owner_column: owner}
        self._client = client
        target = Target(schema, name, owners, settings.default_schema)
        limits = _limits(client.postgrest.headers, options["in_order"])
        self._kind = _KINDS[kind](target, limits, options)
        self._writer = BatchWriter(
            self._send, target, limits, current().emit, options.get("progress")
        )

    @property
    def stopped(self) -> bool:
        """Whether the batch was ended by what no other row could have cured."""
        return self._writer.stopped

    def entries(self, rows: Iterable[Any]) -> list[Entry]:
        """Take rows in, before anything is sent; raises BatchError."""
        return self._writer.entries(self._kind, rows)

    async def carry_out(self, entries: Sequence[Entry]) -> BatchResult:
        """Write rows that were taken in."""
        return await self._writer.carry_out(self._kind, entries)

    def stream(self, rows: Rows) -> AsyncIterator[RowOutcome]:
        """Write rows as they come."""
        return self._writer.stream(self._kind, rows)

    async def _send(self, request: Request) -> Answer:
        """Send a request as this caller's supabase-py client would; the answer as it is."""
        rest = self._client.schema(request.schema)
        headers = httpx.Headers(rest.headers)
        if request.prefer:
            headers["Prefer"] = request.prefer
        if request.body:
            headers["Content-Type"] = "application/json"
        url = str(rest.base_url.joinpath(*request.path.split("/")))
        content = request.body or None
        response = await rest.session.request(
            request.method, url, params=request.params, headers=headers, content=content
        )
        answer = Answer(response.status_code, (), response.content)
        # The stream refers back to its response: both bodies would wait for the garbage collector.
        response.stream = httpx.ByteStream(b"")
        return answer


def _limits(headers: httpx.Headers, in_order: bool) -> Limits:
    """The settings' limits; a URL has the room that the caller's headers leave it."""
    settings = optimization_settings
    taken = sum(len(name) + len(value) + 4 for name, value in headers.raw) + _OTHER_HEAD_BYTES
    return Limits(
        rows=settings.batch_max_size if settings.batch_enabled else 1,
        body_bytes=settings.batch_max_bytes,
        url_bytes=max(_LEAST_URL_BYTES, _HEAD_BYTES - taken),
        total=settings.batch_max_total,
        concurrency=settings.batch_concurrency,
        in_order=in_order,
        patience=settings.batch_patience,
    )


def _inserting(target: Target, limits: Limits, options: Options) -> Kind:
    return Inserting(target, limits, _columns(options), options["generate_ids"], options["resume"])


def _upserting(target: Target, limits: Limits, options: Options) -> Kind:
    return Upserting(target, limits, _columns(options))


def _updating(target: Target, limits: Limits, options: Options) -> Kind:
    return Updating(target, limits, _column(options))


def _deleting(target: Target, limits: Limits, options: Options) -> Kind:
    return Deleting(target, limits, _column(options))


_KINDS: Mapping[BatchOperationType, Callable[[Target, Limits, Options], Kind]] = {
    BatchOperationType.INSERT: _inserting,
    BatchOperationType.UPSERT: _upserting,
    BatchOperationType.UPDATE: _updating,
    BatchOperationType.DELETE: _deleting,
}


def _columns(options: Options) -> tuple[str, ...]:
    key = options["key"]
    columns = (key,) if isinstance(key, str) else tuple(key)
    if options["generate_ids"] and len(columns) != 1:
        raise BatchError("a key that is generated has one column")
    return columns


def _column(options: Options) -> str:
    columns = _columns(options)
    if len(columns) != 1:
        raise BatchError("rows to change or delete are named by one column")
    return columns[0]
