"""What the translator returns: SQL with parameters, and what its one row means."""

from dataclasses import dataclass
from typing import Any

from .catalog.model import Function


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with `$1`, `$2` … for the values; no value of a request is ever in the text."""

    text: str
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Options:
    """The server's settings that decide what is translated."""

    max_rows: int | None = None
    aggregates: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """How a request is carried out.

    `main` returns one row: total (bigint, None unless counted: exactly, or for count=estimated up
    to one more than max_rows), page (bigint: rows in the body), body (text or bytea), headers
    (text: the `response.headers` setting), status (text: the `response.status` setting), location
    (text array `column=eq.value`, None unless one row was inserted and `return=headers-only`),
    inserted (bigint, upserts only: rows that were new).
    `estimate` is an `EXPLAIN (FORMAT JSON)` of the rows without limit, for count=planned|estimated.
    """

    main: Statement
    media: str  # content type of the body
    read_only: bool
    estimate: Statement | None = None
    settings: tuple[tuple[str, str], ...] = ()  # a function's own, to hold for the transaction
    function: Function | None = None  # the one that is called, of all that have its name
