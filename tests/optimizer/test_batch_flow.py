"""How a batch goes: calls side by side, progress, limits, rows that come as a stream."""

import asyncio
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.batch.writer import Inserting
from optimizer.domain.chunks import RowStatus
from optimizer.domain.facts import BatchFlushed
from optimizer.errors import BatchError
from tests.optimizer.tables import Table, insert, numbered, refusal, statuses, writer

DONE, FAILED, LEFT = RowStatus.DONE, RowStatus.FAILED, RowStatus.NOT_ATTEMPTED


@given(st.integers(0, 300), st.integers(1, 130), st.sets(st.integers(0, 299), max_size=20))
def test_the_search_for_bad_rows_takes_no_more_calls_than_promised(count, size, bad):
    """n/s + 2·b·⌈log₂ s⌉ + 1, wherever they are."""
    bad = {n for n in bad if n < count}
    result = asyncio.run(insert(Table(bad), numbered(count), size, in_order=False))
    assert statuses(result) == [FAILED if n in bad else DONE for n in range(count)]
    assert result.calls <= count / size + 2 * len(bad) * math.ceil(math.log2(size)) + 1


class Counting(Table):
    """Holds every call until so many are under way, and notes the most that were."""

    def __init__(self, together):
        super().__init__()
        self.together = together
        self.now = self.most = 0
        self.gate = asyncio.Event()

    async def __call__(self, request):
        if self.stored:  # the first goes alone
            self.now += 1
            self.most = max(self.most, self.now)
            if self.now == self.together:
                self.gate.set()
            await self.gate.wait()
            self.now -= 1
        return await super().__call__(request)


async def test_calls_go_side_by_side_within_the_bound():
    """The first alone, then three at once; outcomes stay in order."""
    table = Counting(3)
    result = await insert(table, numbered(40), in_order=False, concurrency=3)
    assert statuses(result) == [DONE] * 40
    assert [outcome.row["n"] for outcome in result.outcomes] == list(range(40))
    assert (table.most, result.calls) == (3, 10)


async def test_what_no_other_cut_can_cure_costs_one_call_also_side_by_side():
    """It shows before others are sent."""
    table = Table({0}, (401, "PGRST303", "JWT expired"))
    result = await insert(table, numbered(100), in_order=False)
    assert len(table.calls) == 1
    assert statuses(result) == [FAILED] * 4 + [LEFT] * 96


@pytest.mark.thorough
@pytest.mark.parametrize(("count", "times"), [(2, 3), (9, 6)])
async def test_a_deadlock_is_nobody_s_fault_and_tried_again(count, times):
    """Rows are refused for good only when it does not end."""
    table = Table()
    table.says = {n: refusal(409, "40P01", "deadlock detected") for n in range(1, count + 1)}
    result = await insert(table, numbered(1))
    assert statuses(result) == [DONE if count == 2 else FAILED]
    assert len(table.calls) == times


async def test_progress_is_told_after_each_answer():
    """How far, of how many, with how many calls."""
    heard = []
    made = writer(Table({5}))
    made.hear = heard.append
    await made.write(Inserting(made.target, made.limits, ["id"]), numbered(10))
    assert [(p.settled, p.done) for p in heard] == [(4, 4), (5, 5), (6, 5), (8, 7), (10, 9)]
    assert {p.total for p in heard} == {10}
    assert [p.calls for p in heard] == [1, 4, 5, 6, 7]


async def test_bytes_are_counted():
    """Of bodies, both ways."""
    result = await insert(Table(), numbered(2))
    assert result.sent_bytes == len(b'[{"n":0},{"n":1}]')
    assert result.received_bytes > result.sent_bytes


async def test_too_many_rows_or_bytes_are_refused_before_anything_is_sent():
    """With what to do about it."""
    table = Table()
    with pytest.raises(BatchError, match=r"101 rows .* stream them"):
        await insert(table, numbered(101), total=100)
    with pytest.raises(BatchError, match="row 1 has 24 bytes"):
        await insert(table, [{"n": 1}, {"n": "0123456789abcdef"}], body_bytes=20)
    assert table.calls == []


async def streamed(table, rows, **limits):
    """The outcomes of a stream."""
    made = writer(table, **limits)
    return [one async for one in made.stream(Inserting(made.target, made.limits, ["id"]), rows)]


async def test_a_stream_yields_its_outcomes_in_order_and_refuses_single_rows(facts):
    """Nobody can check rows that have not come yet."""

    async def rows():
        for n in range(50):
            yield "no row" if n == 7 else {"n": n}

    table = Table({9})
    outcomes = await streamed(table, rows(), emit=facts)
    assert [one.index for one in outcomes] == list(range(50))
    assert [one.index for one in outcomes if one.status is not DONE] == [7, 9]
    assert "row 7" in outcomes[7].message
    (fact,) = facts.of(BatchFlushed)
    assert (fact.rows, fact.failed, fact.calls) == (50, 2, len(table.calls))


async def test_a_stream_holds_few_rows():
    """No more are taken in than a few requests hold, before outcomes come out."""
    taken = []

    def rows():
        for n in range(10_000):
            taken.append(n)
            yield {"n": n}

    made = writer(Table(), size=10, in_order=False, concurrency=2)
    outcomes = made.stream(Inserting(made.target, made.limits, ["id"]), rows())
    ahead = [len(taken) - one.index async for one in outcomes]
    assert max(ahead) <= 10 * 2 * 2 + 1


async def test_a_stream_goes_on_after_the_end_with_rows_not_attempted():
    """Each row has an outcome, however many come."""
    table = Table({0}, (404, "PGRST205", "no such table"))
    outcomes = await streamed(table, iter(numbered(200)))
    assert [one.status for one in outcomes] == [FAILED] * 4 + [LEFT] * 196
    assert len(table.calls) == 1
