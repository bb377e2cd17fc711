"""Reads and writes of rows as an application makes them: supabase-py by way of the engine."""

import json
import time
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import httpx

from benchmarks.truth import tables
from benchmarks.truth.board import Board
from benchmarks.truth.history import Kind, Mode, Operation, Outcome
from benchmarks.truth.log import Log
from optimizer import supabase_client
from optimizer.errors import CanvaloError, FenceUnavailable, UpstreamUnreachable

TOKEN = "canvalo-token"
_NOT_SENT = (FenceUnavailable, UpstreamUnreachable)
_SPAN = 1_000_000_000  # values of one process; a value is written once


@dataclass(frozen=True, slots=True)
class Asked:
    """An operation that has ended, and the token that its answer carried."""

    operation: Operation
    token: str = ""


class Asker:
    """One process's reads and writes, each of which is logged."""

    def __init__(self, process: int, bearer: str, log: Log, board: Board) -> None:
        self._process = process
        self._bearer = bearer
        self._log = log
        self._board = board
        self._numbers = count(1)

    async def read(
        self, client: int, row: int, mode: Mode, known: tuple[int, str] | None = None
    ) -> Asked:
        """Read a row's value; `known` is a write and its token, by default that on the board."""
        if mode is Mode.TOKEN and known is None:
            known = self._board.get(row)
        begun = self._begin(Kind.READ, client, row, mode, None)
        begun = replace(begun, after=known[0] if known else None)
        return await self._finish(begun, {TOKEN: known[1]} if known else {})

    async def write(self, client: int, row: int, mode: Mode) -> Asked:
        """Write a value of its own into a row."""
        begun = self._begin(Kind.WRITE, client, row, mode, next(self._numbers))
        self._log.write(begun)
        asked = await self._finish(begun, {})
        ended = asked.operation
        if mode is Mode.TOKEN and asked.token and ended.value is not None:
            self._board.put(row, ended.value, asked.token)
        return asked

    def _begin(self, kind: Kind, client: int, row: int, mode: Mode, n: int | None) -> Operation:
        number = next(self._numbers)
        value = None if n is None else self._process * _SPAN + n
        key = tables.key(row, mode)
        now = time.monotonic()
        return Operation(self._process, number, client, kind, mode, key, value, now)

    async def _finish(self, begun: Operation, headers: dict[str, str]) -> Asked:
        try:
            answer = await self._send(begun, headers)
        except (CanvaloError, httpx.HTTPError) as error:
            failed = begun.kind is Kind.READ or isinstance(error, _NOT_SENT)
            outcome = Outcome.FAILED if failed else Outcome.UNKNOWN
            ended = replace(begun, outcome=outcome)
            token = ""
        else:
            ended, token = _ended(begun, answer), answer.headers.get(TOKEN, "")
        ended = replace(ended, returned=_when(ended))
        self._log.write(ended)
        return Asked(ended, token)

    async def _send(self, begun: Operation, headers: dict[str, str]) -> httpx.Response:
        row = begun.row % tables.ROWS
        async with supabase_client(access_token=self._bearer) as client:
            table: Any = client.schema("api").table(tables.name(row, begun.mode))
            written = {"value": begun.value}
            query = table.select("value") if begun.kind is Kind.READ else table.update(written)
            answer: httpx.Response = await query.eq("id", row).request.send(httpx.Headers(headers))
            return answer


def _when(ended: Operation) -> float | None:
    """Now; an unknown outcome is no answer."""
    return None if ended.outcome is Outcome.UNKNOWN else time.monotonic()


def _ended(begun: Operation, answer: httpx.Response) -> Operation:
    if not answer.is_success:
        refused = begun.kind is Kind.READ or answer.status_code < 500
        return replace(begun, outcome=Outcome.FAILED if refused else Outcome.UNKNOWN)
    ended = replace(begun, outcome=Outcome.OK, cache=answer.headers.get("x-cache", ""))
    if begun.kind is Kind.READ:
        return replace(ended, value=json.loads(answer.content)[0]["value"])
    return replace(ended, unfenced="bypass" in answer.headers.get(TOKEN, ""))
