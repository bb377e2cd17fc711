"""Chunks → PostgREST requests, as values; sending them is somebody else's work."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from optimizer.domain.answer import Answer
from optimizer.domain.chunks import Chunk, Entry, Key
from optimizer.domain.language.quoting import column_name, quoted
from optimizer.errors import BatchError
from optimizer.sql import FUNCTION

_RETURN = "return=representation"


@dataclass(frozen=True, slots=True)
class Request:
    """One request for PostgREST: the path below its root, and the schema that it speaks of."""

    method: str
    schema: str
    path: str
    params: tuple[tuple[str, str], ...] = ()
    prefer: str = ""
    body: bytes = b""


Send = Callable[[Request], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Target:
    """A table, and whose rows of it are spoken of.

    `owner` is a filter that holds besides the keys: for a caller whom no policy keeps in bounds.
    """

    schema: str
    table: str
    owner: Mapping[str, str] = field(default_factory=dict)
    function_schema: str = ""  # where the function for updates is, if not in the table's schema

    @property
    def relation(self) -> str:
        """Its whole name."""
        return f"{self.schema}.{self.table}"

    def owned(self, index: int, row: Any) -> Any:
        """A new row with its owner; raises BatchError where it names another."""
        self.require_own(index, row)
        return {**row, **self.owner} if isinstance(row, Mapping) else row

    def require_own(self, index: int, row: Any) -> None:
        """Raise BatchError where a row would be given to somebody else."""
        for column, owner in self.owner.items():
            if isinstance(row, Mapping) and str(row.get(column, owner)) != owner:
                raise BatchError(f"row {index}: its {column} is not the caller")

    def insert(
        self, chunk: Chunk, resolution: str = "", on_conflict: Sequence[str] = ()
    ) -> Request:
        """One bulk insert; with a resolution, what to do about rows that are there already."""
        columns = chunk.columns
        params = [("columns", ",".join(map(quoted, columns)))] if columns else []
        params += [("on_conflict", ",".join(map(quoted, on_conflict)))] if on_conflict else []
        prefer = f"{_RETURN},resolution={resolution}" if resolution else _RETURN
        return self._request("POST", tuple(params), prefer, chunk.body)

    def update(self, chunk: Chunk, key: Sequence[str]) -> Request:
        """One PATCH of rows that change alike."""
        return self._request("PATCH", self._filter(chunk, key), _RETURN, chunk.entries[0].body)

    def delete(self, chunk: Chunk, key: Sequence[str]) -> Request:
        """One DELETE of all rows."""
        return self._request("DELETE", self._filter(chunk, key), _RETURN)

    def ask(self, chunk: Chunk, key: Sequence[str]) -> Request:
        """Which of these rows are there."""
        return self._request("GET", (("select", "*"), *self._filter(chunk, key)))

    def update_each(self, chunk: Chunk, key: str) -> Request:
        """One call of the function that gives each row values of its own."""
        owner = next(iter(self.owner.items()), (None, None))
        told = {
            "schema_name": self.schema,
            "table_name": self.table,
            "key_column": key,
            "value_columns": chunk.columns,
            "owner_column": owner[0],
            "owner": owner[1],
        }
        changes = b",".join(_with_key(entry, key) for entry in chunk.entries)
        body = b'%b,"changes":[%b]}' % (json.dumps(told).encode()[:-1], changes)
        schema = self.function_schema or self.schema
        return Request("POST", schema, f"rpc/{FUNCTION}", body=body)

    def _request(
        self, method: str, params: tuple[tuple[str, str], ...], prefer: str = "", body: bytes = b""
    ) -> Request:
        return Request(method, self.schema, self.table, params, prefer, body)

    def _filter(self, chunk: Chunk, key: Sequence[str]) -> tuple[tuple[str, str], ...]:
        keys = [entry.key for entry in chunk.entries if entry.key is not None]
        owner = ((column_name(name), f"eq.{value}") for name, value in self.owner.items())
        return (_named(keys, key), *owner)


def _named(keys: Sequence[Key], columns: Sequence[str]) -> tuple[str, str]:
    """The filter for rows with these keys: `in`, or for keys of several columns an or-tree."""
    names = list(map(column_name, columns))
    if len(names) == 1:
        return names[0], f"in.({','.join(quoted(key[0]) for key in keys)})"
    rows = (",".join(f"{n}.eq.{quoted(v)}" for n, v in zip(names, k, strict=True)) for k in keys)
    return "or", f"({','.join(f'and({row})' for row in rows)})"


def _with_key(entry: Entry, key: str) -> bytes:
    named = json.dumps({key: (entry.key or ("",))[0]}, ensure_ascii=False).encode()
    return named[:-1] + b"," + entry.body[1:]
