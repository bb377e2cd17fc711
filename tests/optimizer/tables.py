"""A table as PostgREST shows it to a batch, for tests of what goes over the wire and when."""

import json

from optimizer.batch.requests import Target
from optimizer.batch.writer import BatchWriter, Inserting
from optimizer.domain.answer import Answer
from optimizer.domain.chunks import Limits


class Table:
    """Stores rows whose `n` is not bad, all of a call or none, as PostgREST does."""

    def __init__(self, bad=(), error=(400, "23514", "violates check")):
        self.bad = set(bad)
        self.error = error
        self.stored = []
        self.calls = []
        self.says = {}  # which answer or error is given to the n-th call instead

    async def __call__(self, request):
        rows = json.loads(request.body)
        self.calls.append([row["n"] for row in rows])
        instead = self.says.get(len(self.calls))
        if isinstance(instead, BaseException):
            raise instead
        if instead is not None:
            return instead
        if any(row["n"] in self.bad for row in rows):
            return refusal(*self.error)
        self.stored += [row["n"] for row in rows]
        return answer([{**row, "id": f"id-{row['n']}"} for row in rows], 201)


def answer(body, status):
    """An answer whose body is JSON."""
    return Answer(status, (), json.dumps(body).encode())


def refusal(status, code, message):
    """PostgREST's error object."""
    return answer({"code": code, "message": message, "details": "about it", "hint": None}, status)


def numbered(count):
    """So many rows."""
    return [{"n": n} for n in range(count)]


def writer(table, size=4, emit=lambda _: None, **limits):
    """Writes in chunks of this size, one after the other."""
    told = {"in_order": True, "patience": 0, **limits}
    return BatchWriter(table, Target("api", "contacts"), Limits(rows=size, **told), emit)


async def insert(table, rows, size=4, emit=lambda _: None, **limits):
    """Insert rows."""
    made = writer(table, size, emit, **limits)
    return await made.write(Inserting(made.target, made.limits, ["id"]), rows)


def statuses(result):
    """What became of each row, in order."""
    assert [outcome.index for outcome in result.outcomes] == list(range(len(result.outcomes)))
    return [outcome.status for outcome in result.outcomes]
