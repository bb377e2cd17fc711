"""A list of mixed operations as one batch, in the order in which they were given."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Any

from optimizer.errors import BatchError


class BatchOperationType(StrEnum):
    """What is done to the rows of an operation."""

    INSERT = "insert"
    UPSERT = "upsert"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class BatchOperation:
    """One operation on one row, or on a list of rows.

    `data` is what to insert or upsert; an `id` and what changes; or, to delete, an `id`.
    """

    operation_type: BatchOperationType
    table: str
    data: Any

    @property
    def rows(self) -> list[Any]:
        """The rows, or the ids of those to delete."""
        rows = list(self.data) if isinstance(self.data, list | tuple) else [self.data]
        if self.operation_type is BatchOperationType.DELETE:
            return [row.get("id") if isinstance(row, Mapping) else row for row in rows]
        return rows


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbouring operations of one kind on one table, which share their calls."""

    kind: BatchOperationType
    table: str
    rows: list[Any]


def stretches(operations: Sequence[BatchOperation]) -> Iterator[Stretch]:
    """Join neighbours; what follows another kind or table waits for it, as it was written down."""
    for operation in operations:
        if not isinstance(operation, BatchOperation):
            raise BatchError(f"{operation!r} is no BatchOperation")
    for (kind, table), group in groupby(operations, lambda o: (o.operation_type, o.table)):
        yield Stretch(BatchOperationType(kind), table, [row for op in group for row in op.rows])
