"""The batch functions that applications call, over the running loop's runtime."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import httpx
from supabase import AsyncClient

from optimizer.batch.operations import BatchOperation, BatchOperationType, Stretch, stretches
from optimizer.batch.writer import KEY, BatchWriter, check_changes, check_keys, check_rows
from optimizer.conf import optimization_settings
from optimizer.domain.answer import Answer
from optimizer.domain.chunks import BatchResult, Row, RowOutcome
from optimizer.domain.folding import Keyed
from optimizer.domain.relation import split_name
from optimizer.errors import BatchError
from optimizer.runtime import current


class _Target:
    """A table as one caller writes to it.

    A user id without a token speaks with the service role, so the owner is filtered here.
    """

    def __init__(self, client: AsyncClient, table: str, owner: str | None) -> None:
        settings = optimization_settings
        self.schema, self.table = split_name(table, settings.default_schema)
        self.relation = f"{self.schema}.{self.table}"
        self._rows = client.schema(self.schema).table(self.table)
        self._owner = {} if owner is None else {settings.owner_column: owner}
        size = settings.batch_max_size if settings.batch_enabled else 1
        self.writer = BatchWriter(size, current().emit)

    def owned(self, rows: Sequence[Row]) -> list[Row]:
        """The rows with their owner; raises BatchError where one names another."""
        for index, row in enumerate(rows):
            for column, owner in self._owner.items():
                if isinstance(row, Mapping) and str(row.get(column, owner)) != owner:
                    raise BatchError(f"row {index}: its {column} is not the caller")
        return [{**row, **self._owner} if isinstance(row, Mapping) else row for row in rows]

    async def insert(self, rows: Sequence[Row]) -> Answer:
        """One bulk insert."""
        return await _send(self._rows.insert([dict(row) for row in rows]))

    async def update(self, piece: Keyed) -> Answer:
        """One PATCH of all rows that change alike."""
        return await _send(self._narrowed(self._rows.update(dict(piece.values or {})), piece))

    async def delete(self, piece: Keyed) -> Answer:
        """One DELETE of all rows."""
        return await _send(self._narrowed(self._rows.delete(), piece))

    def _narrowed(self, query: Any, piece: Keyed) -> Any:
        query = query.in_(KEY, list(piece.keys))
        for column, owner in self._owner.items():
            query = query.eq(column, owner)
        return query


async def batch_insert_records(
    table: str, records: Sequence[Row], user_id: str | None = None, jwt_token: str | None = None
) -> BatchResult:
    """Insert rows in few calls; one outcome for each, in their order.

    Raises BatchError, before anything is sent, where a record is not an object that can be sent.
    """
    async with current().pool.get_connection(user_id, jwt_token) as client:
        target = _Target(client, table, _owner(user_id, jwt_token))
        return await target.writer.insert(target.relation, target.owned(records), target.insert)


async def batch_update_records(
    table: str, records: Sequence[Row], user_id: str | None = None, jwt_token: str | None = None
) -> BatchResult:
    """Change rows, each named by its `id`; equal changes share a call. Never inserts one.

    A row that is not there, or not the caller's, is `skipped`. Raises BatchError as above.
    """
    async with current().pool.get_connection(user_id, jwt_token) as client:
        target = _Target(client, table, _owner(user_id, jwt_token))
        return await target.writer.update(target.relation, records, target.update)


async def batch_delete_records(
    table: str, record_ids: Sequence[Any], user_id: str | None = None, jwt_token: str | None = None
) -> BatchResult:
    """Delete rows by their ids; outcomes hold them as they were, `skipped` those not there."""
    async with current().pool.get_connection(user_id, jwt_token) as client:
        target = _Target(client, table, _owner(user_id, jwt_token))
        return await target.writer.delete(target.relation, record_ids, target.delete)


class Batcher:
    """Carries out mixed lists of operations."""

    async def execute_batch(
        self,
        operations: Sequence[BatchOperation],
        user_id: str | None = None,
        jwt_token: str | None = None,
    ) -> BatchResult:
        """Carry the operations out in their order; one outcome for each row, in input order.

        Neighbours of one kind on one table share their calls. Raises BatchError.
        """
        outcomes: list[RowOutcome] = []
        calls, seconds = 0, 0.0
        parts = list(stretches(operations))
        for part in parts:  # nothing is sent where a later one could not be
            _CHECKS[part.kind](part.rows)
        for stretch in parts:
            result = await _carry_out(stretch, user_id, jwt_token)
            start = len(outcomes)
            outcomes += [replace(o, index=start + o.index) for o in result.outcomes]
            calls, seconds = calls + result.calls, seconds + result.seconds
        return BatchResult(tuple(outcomes), calls, seconds)


_CHECKS = {
    BatchOperationType.INSERT: check_rows,
    BatchOperationType.UPDATE: check_changes,
    BatchOperationType.DELETE: check_keys,
}
_batcher = Batcher()


def get_batcher() -> Batcher:
    """Return the batcher; it holds no state of its own."""
    return _batcher


async def _carry_out(stretch: Stretch, user_id: str | None, token: str | None) -> BatchResult:
    functions = {
        BatchOperationType.INSERT: batch_insert_records,
        BatchOperationType.UPDATE: batch_update_records,
        BatchOperationType.DELETE: batch_delete_records,
    }
    return await functions[stretch.kind](stretch.table, stretch.rows, user_id, token)


def _owner(user_id: str | None, token: str | None) -> str | None:
    return None if token else user_id


async def _send(query: Any) -> Answer:
    """Send a query as supabase-py would, but keep the answer as it is."""
    response = await query.request.send(httpx.Headers())
    return Answer(response.status_code, (), response.content)
