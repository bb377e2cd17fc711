"""The endpoints of one table: thin, each one question to Supabase."""

import time
from typing import Any, cast
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema
from ninja.errors import HttpError

from canvalo.crm import records
from canvalo.crm.answers import first_row, pass_on
from canvalo.crm.auth import SupabaseToken, token_of
from canvalo.crm.batches import add_batches
from canvalo.crm.schemas import Shapes
from canvalo.crm.schemas.answers import ROWS
from canvalo.crm.tables import Table
from optimizer.schemas import told


def routes(table: Table, shapes: Shapes) -> Router:
    """List, get, create, update and delete rows of a table, as the bearer of a Supabase token."""
    router = Router(auth=SupabaseToken(), tags=[table.name])
    add_batches(router, table, shapes)
    _add_reads(router, table, shapes.query)
    _add_writes(router, table, shapes.new, shapes.patch)
    return router


def _add_reads(router: Router, table: Table, asked: type[Schema]) -> None:
    row = ROWS[table]
    many = f"List {table.name}"

    @router.get("", operation_id=f"list_{table.name}", summary=many, response=told(list[row]))  # type: ignore[valid-type]
    async def list_rows(request: HttpRequest, query: Query[asked]) -> HttpResponse:  # type: ignore[valid-type]
        """The caller's rows; `Content-Range` says which of how many."""
        start = time.perf_counter()
        _refuse_unknown(request, asked)
        found = await records.list_page(token_of(request), table, cast(Schema, query).dict())
        return pass_on(request, found, time.perf_counter() - start)

    one = f"Get one {table.singular}"

    @router.get(
        "/{uuid:key}", operation_id=f"get_{table.singular}", summary=one, response=told(row)
    )
    async def get_row(request: HttpRequest, key: UUID) -> HttpResponse:
        """One row; 404 where there is none that the caller may see."""
        start = time.perf_counter()
        found = await records.get(token_of(request), table, key)
        return pass_on(request, found, time.perf_counter() - start)


def _add_writes(router: Router, table: Table, new: type[Schema], patch: type[Schema]) -> None:
    one, row = table.singular, ROWS[table]

    @router.post(
        "", operation_id=f"create_{one}", summary=f"Create one {one}", response=told(row, 201)
    )
    async def create_row(request: HttpRequest, values: new) -> HttpResponse:  # type: ignore[valid-type]
        """The row as stored."""
        start = time.perf_counter()
        made = await records.create(token_of(request), table, _given(values))
        return first_row(made, time.perf_counter() - start, status=201)

    @router.api_operation(
        ["PATCH", "PUT"],
        "/{uuid:key}",
        operation_id=f"update_{one}",
        summary=f"Change one {one}",
        response=told(row),
    )
    async def update_row(
        request: HttpRequest,
        key: UUID,
        values: patch,  # type: ignore[valid-type]
    ) -> HttpResponse:
        """The row as stored; fields that are not named stay as they are."""
        start = time.perf_counter()
        changed = await records.update(token_of(request), table, key, _given(values))
        return first_row(changed, time.perf_counter() - start)

    @router.delete(
        "/{uuid:key}",
        operation_id=f"delete_{one}",
        summary=f"Delete one {one}",
        response=told(row),
    )
    async def delete_row(request: HttpRequest, key: UUID) -> HttpResponse:
        """The row as it was."""
        start = time.perf_counter()
        gone = await records.delete(token_of(request), table, key)
        return first_row(gone, time.perf_counter() - start)


def _refuse_unknown(request: HttpRequest, asked: type[Schema]) -> None:
    """A misspelt filter would otherwise be a list without it."""
    if unknown := sorted(request.GET.keys() - asked.model_fields.keys()):
        raise HttpError(422, f"there is no parameter {unknown[0]!r}")


def _given(values: Any) -> dict[str, Any]:
    """What the caller named, as JSON values."""
    given: dict[str, Any] = values.model_dump(mode="json", exclude_unset=True)
    return given
