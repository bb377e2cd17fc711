"""What the tools of every table share: rows of one owner, validated before they are sent."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pydantic import ValidationError

from canvalo.crm.schemas import SHAPES
from canvalo.crm.tables import SCHEMA, Table
from optimizer import (
    batch_delete_records,
    batch_insert_records,
    batch_update_records,
    get_connection_pool,
)

MOST_ROWS = 200
Record = dict[str, Any]


async def find(user_id: str, table: Table, **equal: str | None) -> list[Record]:
    """The user's rows, 200 at most, narrowed by the columns that are given."""
    async with get_connection_pool().get_connection(user_id) as client:
        query = client.schema(SCHEMA).table(table.name).select("*").eq("owner_id", user_id)
        for name, value in equal.items():
            query = query if value is None else query.eq(name, value)
        answer = await query.order(table.ordered[0]).order("id").limit(MOST_ROWS).execute()
    return _rows(answer.data)


async def create(user_id: str, table: Table, **values: Any) -> Record:
    """Insert a row of the user's and return it as stored; ValueError where it is not valid."""
    row = _valid(SHAPES[table].new, {k: v for k, v in values.items() if v is not None})
    async with get_connection_pool().get_connection(user_id) as client:
        rows = client.schema(SCHEMA).table(table.name)
        answer = await rows.insert({**row, "owner_id": user_id}).execute()
    return _rows(answer.data)[0]


async def change(user_id: str, table: Table, key: str, changes: str) -> Record | None:
    """Change the fields named in a JSON object; None where the user has no such row."""
    values = _valid(SHAPES[table].patch, _parsed(changes, dict))
    async with get_connection_pool().get_connection(user_id) as client:
        rows = client.schema(SCHEMA).table(table.name)
        answer = await rows.update(values).eq("id", key).eq("owner_id", user_id).execute()
    return next(iter(_rows(answer.data)), None)


async def remove(user_id: str, table: Table, key: str) -> bool:
    """Delete a row; False where the user has none of that id."""
    async with get_connection_pool().get_connection(user_id) as client:
        rows = client.schema(SCHEMA).table(table.name)
        answer = await rows.delete().eq("id", key).eq("owner_id", user_id).execute()
    return bool(answer.data)


async def create_many(user_id: str, table: Table, data: str) -> Record:
    """Insert the rows of a JSON list in few calls; an outcome for each."""
    rows = [_valid(SHAPES[table].new, row) for row in _parsed(data, list)]
    return _told(await batch_insert_records(table.name, rows, user_id, generate_ids=True))


async def change_many(user_id: str, table: Table, data: str) -> Record:
    """Change the rows of a JSON list of objects with an `id` and what changes."""
    rows = []
    for row in _parsed(data, list):
        if not isinstance(row, dict) or not isinstance(row.get("id"), str):
            raise ValueError("each row must be an object with its id")  # noqa: TRY004 - parsed text
        values = {name: value for name, value in row.items() if name != "id"}
        rows.append({"id": row["id"], **_valid(SHAPES[table].patch, values)})
    return _told(await batch_update_records(table.name, rows, user_id))


async def remove_many(user_id: str, table: Table, ids: str) -> Record:
    """Delete the rows of a JSON list of ids."""
    return _told(await batch_delete_records(table.name, _parsed(ids, list), user_id))


def _parsed(text: str, kind: type) -> Any:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ValueError(f"this is no JSON: {error}") from error
    if not isinstance(found, kind):
        word = "list" if kind is list else "object"
        raise ValueError(f"a JSON {word} is needed")  # noqa: TRY004 - the text is wrong, not its type
    return found


def _valid(shape: Any, values: Any) -> Record:
    """The values as JSON has them; the text of the error names fields, not what was in them."""
    try:
        checked: Record = shape.model_validate(values).model_dump(mode="json", exclude_unset=True)
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ValueError("; ".join(problems)) from None
    return checked


def _rows(data: Any) -> list[Record]:
    return [dict(row) for row in data or ()]


def _told(result: Any) -> Record:
    """A batch's result as plain values."""
    outcomes: Sequence[Any] = result.outcomes
    return {
        "succeeded": result.succeeded,
        "failed": result.failed,
        "calls": result.calls,
        "seconds": result.seconds,
        "outcomes": [{k: v for k, v in asdict(o).items() if v is not None} for o in outcomes],
    }
