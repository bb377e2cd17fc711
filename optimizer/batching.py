"""The batch functions that applications call, over the running loop's runtime."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Unpack

from optimizer.batch.checks import require_room
from optimizer.batch.operations import BatchOperation, BatchOperationType, stretches
from optimizer.batch.writer import Rows
from optimizer.conf import optimization_settings
from optimizer.domain.chunks import BatchResult, Entry, Row, RowOutcome, joined, not_attempted
from optimizer.runtime import current
from optimizer.tables import Options, TableWriter, options_of

__all__ = [
    "Batcher",
    "batch_delete_records",
    "batch_insert_records",
    "batch_stream",
    "batch_update_records",
    "batch_upsert_records",
    "get_batcher",
]

INSERT, UPSERT = BatchOperationType.INSERT, BatchOperationType.UPSERT
UPDATE, DELETE = BatchOperationType.UPDATE, BatchOperationType.DELETE


async def batch_insert_records(
    table: str,
    records: Sequence[Row],
    user_id: str | None = None,
    jwt_token: str | None = None,
    **options: Unpack[Options],
) -> BatchResult:
    """Insert rows in few calls; one outcome for each, in their order.

    A row that has its `key` (by default an `id`, see `Options`) is stored once, whatever becomes of
    an answer; `generate_ids=True` gives one to each. Raises BatchError, before anything is sent,
    where a record is not an object that can be sent.
    """
    return await _write(INSERT, table, records, user_id, jwt_token, options)


async def batch_upsert_records(
    table: str,
    records: Sequence[Row],
    user_id: str | None = None,
    jwt_token: str | None = None,
    **options: Unpack[Options],
) -> BatchResult:
    """Insert rows, or overwrite in the columns that a record names the row with its `key`.

    Raises BatchError as above, and for a user id without a token unless the owner's column is part
    of the key: it could overwrite another's row.
    """
    return await _write(UPSERT, table, records, user_id, jwt_token, options)


async def batch_update_records(
    table: str,
    records: Sequence[Row],
    user_id: str | None = None,
    jwt_token: str | None = None,
    **options: Unpack[Options],
) -> BatchResult:
    """Change rows, each named by its `key`. Never inserts one.

    Equal changes share a call, and so do different ones where the SQL function is installed. A row
    that is not there, or not the caller's, is `skipped`. Raises BatchError as above.
    """
    return await _write(UPDATE, table, records, user_id, jwt_token, options)


async def batch_delete_records(
    table: str,
    record_ids: Sequence[Any],
    user_id: str | None = None,
    jwt_token: str | None = None,
    **options: Unpack[Options],
) -> BatchResult:
    """Delete rows by their keys; outcomes hold them as they were, `skipped` those not there."""
    return await _write(DELETE, table, record_ids, user_id, jwt_token, options)


async def batch_stream(
    operation_type: BatchOperationType,
    table: str,
    rows: Rows,
    user_id: str | None = None,
    jwt_token: str | None = None,
    **options: Unpack[Options],
) -> AsyncIterator[RowOutcome]:
    """Write rows as an iterator, or an asynchronous one, gives them; outcomes in their order.

    Memory does not grow with their number. A row that cannot be sent is `failed`. Whoever may stop
    early closes it: `async with contextlib.aclosing(batch_stream(…)) as outcomes`.
    """
    async with current().pool.get_connection(user_id, jwt_token) as client:
        owner, asked = _owner(user_id, jwt_token), options_of(options)
        writer = TableWriter(client, operation_type, table, owner, asked)
        async for outcome in writer.stream(rows):
            yield outcome


class Batcher:
    """Carries out mixed lists of operations."""

    async def execute_batch(
        self,
        operations: Sequence[BatchOperation],
        user_id: str | None = None,
        jwt_token: str | None = None,
        **options: Unpack[Options],
    ) -> BatchResult:
        """Carry the operations out in their order; one outcome for each row, in input order.

        Neighbours of one kind on one table share their calls. What no other row could cure (no
        right, no such table, Supabase away) ends the whole list. Raises BatchError.
        """
        parts = list(stretches(operations))
        require_room(sum(len(part.rows) for part in parts), optimization_settings.batch_max_total)
        asked = options_of(options)
        async with current().pool.get_connection(user_id, jwt_token) as client:
            owner = _owner(user_id, jwt_token)
            writers = [TableWriter(client, part.kind, part.table, owner, asked) for part in parts]
            # Nothing is sent where a later part could not be.
            steps = [(w, w.entries(part.rows)) for w, part in zip(writers, parts, strict=True)]
            return joined([result async for result in _carried_out(steps)])


_batcher = Batcher()


def get_batcher() -> Batcher:
    """Return the batcher; it holds no state of its own."""
    return _batcher


async def _carried_out(
    steps: Sequence[tuple[TableWriter, Sequence[Entry]]],
) -> AsyncIterator[BatchResult]:
    stopped = False
    for writer, entries in steps:
        if stopped:
            yield not_attempted(entries)
        else:
            yield await writer.carry_out(entries)
            stopped = writer.stopped


async def _write(
    kind: BatchOperationType,
    table: str,
    rows: Sequence[Any],
    user_id: str | None,
    token: str | None,
    options: Options,
) -> BatchResult:
    async with current().pool.get_connection(user_id, token) as client:
        writer = TableWriter(client, kind, table, _owner(user_id, token), options_of(options))
        return await writer.carry_out(writer.entries(rows))


def _owner(user_id: str | None, token: str | None) -> str | None:
    """A user id without a token speaks with the service role, so the owner is filtered here."""
    return None if token else user_id
