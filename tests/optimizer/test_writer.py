"""The batch writer: one outcome a row, the bad rows alone refused, and no row stored twice."""

import asyncio
import datetime

import pytest

from optimizer.domain.answer import Answer
from optimizer.domain.chunks import RowStatus
from optimizer.domain.facts import BatchFlushed, Operation
from optimizer.errors import (
    BatchError,
    FenceUnavailable,
    OutcomeUnknown,
    PoolFull,
    UpstreamUnreachable,
)
from tests.optimizer.tables import Table, answer, insert, numbered, refusal, statuses

DONE, FAILED, UNKNOWN = RowStatus.DONE, RowStatus.FAILED, RowStatus.UNKNOWN
SKIPPED, LEFT = RowStatus.SKIPPED, RowStatus.NOT_ATTEMPTED


async def test_good_rows_go_in_full_chunks_and_come_back_as_stored():
    """Ten rows of one kind are three calls."""
    table = Table()
    result = await insert(table, numbered(10))
    assert table.calls == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert statuses(result) == [DONE] * 10
    assert [outcome.row["id"] for outcome in result.outcomes] == [f"id-{n}" for n in range(10)]
    assert (result.succeeded, result.failed, result.calls) == (10, 0, 3)


@pytest.mark.parametrize("bad", [{0}, {3}, {7}, {0, 3}, {1, 2, 5}, set(range(8))], ids=str)
async def test_bad_rows_are_found_and_cost_no_other_its_place(bad):
    """Each bad row has PostgREST's own words; each good row is stored once."""
    table = Table(bad)
    result = await insert(table, numbered(8), size=8)
    assert statuses(result) == [FAILED if n in bad else DONE for n in range(8)]
    assert sorted(table.stored) == [n for n in range(8) if n not in bad]
    for n in bad:
        outcome = result.outcomes[n]
        said = (outcome.code, outcome.message, outcome.details)
        assert said == ("23514", "violates check", "about it")
    assert result.calls == len(table.calls) <= 2 * 8


async def test_one_bad_row_in_a_hundred_takes_few_calls():
    """Halving, not trying one by one."""
    table = Table({42})
    result = await insert(table, numbered(100), size=100)
    assert result.succeeded == 99
    assert result.calls <= 15


async def test_rows_of_several_kinds_go_apart_and_come_back_in_order():
    """No column is written that a row did not name."""
    table = Table({2})
    rows = [{"n": 0}, {"n": 1, "name": "x"}, {"n": 2}, {"n": 3, "name": None}]
    result = await insert(table, rows)
    assert statuses(result) == [DONE, DONE, FAILED, DONE]
    assert result.outcomes[3].row == {"n": 3, "name": None, "id": "id-3"}


@pytest.mark.parametrize(
    "error",
    [
        (401, "PGRST303", "JWT expired"),
        (403, "42501", "permission denied for table contacts"),
        (404, "PGRST205", "no such table"),
        (400, "PGRST204", "no such column"),
        (400, "42703", "column does not exist"),
        (429, None, "too many requests"),
        (400, "42P10", "no unique or exclusion constraint matching the ON CONFLICT"),
    ],
)
async def test_what_no_other_cut_can_cure_stops_the_batch(error):
    """One call tells it; the rest is not sent."""
    table = Table({0}, error)
    result = await insert(table, numbered(10))
    assert statuses(result) == [FAILED] * 4 + [LEFT] * 6
    assert len(table.calls) == 1
    assert result.outcomes[0].message == error[2]


@pytest.mark.parametrize("status", [401, 403])
async def test_a_row_that_a_policy_refuses_costs_no_other_its_place(status):
    """It has the code of a missing right, but it is the row's own fault."""
    said = 'new row violates row-level security policy for table "contacts"'
    table = Table({1}, (status, "42501", said))
    result = await insert(table, numbered(8))
    assert statuses(result) == [DONE, FAILED] + [DONE] * 6


@pytest.mark.parametrize("status", [401, 403, 404, 429])
async def test_a_row_that_a_trigger_refuses_costs_no_other_its_place(status):
    """`raise sqlstate 'PT403'` chooses the status of a missing right."""
    table = Table({1}, (status, f"PT{status}", "this one not"))
    result = await insert(table, numbered(8))
    assert statuses(result) == [DONE, FAILED] + [DONE] * 6


@pytest.mark.parametrize(
    ("status", "code"), [(503, "PGRST000"), (503, "PGRST002"), (504, "PGRST003")]
)
async def test_while_postgrest_has_no_connection_rows_wait(status, code):
    """Nothing was carried out: it restarts, reads its schema anew, or its pool is exhausted."""
    table = Table()
    table.says = dict.fromkeys((1, 2, 4), refusal(status, code, "Retrying."))
    result = await insert(table, numbered(8))
    assert statuses(result) == [DONE] * 8
    assert table.stored == list(range(8))


@pytest.mark.parametrize(
    "lost",
    [
        OutcomeUnknown("no answer"),
        Answer(504, (), b"<html>gateway time-out</html>"),
        Answer(520, (), b""),
        answer({"code": 502, "message": "bad gateway"}, 502),
        refusal(503, "57P01", "terminating connection"),
        refusal(503, "08006", "connection failure"),
        refusal(503, "PGRST001", "connection lost"),
        refusal(500, "PGRST111", "response.headers guc must be a JSON array"),
        refusal(500, "PGRST112", "response.status guc must be a valid status code"),
        Answer(200, (), b"<html>please sign in</html>"),
        answer({"n": 4}, 200),
    ],
)
async def test_what_may_have_been_stored_is_unknown_and_not_sent_again(lost):
    """A second attempt would store it twice; the other chunks are sent."""
    table = Table()
    table.says[2] = lost
    result = await insert(table, numbered(10))
    assert statuses(result) == [DONE] * 4 + [UNKNOWN] * 4 + [DONE] * 2
    assert len(table.calls) == 3
    assert result.outcomes[4].message


async def test_a_statement_that_took_too_long_is_cut_in_two():
    """The database said that nothing was stored, and half may be quick enough."""
    table = Table()
    table.says[1] = refusal(500, "57014", "canceling statement due to statement timeout")
    result = await insert(table, numbered(4))
    assert statuses(result) == [DONE] * 4
    assert table.calls == [[0, 1, 2, 3], [0, 1], [2, 3]]


@pytest.mark.parametrize(
    "error", [UpstreamUnreachable("refused"), FenceUnavailable("refused"), PoolFull("refused")]
)
async def test_what_never_left_ends_the_batch_without_losing_what_was_done(error):
    """The caller still learns which rows are stored."""
    table = Table()
    table.says[2] = error
    result = await insert(table, numbered(10))
    assert statuses(result) == [DONE] * 4 + [LEFT] * 6
    assert result.outcomes[4].message == "refused"
    assert len(table.calls) == 2


async def test_rows_that_a_trigger_leaves_out_are_not_called_done():
    """Nothing stored of a chunk is skipped; a part of it is unknown, for nobody says which."""
    table = Table()
    table.says = {1: answer([], 201), 2: answer([{"n": 4}], 201)}
    result = await insert(table, numbered(10))
    assert statuses(result) == [SKIPPED] * 4 + [UNKNOWN] * 4 + [DONE] * 2
    assert "1 of the 4" in result.outcomes[5].message


async def test_an_answer_without_rows_is_done_without_rows():
    """`return=minimal` shows none."""
    table = Table()
    table.says[1] = Answer(201, (), b"")
    result = await insert(table, numbered(3))
    assert [(o.status, o.row) for o in result.outcomes] == [(DONE, None)] * 3


@pytest.mark.parametrize(
    "row",
    ["a", 1, None, ["n"], {"n": object()}, {"n": datetime.date(2026, 1, 1)}, {"n": float("nan")}],
    ids=str,
)
async def test_what_is_no_json_object_is_refused_before_anything_is_sent(row):
    """Not halfway, when a part is stored already."""
    table = Table()
    with pytest.raises(BatchError, match="row 6"):
        await insert(table, [*numbered(6), row])
    assert table.calls == []


async def test_no_rows_are_no_call():
    """And an empty result."""
    table = Table()
    result = await insert(table, [])
    assert (result.outcomes, result.calls, table.calls) == ((), 0, [])


async def test_a_batch_is_told_once_with_what_it_took(facts):
    """Rows, failures and calls, as the figures count them."""
    table = Table({1})
    await insert(table, numbered(4), emit=facts)
    (fact,) = facts.of(BatchFlushed)
    assert (fact.relation, fact.operation) == ("api.contacts", Operation.INSERT)
    assert (fact.rows, fact.failed, fact.calls) == (4, 1, len(table.calls))
    assert fact.undone == {"failed": 1}
    assert fact.received_bytes > 0
    assert fact.sent_bytes > 4 * len(b'{"n":0}')
    assert fact.seconds > 0


async def test_calls_that_could_not_leave_are_none(facts):
    """Of ten rows four are stored by the one call that was made."""
    table = Table()
    table.says[2] = PoolFull("9 wait")
    await insert(table, numbered(10), emit=facts)
    (fact,) = facts.of(BatchFlushed)
    assert (fact.rows, fact.calls, fact.undone) == (10, 1, {"not_attempted": 6})


async def test_a_cancelled_batch_ends_at_once(facts):
    """The error goes through; nothing more is sent, and what was done is told."""
    table = Table()
    table.says[2] = asyncio.CancelledError()
    with pytest.raises(asyncio.CancelledError):
        await insert(table, numbered(12), emit=facts)
    assert len(table.calls) == 2
    (fact,) = facts.of(BatchFlushed)
    assert (fact.rows, fact.failed, fact.calls) == (4, 0, 2)
