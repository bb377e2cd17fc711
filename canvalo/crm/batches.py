"""The batch endpoints of one table: many rows in few calls, and an outcome for each."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, JsonResponse
from ninja import Body, Field, Router, Schema
from pydantic import create_model

from canvalo.crm.auth import token_of
from canvalo.crm.schemas.answers import Batch
from canvalo.crm.schemas.base import Shapes, Strict
from canvalo.crm.tables import SCHEMA, Table
from optimizer import batch_delete_records, batch_insert_records, batch_update_records
from optimizer.domain.chunks import BatchResult, RowOutcome, RowStatus
from optimizer.schemas import told

MOST_ROWS = 1000  # in one request to us; the body's limit is one megabyte besides


class Ids(Strict):
    """Which rows are deleted."""

    ids: Annotated[list[UUID], Field(min_length=1, max_length=MOST_ROWS)]


def add_batches(router: Router, table: Table, shapes: Shapes) -> None:
    """Add `POST`, `PATCH` and `DELETE` of `/batch`; 200 also where some rows were refused."""
    relation, many = f"{SCHEMA}.{table.name}", table.name
    new_rows = _list_of(shapes.new)
    changed_rows = _list_of(_with_id(table, shapes))

    @router.post(
        "/batch",
        operation_id=f"batch_create_{many}",
        summary=f"Create many {many}",
        response=told(Batch),
    )
    async def create_rows(request: HttpRequest, rows: new_rows) -> JsonResponse:  # type: ignore[valid-type]
        """Each row's outcome, in the order sent: done with the row as stored, or refused.

        Each gets its id here, so that none is stored twice where an answer is lost.
        """
        token, sent = token_of(request), _sent(rows)
        made = await batch_insert_records(relation, sent, jwt_token=token, generate_ids=True)
        return _told(made)

    @router.patch(
        "/batch",
        operation_id=f"batch_update_{many}",
        summary=f"Change many {many}",
        response=told(Batch),
    )
    async def update_rows(request: HttpRequest, rows: changed_rows) -> JsonResponse:  # type: ignore[valid-type]
        """Rows named by their `id`; one that is not there, or not the caller's, is skipped."""
        token = token_of(request)
        return _told(await batch_update_records(relation, _sent(rows), jwt_token=token))

    @router.delete(
        "/batch",
        operation_id=f"batch_delete_{many}",
        summary=f"Delete many {many}",
        response=told(Batch),
    )
    async def delete_rows(request: HttpRequest, which: Ids) -> JsonResponse:
        """Rows by their `id`; outcomes hold them as they were."""
        ids, token = [str(key) for key in which.ids], token_of(request)
        return _told(await batch_delete_records(relation, ids, jwt_token=token))


def _list_of(shape: type[Schema]) -> Any:
    """The type of a body that is a list of such rows, not empty and not too long."""
    return Annotated[list[shape], Body(min_length=1, max_length=MOST_ROWS)]  # type: ignore[valid-type,type-arg]


def _with_id(table: Table, shapes: Shapes) -> type[Schema]:
    """A change that names its row."""
    name = f"{table.singular.title()}Change"
    return create_model(name, __base__=shapes.patch, id=(UUID, ...))


def _sent(rows: Sequence[Schema]) -> list[dict[str, Any]]:
    return [row.model_dump(mode="json", exclude_unset=True) for row in rows]


def _told(result: BatchResult) -> JsonResponse:
    return JsonResponse(
        {
            "succeeded": result.succeeded,
            "failed": result.failed,
            "counts": {status.value: result.counts[status] for status in RowStatus},
            "calls": result.calls,
            "calls_avoided": result.calls_avoided,
            "sent_bytes": result.sent_bytes,
            "received_bytes": result.received_bytes,
            "milliseconds": round(result.seconds * 1000, 1),
            "outcomes": [_outcome(outcome) for outcome in result.outcomes],
        }
    )


def _outcome(outcome: RowOutcome) -> dict[str, Any]:
    """What is known of a row; what is not is left out."""
    said = {
        "row": outcome.row,
        "key": outcome.key if outcome.row is None else None,
        "code": outcome.code,
        "message": outcome.message,
        "details": outcome.details,
    }
    known = {name: value for name, value in said.items() if value is not None}
    return {"index": outcome.index, "status": outcome.status.value, **known}
